/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments that are tracked, the later ones: what the first one (test_first_fragments.c) is judged by they
 * don't hold. They pass for 30 s if it passed, and begin where it ends or behind (spec 3.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#define MALFORMED OUTCOME_DROP_MALFORMED
#define FRAGMENT OUTCOME_DROP_FRAGMENT
#define NO_RULE OUTCOME_DROP_NO_RULE
#define LATER OUTCOME_PASS_FRAGMENT
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char policy[] = "policy: fragments\n"
			     "essentials: {ping: true}\n"
			     "rules:\n"
			     "  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"
			     "  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"
			     "  - {name: gre-in, direction: in, protocol: 47}\n"
			     "  - {name: partner-in, direction: in, protocol: udp, ports: 5000,\n"
			     "     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"
			     "  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
			     "  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
			     "  - {name: gre-out, direction: out, protocol: 47}\n";

PROG_FIXTURE(policy);

static void later_ones_follow_the_first_of_the_same_packet(void **state)
{
	static const char *const firsts[] = { "in udp PEER:40000 > HOST:3478 FIRST id=7",
					      "out udp PEER:40000 > HOST:3478 FIRST id=7", NULL };
	const struct prog_change table[] = {
		/* the first has 16 bytes */
		{ 46, BOTH, "17 PEER > HOST LATER=16 id=7", PASSES,
		  PROG_CHANGES("transport=1", "transport=8", "transport=1480") },
		{ 46, BOTH, "udp PEER:40000 > HOST:3478 id=7", PASSES,
		  PROG_CHANGES("LATER=24", "LATER=1480", "MIDDLE=16", "MIDDLE=1480",
			       "LATER=65504 transport=11", "MIDDLE=65504 transport=8") },
		/* of another packet */
		{ 46, BOTH, "17 PEER > HOST LATER=16 id=7", FRAGMENT,
		  PROG_CHANGES("id=8", "id=1792", "id=0") },
		{ 46, BOTH, "17 PEER > HOST id=7 LATER=16", FRAGMENT,
		  PROG_CHANGES("from=OTHER", "to=OTHER") },
		{ 4, BOTH, "17 PEER > HOST id=7 offset=16", FRAGMENT,
		  PROG_CHANGES("offset=8", "mf offset=8", "next=6", "next=47", "next=1") },
		{ 6, BOTH, "17 PEER > HOST id=7 frag=16", FRAGMENT,
		  PROG_CHANGES("next=6", "next=60", "next=58") },
		/* what can't be */
		{ 46, BOTH, "17 PEER > HOST LATER=16 id=7", MALFORMED,
		  PROG_CHANGES("transport=0") },
		{ 4, BOTH, "17 PEER > HOST id=7 offset=16", MALFORMED,
		  PROG_CHANGES("mf transport=7", "offset=65512 transport=4",
			       "offset=65512 mf transport=8") },
		{ 6, BOTH, "17 PEER > HOST id=7 dst frag=16", MALFORMED,
		  PROG_CHANGES("transport=0") },
		/* their content is not looked at */
		{ 46, BOTH, "17 PEER > HOST LATER=16 id=7", PASSES,
		  PROG_CHANGES("data=x0000000000000000", "data=x00") },
		/* nor, of IPv4, is whether the options are the same */
		{ 4, BOTH, "17 PEER > HOST offset=16 id=7", PASSES,
		  PROG_CHANGES("options=01010101", "ttl=1", "df") },
		/* headers in front of the fragment header may differ */
		{ 6, BOTH, "17 PEER > HOST frag=16 id=7", PASSES, PROG_CHANGES("ttl=1") },
		{ 6, BOTH, "17 PEER > HOST dst frag=16 id=7", PASSES, PROG_CHANGES("ttl=1") },
		{ 6, BOTH, "17 PEER > HOST hop dst=24 frag=16 id=7", PASSES,
		  PROG_CHANGES("ttl=1") },
	};

	(void)state;
	prog.before = firsts;
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog.before = NULL;
}

