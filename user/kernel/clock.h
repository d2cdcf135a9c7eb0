/* SPDX-License-Identifier: GPL-2.0-only */
/* How many jiffies make a second: programs keep time in jiffies, and nothing tells what HZ is. */
#ifndef USER_KERNEL_CLOCK_H
#define USER_KERNEL_CLOCK_H

#include <stdint.h>

/* Measured with a small program. 0 or negative errno. */
int clock_measure(uint32_t *hz);

/* Jiffies now. 0 or negative errno. */
int clock_jiffies(uint64_t *jiffies);

/*
 * Asks once: from then on clock_jiffies() reckons, without the right to load or run a program, and is at most a tick or two
 * behind. 0 or negative errno.
 */
int clock_keep(void);

/* The same for who asks often: a program, as a descriptor to be closed or a negative errno, and what it says. */
int clock_open(void);
int clock_read(int program, uint64_t *jiffies);

#endif
