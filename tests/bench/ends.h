/* SPDX-License-Identifier: GPL-2.0-only */
/* Namespaces, processors and the kernel's counters, for what measures between two ends of a wire. */
#ifndef TESTS_BENCH_ENDS_H
#define TESTS_BENCH_ENDS_H

#include <stdint.h>

/* Prints what failed and errno, and exits with 1. */
__attribute__((noreturn)) void ends_fail(const char *what);

/* Enters the namespace that `ip netns` knows by this name; it has to be one. */
void ends_enter(const char *netns);

/* Stays on this processor from now on; with fewer of them, on none in particular. */
void ends_pin(int cpu);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t ends_now(void);

/*
 * The same less the time in which others had the processor: for what never sleeps. Unlike CPU time it has the
 * softirqs in it that ran in the caller's place, on every kernel.
 */
uint64_t ends_worked(void);

/*
 * A file below /proc/self/net, of the namespace that the caller is in now, to be read from any other: a descriptor
 * for ends_received() and ends_reached(). Exits where it can't be opened.
 */
int ends_open(const char *name);

/* Of /proc/net/dev: packets that an interface has received, by XDP, too. */
uint64_t ends_received(int fd, const char *interface);

/* Of /proc/net/snmp: datagrams that came as far as UDP, whether there was a socket or not. */
uint64_t ends_reached(int fd);

#endif
