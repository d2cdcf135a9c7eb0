/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one clock: jiffies, because they cost nothing (0.1-0.4 ns; a ktime call costs 25, coarse ktime
 * 2: docs/performance.md). How many make a second is measured by the loader.
 */
#ifndef BPF_CLOCK_H
#define BPF_CLOCK_H

#include <stdbool.h>
#include "bpf/maps.h"

/* Knobs, fixed at load. 0 jiffies a second would let every flow end at once: fail closed. */
const volatile __u32 clock_hz = 0;
const volatile bool testing = false;

static __always_inline struct testrun *clock_testrun(void)
{
	if (testing) {
		__u32 key = 0;

		return bpf_map_lookup_elem(&testrun, &key);
	}
	return NULL;
}

/* A test can send every packet the long way, to see that both ways agree. */
static __always_inline bool clock_long_way(void)
{
	struct testrun *test = clock_testrun();

	return test && test->flags & TESTRUN_LONG_WAY;
}

/* Jiffies, or what the test says. */
static __always_inline __u64 clock_now(void)
{
	struct testrun *test = clock_testrun();

	return test ? test->now : bpf_jiffies64();
}

#define CLOCK_NANOSECONDS 1000000000ull

/* Nanoseconds, for what jiffies are too coarse; 25 ns a call, so only limits ask. */
static __always_inline __u64 clock_now_ns(void)
{
	struct testrun *test = clock_testrun();

	if (test)
		return clock_hz ? test->now * (CLOCK_NANOSECONDS / clock_hz) : 0;
	return bpf_ktime_get_ns();
}

/* Milliseconds since boot, suspended or not (Linux 5.8): asked for only while a deadline stands. */
static __always_inline __u64 clock_boot_ms(void)
{
	struct testrun *test = clock_testrun();

	if (test)
		return clock_hz ? test->now * 1000 / clock_hz : 0;
	return bpf_ktime_get_boot_ns() / (CLOCK_NANOSECONDS / 1000);
}

#endif
