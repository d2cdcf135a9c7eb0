/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many packets a limit lets pass, and when, on the set clock (spec 3.6): the burst at once, then one
 * each 1/rate; over any time, rate x time + burst and not one more. And what an apply leaves of a bucket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define JIFFY (1000000000ull / PROG_HZ) /* nanoseconds */
#define DAY (86400ull * PROG_HZ)        /* jiffies */
#define IN "in udp PEER:4000 > HOST:53"
#define OUT "out udp HOST:4000 > PEER:53"

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open(&prog, false);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* Rules `dns-in` and `dns-out` with this limit. */
static void apply(struct prog *told, const char *limit)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "policy: buckets\n"
		 "rules:\n"
		 "  - {name: dns-in, direction: in, protocol: udp, ports: 53, limit: {%s}}\n"
		 "  - {name: dns-out, direction: out, protocol: udp, ports: 53, limit: {%s}}\n",
		 limit, limit);
	prog_policy(told, text);
}

/* 50/s is a token each 5 jiffies. */
static void tell_one_each(struct prog *told)
{
	for (int out = 0; out < 2; out++) {
		const char *words = out ? OUT : IN, *rule = out ? "dns-out" : "dns-in";

		assert_int_equal(prog_offer(told, words, 4, rule), 4);
		assert_int_equal(prog_offer(told, words, 10, rule), 1);
		for (int i = 0; i < 3; i++) {
			told->now += 4;
			assert_int_equal(prog_offer(told, words, 10, rule), 0);
			told->now += 1;
			assert_int_equal(prog_offer(told, words, 10, rule), 1);
		}
		/* what isn't asked for is saved, up to the burst */
		told->now += 3 * 5 + 4;
		assert_int_equal(prog_offer(told, words, 10, rule), 3);
		told->now += 5 * 5;
		assert_int_equal(prog_offer(told, words, 10, rule), 5);
		told->now += 6 * 5;
		assert_int_equal(prog_offer(told, words, 10, rule), 5);
		told->now += 365 * DAY;
		assert_int_equal(prog_offer(told, words, 10, rule), 5);
	}
}

static void the_burst_then_one_each(void **state)
{
	static const char *const pers[] = { "rate: 50/s, burst: 5",
					    "rate: 50/s, burst: 5, per: rule",
					    "rate: 50/s, burst: 5, per: source",
					    "rate: 3000/m, burst: 5" };

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(pers); i++) {
		apply(&prog, pers[i]);
		prog_tell(&prog, tell_one_each);
	}
}

/* More than there are tokens, again and again each `step` jiffies: all that there are pass. */
static void expect_exact(const char *limit, uint64_t rate, uint64_t seconds, uint64_t burst,
			 unsigned int step, unsigned int steps)
{
	uint64_t each = step * JIFFY * rate / (seconds * 1000000000ull) + 2, passed;

	apply(&prog, limit);
	prog_reset(&prog);
	prog.hooks[DIRECTION_IN] = PROG_TC; /* where many at once cost least to ask for */
	passed = prog_offer(&prog, IN, (unsigned int)burst + 1, "dns-in");
	assert_int_equal(passed, burst);
	for (uint64_t i = 1; i <= steps; i++) {
		prog.now += step;
		passed += prog_offer(&prog, IN, (unsigned int)each, "dns-in");
		if (passed != burst + i * step * JIFFY * rate / (seconds * 1000000000ull))
			fail_msg("%s: %llu packets after %llu jiffies", limit,
				 (unsigned long long)passed, (unsigned long long)(i * step));
	}
}

static void rates_that_no_jiffy_divides(void **state)
{
	(void)state;
	expect_exact("rate: 300/s, burst: 10", 300, 1, 10, 1, 2000);
	expect_exact("rate: 3/s, burst: 2", 3, 1, 2, 1, 2000);
	expect_exact("rate: 7/m", 7, 60, 1, 1, 10000);
	expect_exact("rate: 119/m, burst: 3", 119, 60, 3, 1, 5000);
	expect_exact("rate: 999/s, burst: 5", 999, 1, 5, 1, 2000);
	expect_exact("rate: 6400/s, burst: 100", 6400, 1, 100, 1, 2000);
}

static void a_long_time(void **state)
{
	(void)state;
	/* two hours, two days, a month */
	expect_exact("rate: 300/s", 300, 1, 300, PROG_HZ - 1, 7229);
	expect_exact("rate: 7/m, burst: 10", 7, 60, 10, 77 * PROG_HZ, 2245);
	expect_exact("rate: 1/m, burst: 43200", 1, 60, 43200, 1440 * 60 * PROG_HZ, 30);
}

static void bursts_that_go_without_saying(void **state)
{
	static const struct {
		const char *limit;
		unsigned int burst;
	} rows[] = {
		{ "rate: 5/s", 5 },           { "rate: 1/s", 1 },
		{ "rate: 7/m", 1 },           { "rate: 60/m", 1 },
		{ "rate: 119/m", 1 },         { "rate: 120/m", 2 },
		{ "rate: 5/s, burst: 1", 1 }, { "rate: 1/m, burst: 77", 77 },
	};

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		apply(&prog, rows[i].limit);
		prog_reset(&prog);
		assert_int_equal(prog_offer(&prog, IN, 100, "dns-in"), rows[i].burst);
		prog.now += 10 * DAY;
		assert_int_equal(prog_offer(&prog, IN, 100, "dns-in"), rows[i].burst);
	}
}

