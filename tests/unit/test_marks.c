/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no test run can bring about in bpf/marks.h: a CPU that stands still between the clock and a word,
 * while epochs go by. The clock and the map are this file's. docs/decisions/005-flow-marks.md has why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static void *fake_lookup(const void *map, const void *key);
static uint64_t fake_jiffies(void);

#define bpf_map_lookup_elem fake_lookup
#define bpf_jiffies64 fake_jiffies
typedef void parse_context;
#include "bpf/marks.h"

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

/* An epoch is a jiffy here, and there is one entry: the knobs are 0. */
static struct flow_marks entry;
static const uint64_t *clock_shows; /* one after the other; the last one stays */

static void *fake_lookup(const void *map, const void *key)
{
	if (map == &flow_marks && *(const uint32_t *)key == 0)
		return &entry;
	return NULL;
}

static uint64_t fake_jiffies(void)
{
	uint64_t now = *clock_shows;

	if (clock_shows[1])
		clock_shows++;
	return now;
}

/* What it shows first, and from then on; 0: the same. */
static void clock_set(uint64_t first, uint64_t then)
{
	static uint64_t shown[3];

	shown[0] = first;
	shown[1] = then;
	clock_shows = shown;
}

#define HASH 0u /* its bit is the first */
#define BIT 1ull
#define OTHER 0x100ull
#define WORD(epoch, bits) ((uint64_t)(epoch) << MARKS_EPOCH_SHIFT | (bits))

static void a_mark_is_found_for_two_epochs(void **state)
{
	(void)state;
	memset(&entry, 0, sizeof(entry));
	clock_set(10, 0);
	assert_false(marks_may_have(HASH));
	marks_set(HASH);
	assert_int_equal(entry.words[0], WORD(10, BIT));
	assert_true(marks_may_have(HASH));
	clock_set(11, 0);
	assert_true(marks_may_have(HASH));
	clock_set(12, 0);
	assert_false(marks_may_have(HASH));
}

/* Its word was taken over by the next epoch but one; the bit that it looks for is of that one. */
static void a_reader_that_stood_still_does_not_say_no(void **state)
{
	(void)state;
	entry = (struct flow_marks){ { WORD(12, BIT), 0 } };
	clock_set(10, 12);
	assert_true(marks_may_have(HASH));
	/* also where the bit isn't there: it can't know */
	entry.words[0] = WORD(12, OTHER);
	clock_set(10, 12);
	assert_true(marks_may_have(HASH));
	clock_set(12, 0);
	assert_false(marks_may_have(HASH));
}

/* It read the clock two epochs ago: the word is of a newer one, and must not be set back. */
static void a_writer_that_stood_still_takes_nothing_back(void **state)
{
	(void)state;
	entry = (struct flow_marks){ { WORD(12, OTHER), 0 } };
	clock_set(10, 12);
	marks_add(HASH);
	assert_int_equal(entry.words[0], WORD(12, OTHER | BIT));
}

static void the_first_of_an_epoch_takes_the_word_over(void **state)
{
	(void)state;
	entry = (struct flow_marks){ { WORD(10, OTHER), WORD(11, OTHER) } };
	clock_set(12, 0);
	marks_set(HASH);
	assert_int_equal(entry.words[0], WORD(12, BIT));
	assert_int_equal(entry.words[1], WORD(11, OTHER));
	/* and the second adds to it */
	entry.words[0] = WORD(12, OTHER);
	marks_set(HASH);
	assert_int_equal(entry.words[0], WORD(12, OTHER | BIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_found_for_two_epochs),
		cmocka_unit_test(a_reader_that_stood_still_does_not_say_no),
		cmocka_unit_test(a_writer_that_stood_still_takes_nothing_back),
		cmocka_unit_test(the_first_of_an_epoch_takes_the_word_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
