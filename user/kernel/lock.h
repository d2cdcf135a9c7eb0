/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two edgegates that change something wait for each other: flock, which ends with its holder, however
 * that ends. The file's text is only what people are told; nothing is decided by it.
 */
#ifndef USER_KERNEL_LOCK_H
#define USER_KERNEL_LOCK_H

#include <stdbool.h>

#include "user/base/diag.h"

#define LOCK_PATIENCE_MS 2000u /* until somebody is told that we wait */
#define LOCK_WHO_SIZE 320

/* How the lock is asked for. */
struct lock_wish {
	const char *what; /* is to be done: "apply to eth0" */
	bool no_wait;     /* fail at once where somebody holds it */
	/* Told once, after LOCK_PATIENCE_MS: who holds it ("pid 7, since 10:02:11: edgegate ..."), or
	 * "" where that can't be seen. Never NULL where it waits. */
	void (*waits)(const char *what, const char *who);
};

/* A descriptor that holds the lock until closed. -EWOULDBLOCK with --no-wait, or another negative errno. */
int lock_take(const struct lock_wish *wish, struct diags *diags);

#endif