/* The most that a policy may say, on a machine that is up for thirty years. */
static void the_most_of_all(void **state)
{
	(void)state;
	apply(&prog, "rate: 10000000/s, burst: 10000000");
	prog_reset(&prog);
	prog.now = 30 * 365 * DAY;
	assert_int_equal(prog_offer(&prog, IN, 10000001, "dns-in"), 10000000);
	prog.now += 1;
	assert_int_equal(prog_offer(&prog, IN, 40001, "dns-in"), 40000);
	apply(&prog, "rate: 1/m, burst: 43200");
	prog_reset(&prog);
	prog.now = 30 * 365 * DAY;
	assert_int_equal(prog_offer(&prog, IN, 43201, "dns-in"), 43200);
	prog.now += 30 * DAY - 1;
	assert_int_equal(prog_offer(&prog, IN, 43201, "dns-in"), 43199);
	prog.now += 1;
	assert_int_equal(prog_offer(&prog, IN, 43201, "dns-in"), 1);
}

/* ---- clocks ------------------------------------------------------------------------------------ */

static void tell_clock(struct prog *told)
{
	uint64_t begin = told->now;

	/* it stands still: there is the burst, and no more */
	assert_int_equal(prog_offer(told, IN, 100, "dns-in"), 5);
	assert_int_equal(prog_offer(told, IN, 1000, "dns-in"), 0);
	/* it goes back a little: nothing, until it is where it was */
	told->now = begin - 5;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
	told->now = begin + 4;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
	told->now = begin + 5;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 1);
	/* by more than a second: the bucket is an empty one from then on */
	told->now = begin - 3600 * PROG_HZ;
	begin = told->now;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
	told->now = begin + 4;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
	told->now = begin + 5;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 1);
	told->now += 5 * 5;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 5);
}

static void clocks_that_stand_or_go_back(void **state)
{
	(void)state;
	apply(&prog, "rate: 50/s, burst: 5");
	prog_tell(&prog, tell_clock);
	apply(&prog, "rate: 50/s, burst: 5, per: source");
	prog_tell(&prog, tell_clock);
}

/* ---- generations ------------------------------------------------------------------------------- */

/* A bucket is the rule's by its name, as its counters are, and outlives the policy. */
static void tell_apply(struct prog *told)
{
	apply(told, "rate: 50/s, burst: 5");
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 5);
	apply(told, "rate: 50/s, burst: 5");
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
	told->now += 5;
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 1);
	/* a rule of another name has its own, a full one */
	prog_policy(told, "policy: renamed\n"
			  "rules:\n"
			  "  - {name: dns-renamed, direction: in, protocol: udp, ports: 53,\n"
			  "     limit: {rate: 50/s, burst: 5}}\n");
	assert_int_equal(prog_offer(told, IN, 10, "dns-renamed"), 5);
	/* back, and the time in between was time as well */
	told->now += 10;
	prog_rollback(told);
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 2);
	/* without a limit nothing is asked, and nothing taken */
	prog_policy(told, "policy: unlimited\n"
			  "rules:\n"
			  "  - {name: dns-in, direction: in, protocol: udp, ports: 53}\n");
	assert_int_equal(prog_offer(told, IN, 100, "dns-in"), 100);
	prog_rollback(told);
	assert_int_equal(prog_offer(told, IN, 10, "dns-in"), 0);
}

static void an_apply_keeps_the_bucket(void **state)
{
	(void)state;
	prog_tell(&prog, tell_apply);
}

/* With another limit, what the bucket lacks stays as time; but it lacks no more than all. */
static void tell_other_limit(struct prog *told)
{
	/* 10 ms are little of 5 minutes */
	apply(told, "rate: 1000/s, burst: 10");
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 10);
	apply(told, "rate: 1/m, burst: 5");
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 4);
	/* nearly five minutes are more than a second: empty */
	apply(told, "rate: 50/s, burst: 5");
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 0);
	told->now += 4;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 0);
	told->now += 1;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 1);
	told->now += 100;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 5);
	/* what lacks no more than that second is waited for */
	apply(told, "rate: 10/s, burst: 10");
	told->now += 10 * PROG_HZ;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 10);
	apply(told, "rate: 1000/s, burst: 1");
	told->now += PROG_HZ - 1;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 0);
	told->now += 1;
	assert_int_equal(prog_offer(told, IN, 20, "dns-in"), 1);
}

static void another_limit_takes_the_bucket_over(void **state)
{
	(void)state;
	prog_tell(&prog, tell_other_limit);
}

/* A month's debt is not waited for. */
static void a_higher_rate_is_soon_had(void **state)
{
	(void)state;
	prog_reset(&prog);
	apply(&prog, "rate: 1/m, burst: 43200");
	assert_int_equal(prog_offer(&prog, IN, 50000, "dns-in"), 43200);
	apply(&prog, "rate: 100/s");
	assert_int_equal(prog_offer(&prog, IN, 10, "dns-in"), 0);
	prog.now += 2;
	assert_int_equal(prog_offer(&prog, IN, 10, "dns-in"), 0);
	prog.now += 1;
	assert_int_equal(prog_offer(&prog, IN, 10, "dns-in"), 1);
	prog.now += PROG_HZ;
	assert_int_equal(prog_offer(&prog, IN, 1000, "dns-in"), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_burst_then_one_each),
		cmocka_unit_test(rates_that_no_jiffy_divides),
		cmocka_unit_test(a_long_time),
		cmocka_unit_test(bursts_that_go_without_saying),
		cmocka_unit_test(the_most_of_all),
		cmocka_unit_test(clocks_that_stand_or_go_back),
		cmocka_unit_test(an_apply_keeps_the_bucket),
		cmocka_unit_test(another_limit_takes_the_bucket_over),
		cmocka_unit_test(a_higher_rate_is_soon_had),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
