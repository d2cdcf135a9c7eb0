/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments that are tracked: a first one holds all headers and is judged like any packet; later ones
 * pass for 30 s if it passed, and begin where it ends or behind (spec 3.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <string.h>

#include "tests/lib/prog.h"

#define MALFORMED OUTCOME_DROP_MALFORMED
#define FRAGMENT OUTCOME_DROP_FRAGMENT
#define NO_RULE OUTCOME_DROP_NO_RULE
#define LATER OUTCOME_PASS_FRAGMENT
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char policy[] =
	"policy: fragments\n"
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

static const char udp[] = "udp PEER:40000 > HOST:3478 data=8";
static const char gre[] = "47 PEER > HOST data=16";

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

/* ---- first ones ---------------------------------------------------------------------------------- */

static void a_first_one_is_judged_like_any_packet(void **state)
{
	static const struct prog_case cases[] = {
		{ "in udp PEER:40000 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in" },
		{ "in udp PEER:40000 > HOST:5000 FIRST", OUTCOME_RULE, "partner-in" },
		{ "in udp OTHER:40000 > HOST:5000 FIRST", OUTCOME_DROP_ADDRESS, NULL },
		{ "in udp PEER:40000 > HOST:3479 FIRST", NO_RULE, NULL },
		{ "in tcp PEER:40000 > HOST:443 syn FIRST transport=24", OUTCOME_RULE, "tcp-in" },
		{ "in tcp PEER:40000 > HOST:443 syn fin FIRST transport=24",
		  OUTCOME_DROP_BAD_TCP_FLAGS, NULL },
		{ "in tcp PEER:40000 > HOST:22 syn FIRST transport=24", NO_RULE, NULL },
		{ "in sctp PEER:40000 > HOST:2905 chunk=1 FIRST", OUTCOME_RULE, "sctp-in" },
		{ "in 47 PEER > HOST FIRST", OUTCOME_RULE, "gre-in" },
		{ "in 48 PEER > HOST FIRST", NO_RULE, NULL },
		{ "in PING PEER > HOST type=REQUEST FIRST", OUTCOME_PASS_PING, NULL },
		{ "in PING PEER > HOST type=REPLY FIRST", NO_RULE, NULL },
		{ "out udp HOST:40000 > PEER:3478 FIRST", OUTCOME_RULE, "udp-out" },
		{ "out udp HOST:40000 > PEER:3479 FIRST", NO_RULE, NULL },
		{ "out udp HOST:3478 > PEER:40000 FIRST", OUTCOME_REPLY, "udp-in" },
	};

	(void)state;
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void a_first_one_holds_all_headers(void **state)
{
	const struct prog_change table[] = {
		/* the whole transport header */
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", FRAGMENT,
		  PROG_CHANGES("transport=8", "transport=16", "doff=7", "doff=15") },
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", PASSES,
		  PROG_CHANGES("doff=6", "transport=40 doff=10", "transport=1480") },
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", MALFORMED,
		  PROG_CHANGES("doff=4", "sport=0", "dport=0") },
		{ 46, BOTH, "sctp PEER:2905 > HOST:2905 FIRST transport=16", FRAGMENT,
		  PROG_CHANGES("transport=8") },
		{ 46, BOTH, "sctp PEER:2905 > HOST:2905 FIRST transport=16", MALFORMED,
		  PROG_CHANGES("sport=0", "dport=0") },
		/* of UDP's length only what no datagram has is wrong */
		{ 46, BOTH, udp, PASSES,
		  PROG_CHANGES("FIRST", "FIRST transport=8", "FIRST udplen=4008",
			       "FIRST udplen=65535", "FIRST udplen=8", "FIRST udplen=9",
			       "FIRST data=1464") },
		{ 46, BOTH, udp, MALFORMED,
		  PROG_CHANGES("udplen=4008", "FIRST udplen=7", "FIRST udplen=0", "FIRST sport=0",
			       "FIRST dport=0") },
		{ 46, BOTH, "PING PEER > HOST type=REQUEST", PASSES,
		  PROG_CHANGES("FIRST", "FIRST transport=8") },
		/* what carries no header that is looked at may be as short as any */
		{ 46, BOTH, gre, PASSES, PROG_CHANGES("FIRST", "FIRST transport=8") },
		/* the whole chain */
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("frag+=0 dst", "hop frag+=0 dst=16", "dst routing=4/0 frag+=0 dst",
			       "ah frag+=0", "frag+=0 ah", "dst=64 frag+=0") },
		{ 6, BOTH, udp, FRAGMENT,
		  PROG_CHANGES("frag+=0 dst extlen=3", "frag+=0 ah extlen=255",
			       "frag+=0 dst transport=0", "frag+=0 dst=16 transport=0",
			       "frag+=0 routing=4/0 extlen=9") },
		{ 6, BOTH, udp, MALFORMED,
		  PROG_CHANGES("frag+=0 routing=0/0", "frag+=0 routing=2/1", "frag+=0 ah extlen=0",
			       "dst extlen=9 frag+=0") },
		{ 6, BOTH, udp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("frag+=0 hop", "frag+=0 frag+=0", "frag=0 frag+=0", "frag=0 frag=8",
			       "dst dst dst dst frag+=0 dst dst dst dst",
			       "dst dst dst dst dst dst dst dst frag+=0") },
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("dst dst dst dst frag+=0 dst dst dst",
			       "dst dst dst dst dst dst dst frag+=0") },
		/* its options: IPv4 */
		{ 4, BOTH, udp, PASSES, PROG_CHANGES("mf options=01010101", "mf evil", "mf df") },
		{ 4, BOTH, udp, MALFORMED,
		  PROG_CHANGES("mf options=83070407040a0000", "mf options=44ff0000") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

/* Atomic: no fragment, nothing is remembered of it, and it need not be a multiple of 8. */
static void an_atomic_one_is_none(void **state)
{
	const struct prog_change table[] = {
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("frag=0", "frag=0 data=5", "dst frag=0 dst", "frag=0 id=7") },
		{ 6, BOTH, udp, MALFORMED, PROG_CHANGES("frag=0 udplen=+1", "frag=0 transport=7") },
		{ 6, BOTH, "tcp PEER:40000 > HOST:443 ack", MALFORMED,
		  PROG_CHANGES("frag=0 transport=19", "frag=0 doff=6") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_reset(&prog);
	prog.family = 6;
	prog_expect(&prog, "in udp PEER:40000 > HOST:3478 frag=0", OUTCOME_RULE, "udp-in");
	prog_expect(&prog, "in udp PEER:40000 > HOST:3478 frag=16", FRAGMENT, NULL);
}

/* ---- later ones ---------------------------------------------------------------------------------- */

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
		{ 46, BOTH, "17 PEER > HOST LATER=16 id=7", MALFORMED, PROG_CHANGES("transport=0") },
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
		{ 6, BOTH, "17 PEER > HOST hop dst=24 frag=16 id=7", PASSES, PROG_CHANGES("ttl=1") },
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
		{ "in udp PEER:9 > HOST:3479 FIRST id=2", "in 17 PEER > HOST LATER=16 id=2", NO_RULE,
		  FRAGMENT, NULL },
		{ "in udp OTHER:9 > HOST:5000 FIRST id=3", "in 17 OTHER > HOST LATER=16 id=3",
		  OUTCOME_DROP_ADDRESS, FRAGMENT, NULL },
		{ "in udp PEER:9 > HOST:3478 FIRST udplen=7 id=4", "in 17 PEER > HOST LATER=16 id=4",
		  MALFORMED, FRAGMENT, NULL },
		{ "in tcp PEER:9 > HOST:443 FIRST syn fin transport=24 id=5",
		  "in 6 PEER > HOST LATER=24 id=5", OUTCOME_DROP_BAD_TCP_FLAGS, FRAGMENT, NULL },
		{ "in tcp PEER:9 > HOST:443 FIRST ack transport=16 id=6",
		  "in 6 PEER > HOST LATER=24 id=6", FRAGMENT, FRAGMENT, NULL },
		{ "in PING PEER > HOST FIRST type=REQUEST id=7", "in PING PEER > HOST LATER=16 id=7",
		  OUTCOME_PASS_PING, LATER, NULL },
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
		{ "in udp PEER:9 > HOST:3478 frag+=0 dst id=1", "in 60 PEER > HOST frag=24 id=1", LATER },
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
		memcpy(frame.bytes + 18, &i, 2);  /* identification */
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
		cmocka_unit_test(a_first_one_is_judged_like_any_packet),
		cmocka_unit_test(a_first_one_holds_all_headers),
		cmocka_unit_test(an_atomic_one_is_none),
		cmocka_unit_test(later_ones_follow_the_first_of_the_same_packet),
		cmocka_unit_test(overlapping_ones_are_dropped),
		cmocka_unit_test(later_ones_share_the_first_ones_fate),
		cmocka_unit_test(directions_are_kept_apart),
		cmocka_unit_test(for_thirty_seconds),
		cmocka_unit_test(anywhere_in_the_chain),
		cmocka_unit_test(a_flood_of_them_costs_no_flow),
		cmocka_unit_test(a_policy_that_drops_them_drops_all),
	};

	return cmocka_run_group_tests(tests, open_policy, close_policy);
}
