/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who meets a payload class, in which order, and what a mismatch leaves behind: spec 3.3, 3.6, 3.7.
 * Which bytes are of the class is in test_payload.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog_payload.h"

#define RULE OUTCOME_RULE
#define REPLY OUTCOME_REPLY
#define PAYLOAD OUTCOME_DROP_PAYLOAD
#define NO_RULE OUTCOME_DROP_NO_RULE
#define RATE_LIMIT OUTCOME_DROP_RATE_LIMIT

/* Text: its first byte is no class's. */
#define TEXT " data=x68656c6c6f"
#define MEDIA " data=x80a5a5a5"

#define HELD "     payload: {class: udp-media, mode: enforce}}\n"
#define SEEN "     payload: {class: udp-media, mode: observe}}\n"

static const char policy[] =
	"policy: payload\n"
	"groups: {peer: [198.51.100.7, \"2001:db8:f::7\"]}\n"
	"rules:\n"
	"  - {name: held-out, direction: out, protocol: udp, ports: 3478,\n" HELD
	"  - {name: seen-out, direction: out, protocol: udp, ports: 3479,\n" SEEN
	"  - {name: held-in, direction: in, protocol: udp, ports: 3480,\n" HELD
	"  - {name: peer-in, direction: in, protocol: udp, ports: 3481, from: peer,\n" HELD
	"  - {name: other-in, direction: in, protocol: udp, ports: 3481}\n"
	"  - {name: limited-in, direction: in, protocol: udp, ports: 3482,\n"
	"     limit: {rate: 1/m, burst: 1},\n" HELD
	"  - {name: counted-in, direction: in, protocol: udp, ports: 3483,\n"
	"     limit: {rate: 1/m, burst: 1},\n" SEEN
	"  - {name: either-out, direction: out, protocol: udp, ports: 50000, port-of: either,\n" HELD
	/* what the host asks from there is answered there */
	"  - {name: both-in, direction: in, protocol: udp, ports: 40001,\n" HELD;

static struct prog prog;

static int open_policy(void **state)
{
	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, policy);
	return 0;
}

