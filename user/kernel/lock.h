/* SPDX-License-Identifier: GPL-2.0-only */
/* Two edgegates that change something wait for each other: flock, which ends with its holder. */
#ifndef USER_KERNEL_LOCK_H
#define USER_KERNEL_LOCK_H

#include "user/base/diag.h"

/* Waits for the lock. Returns a descriptor that holds it until closed, or a negative errno. */
int lock_take(const char *what, struct diags *diags);

#endif
