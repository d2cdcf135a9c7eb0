/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XDP programs are called through a dispatcher, code that the kernel writes anew whenever a program comes or
 * goes: by an attachment, and for a test run as well, 20 ms each time and none of it the program's
 * (kernel/bpf/dispatcher.c; docs/performance.md). A program that is attached somewhere stays in it.
 * So: devices in a network namespace of this process, over which nothing ever goes.
 */
#ifndef TESTS_BENCH_PARKING_H
#define TESTS_BENCH_PARKING_H

#include <stddef.h>

/* The dispatcher takes 48 programs. */
#define PARKING_MOST 32u

/*
 * Makes the namespace and its devices; this process stays in it. Negative, with a line on standard error,
 * where that isn't possible: then figures are only noisier, and come later.
 */
int parking_open(void);

/* Parks a program, if it is one of XDP, is not parked yet and there is room. */
void parking_put(int program);

/* All leave. Programs that are gone must have left before. */
void parking_clear(void);

#endif