static int close_policy(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* ---- who is asked ------------------------------------------------------------------------------ */

static void replies_are_not_asked(struct prog *tell)
{
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" MEDIA, RULE, "held-out", 0);
	payload_expect(tell, "in udp PEER:3478 > HOST:40000" TEXT, REPLY, "held-out", 0);
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" MEDIA, RULE, "seen-out", 0);
	payload_expect(tell, "in udp PEER:3479 > HOST:40000" TEXT, REPLY, "seen-out", 0);
	/* a service's answer */
	payload_expect(tell, "out udp HOST:3480 > PEER:40000" TEXT, REPLY, "held-in", 0);
}

static void replies(void **state)
{
	(void)state;
	prog_tell(&prog, replies_are_not_asked);
}

/* In the rule's own direction a flow is no way around it. */
static void a_flow_is_asked(struct prog *tell)
{
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" TEXT, PAYLOAD, NULL, 1);
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" MEDIA, RULE, "held-out", 0);
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" TEXT, PAYLOAD, NULL, 1);
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" TEXT, RULE, "seen-out", 1);
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" TEXT, RULE, "seen-out", 1);
	/* nor is what would be a reply, where an in rule takes it first */
	payload_expect(tell, "out udp HOST:40001 > PEER:3478" MEDIA, REPLY, "both-in", 0);
	payload_expect(tell, "in udp PEER:3478 > HOST:40001" TEXT, PAYLOAD, NULL, 1);
}

static void flows(void **state)
{
	(void)state;
	prog_tell(&prog, a_flow_is_asked);
}

static void a_rule_by_either_port_is_asked(void **state)
{
	static const struct payload_case cases[] = {
		{ "out udp HOST:9 > PEER:50000" TEXT, PAYLOAD, NULL, 1 },
		{ "out udp HOST:9 > PEER:50000" MEDIA, RULE, "either-out", 0 },
		{ "out udp HOST:50000 > PEER:9" TEXT, PAYLOAD, NULL, 1 },
		{ "out udp HOST:50000 > PEER:9" MEDIA, RULE, "either-out", 0 },
	};

	(void)state;
	payload_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* The first rule that matches takes it: a mismatch doesn't go on to the next one. */
static void the_first_rule_has_the_say(void **state)
{
	static const struct payload_case cases[] = {
		{ "in udp PEER:9 > HOST:3481" TEXT, PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3481" MEDIA, RULE, "peer-in", 0 },
		{ "in udp OTHER:9 > HOST:3481" TEXT, RULE, "other-in", 0 },
	};

	(void)state;
	payload_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* The one rule of a direction whose mismatches grew since `was`, by place among its first slots. */
static size_t rule_that_grew(const struct rule_count *was, const struct rule_count *now,
			     size_t count)
{
	size_t grew = count;

	for (size_t i = 0; i < count; i++) {
		if (now[i].payload_mismatches == was[i].payload_mismatches)
			continue;
		assert_int_equal(grew, count);
		grew = i;
	}
	assert_true(grew < count);
	return grew;
}

/* A rule's mismatches are its own; what was only observed is its packet too. */
static void each_rule_has_its_count(void **state)
{
	struct rule_count was[32], *in = prog.rules, *out = in + RULE_SLOTS_PER_DIRECTION;
	size_t slot;

	(void)state;
	prog_reset(&prog);
	memcpy(was, in, sizeof(was));
	payload_expect(&prog, "in udp PEER:9 > HOST:3480" TEXT, PAYLOAD, NULL, 1);
	slot = rule_that_grew(was, in, PROG_COUNT(was));
	assert_int_equal(in[slot].forward.packets, was[slot].forward.packets);

	memcpy(was, out, sizeof(was));
	payload_expect(&prog, "out udp HOST:9 > PEER:3479" TEXT, RULE, "seen-out", 1);
	slot = rule_that_grew(was, out, PROG_COUNT(was));
	assert_int_equal(out[slot].forward.packets - was[slot].forward.packets,
			 out[slot].payload_mismatches - was[slot].payload_mismatches);
}

/* ---- what it leaves behind --------------------------------------------------------------------- */

static void a_mismatch_begins_no_flow(struct prog *tell)
{
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" TEXT, PAYLOAD, NULL, 1);
	assert_int_equal(prog_flows(tell), 0);
	payload_expect(tell, "in udp PEER:3478 > HOST:40000" MEDIA, NO_RULE, NULL, 0);
	/* one that is only counted does */
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" TEXT, RULE, "seen-out", 1);
	assert_int_equal(prog_flows(tell), 1);
	payload_expect(tell, "in udp PEER:3479 > HOST:40000" TEXT, REPLY, "seen-out", 0);
}

static void a_mismatch_refreshes_no_flow(struct prog *tell)
{
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" MEDIA, RULE, "held-out", 0);
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" MEDIA, RULE, "seen-out", 0);
	prog_wait(tell, 299);
	payload_expect(tell, "out udp HOST:40000 > PEER:3478" TEXT, PAYLOAD, NULL, 1);
	payload_expect(tell, "out udp HOST:40000 > PEER:3479" TEXT, RULE, "seen-out", 1);
	/* and ends none */
	payload_expect(tell, "in udp PEER:3478 > HOST:40000" MEDIA, REPLY, "held-out", 0);
	prog_wait(tell, 2);
	payload_expect(tell, "in udp PEER:3478 > HOST:40000" MEDIA, NO_RULE, NULL, 0);
	payload_expect(tell, "in udp PEER:3479 > HOST:40000" MEDIA, REPLY, "seen-out", 0);
}

static void what_a_mismatch_leaves(void **state)
{
	(void)state;
	prog_tell(&prog, a_mismatch_begins_no_flow);
	prog_tell(&prog, a_mismatch_refreshes_no_flow);
}

/* In monitor mode all is counted and kept as if it were dropped; only it isn't (prog_run() looks). */
static void monitor_mode(void **state)
{
	(void)state;
	prog_reset(&prog);
	prog_mode(&prog, MODE_MONITOR);
	prog_tell(&prog, a_mismatch_begins_no_flow);
	prog_tell(&prog, a_mismatch_refreshes_no_flow);
	payload_expect(&prog, "in udp PEER:9 > HOST:3480 FIRST id=7 data=0", PAYLOAD, NULL, 1);
	payload_expect(&prog, "in 17 PEER > HOST LATER=8 id=7 data=x00", OUTCOME_DROP_FRAGMENT,
		       NULL, 0);
	prog_mode(&prog, MODE_ENFORCE);
}

/* ---- order ------------------------------------------------------------------------------------- */

/* Buckets are those of the rules, and stay: each part begins when they are full again. */
static void payload_comes_before_limit(void **state)
{
	static unsigned int seconds;

	(void)state;
	for (unsigned int hook = PROG_XDP; hook <= PROG_TC; hook <<= 1) {
		prog_reset(&prog);
		prog.hooks[DIRECTION_IN] = hook;
		prog.ways = PROG_LONG;
		seconds += 600;
		prog_wait(&prog, seconds);
		/* what is dropped for its payload takes no token, and finding none is not its reason */
		payload_expect(&prog, "in udp PEER:9 > HOST:3482" TEXT, PAYLOAD, NULL, 1);
		payload_expect(&prog, "in udp PEER:9 > HOST:3482" MEDIA, RULE, "limited-in", 0);
		payload_expect(&prog, "in udp PEER:9 > HOST:3482" TEXT, PAYLOAD, NULL, 1);
		payload_expect(&prog, "in udp PEER:9 > HOST:3482" MEDIA, RATE_LIMIT, NULL, 0);
		/* what is only counted takes one, and is counted where there is none */
		payload_expect(&prog, "in udp PEER:9 > HOST:3483" TEXT, RULE, "counted-in", 1);
		payload_expect(&prog, "in udp PEER:9 > HOST:3483" TEXT, RATE_LIMIT, NULL, 1);
	}
	prog_reset(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(flows),
		cmocka_unit_test(a_rule_by_either_port_is_asked),
		cmocka_unit_test(the_first_rule_has_the_say),
		cmocka_unit_test(each_rule_has_its_count),
		cmocka_unit_test(what_a_mismatch_leaves),
		cmocka_unit_test(monitor_mode),
		cmocka_unit_test(payload_comes_before_limit),
	};

	return cmocka_run_group_tests(tests, open_policy, close_policy);
}