static void overlapping_ones_are_dropped(void **state)
{
	static const char *const firsts[] = { "in udp PEER:40000 > HOST:3478 FIRST transport=1480",
					      "out udp PEER:40000 > HOST:3478 FIRST transport=1480",
					      NULL };
	const struct prog_change four[] = {
		{ 4, BOTH, "17 PEER > HOST offset=1480 transport=8", FRAGMENT,
		  PROG_CHANGES("offset=1472", "offset=8", "offset=1472 mf",
			       "offset=8 transport=65") },
	};
	static const struct prog_case six[] = {
		{ "in 17 PEER > HOST frag=1480", LATER, NULL },
		{ "in 17 PEER > HOST frag=1472", FRAGMENT, NULL },
		{ "in 17 PEER > HOST frag+=8", FRAGMENT, NULL },
		{ "out 17 PEER > HOST frag+=1480", LATER, NULL },
		{ "out 17 PEER > HOST frag=1472", FRAGMENT, NULL },
	};

	(void)state;
	prog.before = firsts;
	prog_change_all(&prog, four, PROG_COUNT(four));
	prog.before = NULL;
	prog_reset(&prog);
	prog.family = 6;
	for (size_t i = 0; firsts[i]; i++)
		prog_expect(&prog, firsts[i], OUTCOME_RULE, i ? "udp-out" : "udp-in");
	for (size_t i = 0; i < PROG_COUNT(six); i++)
		prog_expect(&prog, six[i].words, six[i].outcome, six[i].rule);
}

/* What a first one passed by doesn't matter; that it was dropped does. */
static const char *shared_tag;

static void tell_passed_and_dropped(struct prog *told)
{
	static const struct {
		const char *first, *later;
		enum outcome outcome, then;
		const char *rule;
	} rows[] = {
		{ "in udp PEER:9 > HOST:3478 FIRST id=1", "in 17 PEER > HOST LATER=16 id=1",
		  OUTCOME_RULE, LATER, "udp-in" },
		{ "in udp PEER:9 > HOST:3479 FIRST id=2", "in 17 PEER > HOST LATER=16 id=2",
		  NO_RULE, FRAGMENT, NULL },
		{ "in udp OTHER:9 > HOST:5000 FIRST id=3", "in 17 OTHER > HOST LATER=16 id=3",
		  OUTCOME_DROP_ADDRESS, FRAGMENT, NULL },
		{ "in udp PEER:9 > HOST:3478 FIRST udplen=7 id=4",
		  "in 17 PEER > HOST LATER=16 id=4", MALFORMED, FRAGMENT, NULL },
		{ "in tcp PEER:9 > HOST:443 FIRST syn fin transport=24 id=5",
		  "in 6 PEER > HOST LATER=24 id=5", OUTCOME_DROP_BAD_TCP_FLAGS, FRAGMENT, NULL },
		{ "in tcp PEER:9 > HOST:443 FIRST ack transport=16 id=6",
		  "in 6 PEER > HOST LATER=24 id=6", FRAGMENT, FRAGMENT, NULL },
		{ "in PING PEER > HOST FIRST type=REQUEST id=7",
		  "in PING PEER > HOST LATER=16 id=7", OUTCOME_PASS_PING, LATER, NULL },
		{ "in 47 PEER > HOST FIRST id=8", "in 47 PEER > HOST LATER=8 id=8", OUTCOME_RULE,
		  LATER, "gre-in" },
		{ "out udp HOST:9 > PEER:3478 FIRST id=9", "out 17 HOST > PEER LATER=16 id=9",
		  OUTCOME_RULE, LATER, "udp-out" },
		{ "in udp PEER:3478 > HOST:9 FIRST id=10", "in 17 PEER > HOST LATER=16 id=10",
		  OUTCOME_REPLY, LATER, "udp-out" },
		{ "out udp HOST:3478 > PEER:9 FIRST id=11", "out 17 HOST > PEER LATER=16 id=11",
		  OUTCOME_REPLY, LATER, "udp-in" },
		{ "out udp HOST:9 > PEER:3479 FIRST id=12", "out 17 HOST > PEER LATER=16 id=12",
		  NO_RULE, FRAGMENT, NULL },
		/* an error that is a fragment itself: about the conversation of the ninth row */
		{ "in PING ROUTER > HOST type=UNREACHABLE quote{ udp HOST:9 > PEER:3478 } FIRST transport=64 id=13",
		  "in PING ROUTER > HOST LATER=64 id=13", OUTCOME_PASS_ICMP_ERROR, LATER, NULL },
		{ "in PING ROUTER > HOST type=UNREACHABLE quote{ udp HOST:9 > PEER:3479 } FIRST transport=64 id=14",
		  "in PING ROUTER > HOST LATER=64 id=14", OUTCOME_DROP_UNRELATED_ICMP, FRAGMENT,
		  NULL },
	};

	told->more = shared_tag;
	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		prog_expect(told, rows[i].later, FRAGMENT, NULL);
		prog_expect(told, rows[i].first, rows[i].outcome, rows[i].rule);
		prog_expect(told, rows[i].later, rows[i].then, NULL);
		prog_expect(told, rows[i].later, rows[i].then, NULL);
	}
}

