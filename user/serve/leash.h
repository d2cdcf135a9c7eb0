/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that ends with the one that made it, however stuck it is. That one may send no signals
 * any more: the kernel does, when an end of a pipe is closed, as it is at any end of a process.
 */
#ifndef USER_SERVE_LEASH_H
#define USER_SERVE_LEASH_H

#include <sys/types.h>

/* Before the fork. [0] is for who is led, [1] for who leads; 0 or negative errno. */
int leash_make(int ends[2]);

/*
 * In the one that is led, while it may do as it likes: SIGKILL when the other end is closed. 0 or
 * negative errno.
 */
int leash_take(int end);

/*
 * In the other one: a second to end by itself, then SIGKILL, and a second more. It may stand in the
 * kernel for longer: nobody waits.
 */
void leash_end(int end, pid_t led);

#endif
