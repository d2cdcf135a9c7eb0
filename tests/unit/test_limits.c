/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no test run can bring about in bpf/limits.h: another CPU between two steps, and a kernel that has no
 * entry to give. The maps are this file's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static void *fake_lookup(const void *map, const void *key);
static long fake_update(const void *map, const void *key, const void *value, uint64_t flags);

#define bpf_map_lookup_elem fake_lookup
#define bpf_map_update_elem fake_update
#define bpf_ktime_get_ns() 1000000000ull
typedef void parse_context;
#include "bpf/limits.h"

static __u32 parse_length(parse_context *context)
{
	(void)context;
	return 0;
}

static long parse_load(parse_context *context, __u32 at, void *to, __u32 size)
{
	(void)context, (void)at, (void)to, (void)size;
	return -1;
}

#define SLOT 7u
#define NOW (1000000000ull * LIMIT_TICKS)
#define INTERVAL (1000000ull * LIMIT_TICKS)

/* One rule's bucket, and at most one source's. */
static struct {
	uint64_t of_rule, of_source;
	bool has_source;
	bool refuses;        /* an entry for the source */
	uint64_t in_between; /* what another CPU makes it just before; 0: none does */
	unsigned int updates;
} maps;

static void *fake_lookup(const void *map, const void *key)
{
	if (map == &limits && *(const uint32_t *)key == SLOT)
		return &maps.of_rule;
	if (map == &limit_sources && maps.has_source)
		return &maps.of_source;
	return NULL;
}

static long fake_update(const void *map, const void *key, const void *value, uint64_t flags)
{
	(void)key;
	assert_ptr_equal(map, &limit_sources);
	assert_int_equal(flags, BPF_NOEXIST);
	maps.updates++;
	if (maps.refuses)
		return -ENOMEM;
	if (maps.in_between) {
		maps.of_source = maps.in_between;
		maps.has_source = true;
		return -EEXIST;
	}
	memcpy(&maps.of_source, value, sizeof(maps.of_source));
	maps.has_source = true;
	return 0;
}

/* A UDP packet to the rule, whose limit has this burst. */
static uint32_t judge(unsigned int burst, uint32_t flags)
{
	static struct packet packet = { .family = 4, .protocol = IPPROTO_UDP };

	memory.generations[0].extras[SLOT] = (struct rule_extra){
		.interval = INTERVAL,
		.tolerance = (burst - 1) * INTERVAL,
		.flags = flags,
	};
	return limits_judge(&packet, 0, SLOT, DIRECTION_IN);
}

static int empty_maps(void **state)
{
	(void)state;
	memset(&maps, 0, sizeof(maps));
	return 0;
}

static void a_source_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(judge(2, EXTRA_PER_SOURCE), OUTCOME_UNDECIDED);
	assert_int_equal(maps.of_source, NOW + INTERVAL);
	assert_int_equal(judge(2, EXTRA_PER_SOURCE), OUTCOME_UNDECIDED);
	assert_int_equal(judge(2, EXTRA_PER_SOURCE), OUTCOME_DROP_RATE_LIMIT);
	assert_int_equal(maps.updates, 1);
	assert_int_equal(maps.of_rule, 0);
}

/* Another CPU's packet of the same source made the bucket in the meantime: this one takes from it. */
static void two_make_one_bucket(void **state)
{
	(void)state;
	maps.in_between = NOW + INTERVAL;
	assert_int_equal(judge(2, EXTRA_PER_SOURCE), OUTCOME_UNDECIDED);
	assert_int_equal(maps.of_source, NOW + 2 * INTERVAL);
	assert_int_equal(judge(2, EXTRA_PER_SOURCE), OUTCOME_DROP_RATE_LIMIT);
	empty_maps(state);
	maps.in_between = NOW + INTERVAL;
	assert_int_equal(judge(1, EXTRA_PER_SOURCE), OUTCOME_DROP_RATE_LIMIT);
	assert_int_equal(maps.of_source, NOW + INTERVAL);
}

/* No entry: neither no limit at all nor no packet at all, but a bucket that such packets share. */
static void without_an_entry_the_rules(void **state)
{
	(void)state;
	maps.refuses = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(judge(3, EXTRA_PER_SOURCE), OUTCOME_UNDECIDED);
	assert_int_equal(judge(3, EXTRA_PER_SOURCE), OUTCOME_DROP_RATE_LIMIT);
	assert_int_equal(maps.of_rule, NOW + 3 * INTERVAL);
	maps.refuses = false;
	assert_int_equal(judge(3, EXTRA_PER_SOURCE), OUTCOME_UNDECIDED);
	assert_int_equal(maps.of_source, NOW + INTERVAL);
}

/* A CPU that read the clock before it was held up finds a bucket ahead of it, and leaves it alone. */
static void a_clock_that_is_behind(void **state)
{
	const uint64_t empty = 2 * INTERVAL, second = 1000000000ull * LIMIT_TICKS;

	(void)state;
	maps.of_rule = NOW + empty + second;
	assert_int_equal(judge(2, 0), OUTCOME_DROP_RATE_LIMIT);
	assert_int_equal(maps.of_rule, NOW + empty + second);
	maps.of_rule++;
	assert_int_equal(judge(2, 0), OUTCOME_DROP_RATE_LIMIT);
	assert_int_equal(maps.of_rule, NOW + empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_source_has_its_own, empty_maps),
		cmocka_unit_test_setup(two_make_one_bucket, empty_maps),
		cmocka_unit_test_setup(without_an_entry_the_rules, empty_maps),
		cmocka_unit_test_setup(a_clock_that_is_behind, empty_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