static void later_ones_share_the_first_ones_fate(void **state)
{
	static const char *const tags[] = { "", "tag=8100", "tag=88a8 tag=8100" };

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(tags); i++) {
		shared_tag = tags[i];
		prog_tell(&prog, tell_passed_and_dropped);
	}
}

/* Directions are kept apart, although a router's packet crosses both hooks. */
static void tell_directions(struct prog *told)
{
	prog_expect(told, "in udp PEER:9 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in");
	prog_expect(told, "out 17 PEER > HOST LATER=16", FRAGMENT, NULL);
	prog_expect(told, "in 17 HOST > PEER LATER=16", FRAGMENT, NULL);
	prog_expect(told, "in 17 PEER > HOST LATER=16", LATER, NULL);
	prog_expect(told, "out udp HOST:9 > PEER:3478 FIRST", OUTCOME_RULE, "udp-out");
	prog_expect(told, "in 17 HOST > PEER LATER=16", FRAGMENT, NULL);
	prog_expect(told, "out 17 HOST > PEER LATER=16", LATER, NULL);
	/* tags are not told apart */
	told->more = "tag=8100";
	prog_expect(told, "in 17 PEER > HOST LATER=16", LATER, NULL);
	told->more = "";
}

static void directions_are_kept_apart(void **state)
{
	(void)state;
	prog_tell(&prog, tell_directions);
}

static void tell_time(struct prog *told)
{
	prog_expect(told, "in udp PEER:9 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in");
	told->now += 30 * PROG_HZ - 1;
	prog_expect(told, "in 17 PEER > HOST LATER=16", LATER, NULL);
	told->now++; /* a later one prolongs nothing */
	prog_expect(told, "in 17 PEER > HOST LATER=16", FRAGMENT, NULL);
	prog_wait(told, 3600);
	prog_expect(told, "in 17 PEER > HOST LATER=16", FRAGMENT, NULL);
	/* a new first one of the same identification, shorter than the one before */
	prog_expect(told, "in udp PEER:9 > HOST:3478 FIRST transport=8", OUTCOME_RULE, "udp-in");
	prog_expect(told, "in 17 PEER > HOST LATER=8", LATER, NULL);
	prog_wait(told, 29);
	prog_expect(told, "in udp PEER:9 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in");
	prog_expect(told, "in 17 PEER > HOST LATER=8", FRAGMENT, NULL);
	prog_wait(told, 29);
	prog_expect(told, "in 17 PEER > HOST LATER=16", LATER, NULL);
	/* a clock that goes back */
	told->now -= 100 * PROG_HZ;
	prog_expect(told, "in 17 PEER > HOST LATER=16", LATER, NULL);
}

static void for_thirty_seconds(void **state)
{
	(void)state;
	prog_tell(&prog, tell_time);
}

