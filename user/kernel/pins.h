/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a gate is pinned: a folder below /sys/fs/bpf/edgegate, named after the gate's first interface;
 * outside the first network namespace in a folder of the namespace's cookie. A name of bpffs has no
 * dot, an interface's may: it is written ':', which no interface has in its name.
 *
 *	edgegate/eth0/                               the gate on eth0
 *	edgegate/network-namespace-7/eth0.5 -> eth0:5
 *	edgegate/unfinished-gate-eth0/               one that was being made when its maker was killed
 */
#ifndef USER_KERNEL_PINS_H
#define USER_KERNEL_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/diag.h"

#define PINS_BPFFS "/sys/fs/bpf"
#define PINS_ROOT PINS_BPFFS "/edgegate"
#define PINS_PATH_SIZE 256
#define PINS_STAMP "stamp" /* the pin that makes a folder a gate */

/*
 * Refuses where pins would die with a mount namespace, /sys/fs/bpf not being process 1's, and who may not
 * make any; mounts nothing, and no bpffs is fine. `what` is being done.
 */
int pins_check(const char *what, struct diags *diags);

/* After pins_check(): mounts a bpffs on /sys/fs/bpf where it is missing, with a note in `diags`. */
int pins_prepare(const char *what, struct diags *diags);

/* The folder of a gate. `cookie` is the network namespace's. */
void pins_gate(char path[PINS_PATH_SIZE], uint64_t cookie, const char *interface);
void pins_unfinished(char path[PINS_PATH_SIZE], uint64_t cookie, const char *interface);

/*
 * Renames a gate's folder to that of an unfinished one, so that nobody takes it for a gate while it is taken
 * apart. 0 or a negative errno.
 */
int pins_unfinish(const char *directory, char unfinished[PINS_PATH_SIZE]);

/* `directory`/`name`, where `name` may be a printf format. */
void pins_path(char path[PINS_PATH_SIZE], const char *directory, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* Whose network namespace a folder is for; 1: the first. */
uint64_t pins_cookie(const char *directory);

/* A folder's place as a label: "eth0", "netns-COOKIE/eth0"; a finished gate's or not. */
void pins_label(const char *directory, char label[PINS_PATH_SIZE]);

/* Makes the folder and those above it. 0 or negative errno. */
int pins_make(const char *directory);

/* Takes away a folder and all pins in it. What isn't there is fine. 0 or negative errno. */
int pins_remove(const char *directory);

/* Takes away the folders above a gate's that are empty now, up to edgegate's own. */
void pins_remove_empty(const char *directory);

/* Pins `fd`, in place of what is pinned there. 0 or negative errno. */
int pins_put(int fd, const char *path);

/* Calls `each` for every gate's folder, finished or not; stops at a non-zero result and returns it. */
int pins_each(int (*each)(const char *directory, bool finished, void *data), void *data);

#endif