/* IPv6: what the fragment header says comes next is part of the key, whatever the chain ends in. */
static void anywhere_in_the_chain(void **state)
{
	static const struct {
		const char *first, *later;
		enum outcome then;
	} rows[] = {
		{ "in udp PEER:9 > HOST:3478 frag+=0 dst id=1", "in 60 PEER > HOST frag=24 id=1",
		  LATER },
		{ "in udp PEER:9 > HOST:3478 frag+=0 dst id=2", "in 17 PEER > HOST frag=24 id=2",
		  FRAGMENT },
		/* it has 8 bytes of header, 8 of UDP, 8 of data */
		{ "in udp PEER:9 > HOST:3478 frag+=0 dst id=3", "in 60 PEER > HOST frag=16 id=3",
		  FRAGMENT },
		{ "in udp PEER:9 > HOST:3478 hop dst frag+=0 id=4",
		  "in 17 PEER > HOST hop dst frag=16 id=4", LATER },
		{ "in udp PEER:9 > HOST:3478 hop dst routing=4/0 frag+=0 ah dst id=5",
		  "in 51 PEER > HOST hop dst routing=4/0 frag=48 id=5", LATER },
		/* what a later one seems to hold is not read */
		{ "in udp PEER:9 > HOST:3478 frag+=0 dst id=6",
		  "in 60 PEER > HOST frag=24 id=6 data=x2bff0001000000000000", LATER },
	};

	(void)state;
	prog_reset(&prog);
	prog.family = 6;
	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		prog_expect(&prog, rows[i].first, OUTCOME_RULE, "udp-in");
		prog_expect(&prog, rows[i].later, rows[i].then, NULL);
	}
}

/* A full table loses fragments, never a flow, and takes new ones all the same. */
static void a_flood_of_them_costs_no_flow(void **state)
{
	struct frame_bytes frame;
	size_t flows;

	(void)state;
	prog_reset(&prog);
	prog_expect(&prog, "out udp HOST:9 > PEER:3478", OUTCOME_RULE, "udp-out");
	flows = prog_flows(&prog);
	frame_write("in udp 198.51.100.7:9 > 192.0.2.10:3478 mf", &frame);
	for (unsigned int i = 0; i < FRAGMENTS_MAX + 10000; i++) {
		memcpy(frame.bytes + 18, &i, 2);                     /* identification */
		memcpy(frame.bytes + 14 + 13, (uint8_t *)&i + 1, 3); /* source */
		prog_decide(&prog, PROG_XDP, PROG_SHORT, &frame);
	}
	prog_check_sum(&prog);
	assert_int_equal(prog_flows(&prog), flows);
	prog_expect(&prog, "in udp PEER:3478 > HOST:9", OUTCOME_REPLY, "udp-out");
	prog_expect(&prog, "in udp OTHER:9 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in");
	prog_expect(&prog, "in 17 OTHER > HOST LATER=16", LATER, NULL);
}

/* What was learnt while fragments were tracked passes nothing once they are dropped. */
static void a_policy_that_drops_them_drops_all(void **state)
{
	static char dropping[sizeof(policy) + 32];

	(void)state;
	snprintf(dropping, sizeof(dropping), "%sfragments: drop\n", policy);
	prog_reset(&prog);
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		prog_expect(&prog, "in udp PEER:9 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in");
		prog_expect(&prog, "in 17 PEER > HOST LATER=16", LATER, NULL);
	}
	prog_policy(&prog, dropping);
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		prog_expect(&prog, "in udp PEER:9 > HOST:3478 FIRST", FRAGMENT, NULL);
		prog_expect(&prog, "in 17 PEER > HOST LATER=16", FRAGMENT, NULL);
	}
	prog_rollback(&prog);
	for (prog.family = 4; prog.family <= 6; prog.family += 2)
		prog_expect(&prog, "in 17 PEER > HOST LATER=16", LATER, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_ones_follow_the_first_of_the_same_packet),
		cmocka_unit_test(overlapping_ones_are_dropped),
		cmocka_unit_test(later_ones_share_the_first_ones_fate),
		cmocka_unit_test(directions_are_kept_apart),
		cmocka_unit_test(for_thirty_seconds),
		cmocka_unit_test(anywhere_in_the_chain),
		cmocka_unit_test(a_flood_of_them_costs_no_flow),
		cmocka_unit_test(a_policy_that_drops_them_drops_all),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
