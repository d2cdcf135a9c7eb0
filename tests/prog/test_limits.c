/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a limit counts, and what becomes of a packet that is over it (spec 3.3, 3.6). How many pass and
 * when is in test_limit_buckets.c, whose bucket it is in test_limit_sources.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

/* A minute's wait for each token: within a story there are only those of the burst. */
static const char policy[] =
	"policy: limits\n"
	"essentials: {ping: true}\n"
	"rules:\n"
	"  - {name: web-in, direction: in, protocol: tcp, ports: 443, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: dns-in, direction: in, protocol: udp, ports: 53, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 3868, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: gre-in, direction: in, protocol: 47, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: ping4-in, direction: in, protocol: icmp, types: [8, 13], limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: ping6-in, direction: in, protocol: icmpv6, types: [128, 139], limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: 443, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 3868, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: esp-out, direction: out, protocol: 50, limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: ping4-out, direction: out, protocol: icmp, types: [8, 13], limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: ping6-out, direction: out, protocol: icmpv6, types: [128, 139], limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: first, direction: in, protocol: udp, ports: 7000, from: [198.51.100.7, \"2001:db8:f::7\"],\n"
	"     limit: {rate: 1/m, burst: 3}}\n"
	"  - {name: second, direction: in, protocol: udp, ports: 7000}\n"
	"  - {name: enforced, direction: in, protocol: udp, ports: 7001, limit: {rate: 1/m, burst: 3},\n"
	"     payload: {class: udp-media, mode: enforce}}\n"
	"  - {name: observed, direction: in, protocol: udp, ports: 7002, limit: {rate: 1/m, burst: 3},\n"
	"     payload: {class: udp-media}}\n"
	"  - {name: answered, direction: in, protocol: udp, ports: 1000}\n"
	"  - {name: dhcp-out, direction: out, protocol: udp, ports: [67, 547], limit: {rate: 1/m, burst: 1}}\n";

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

#define LIMITED OUTCOME_DROP_RATE_LIMIT

/* Takes what is in the bucket. */
static void empty(struct prog *told, const char *words, const char *rule)
{
	assert_int_equal(prog_offer(told, words, 5, rule), 3);
	prog_expect(told, words, LIMITED, NULL);
}

/* ---- what is counted --------------------------------------------------------------------------- */

/* Of TCP what opens; a conversation that began within the limit goes on, whoever sends. */
static void tell_tcp(struct prog *told)
{
	static const char *const goes_on[] = { "ack",     "psh ack", "fin ack", "rst",
					       "rst ack", "ack urg", "syn ack" };
	static const char *const opens[] = { "syn", "syn urg", "syn psh ece cwr", "syn data=20" };
	char words[100];

	for (int out = 0; out < 2; out++) {
		const char *ends = out ? "out tcp HOST:4000 > PEER:443" :
					 "in tcp PEER:4000 > HOST:443";
		const char *rule = out ? "web-out" : "web-in";

		/* none of these takes a token */
		for (size_t i = 0; i < PROG_COUNT(goes_on) * 2; i++) {
			if (i == PROG_COUNT(goes_on)) {
				snprintf(words, sizeof(words), "%s syn", ends);
				empty(told, words, rule);
			}
			snprintf(words, sizeof(words), "%s %s", ends,
				 goes_on[i % PROG_COUNT(goes_on)]);
			prog_expect(told, words, OUTCOME_RULE, rule);
		}
		for (size_t i = 0; i < PROG_COUNT(opens); i++) {
			snprintf(words, sizeof(words), "%s %s", ends, opens[i]);
			prog_expect(told, words, LIMITED, NULL);
		}
		/* all that open have one bucket */
		told->now += 60 * PROG_HZ;
		prog_expect(told, words, OUTCOME_RULE, rule);
		prog_expect(told, words, LIMITED, NULL);
	}
}

static void of_tcp_what_opens(void **state)
{
	(void)state;
	prog_tell(&prog, tell_tcp);
}

static void tell_sctp(struct prog *told)
{
	static const char *const goes_on[] = { "chunk=2", "chunk=0", "chunk=none", "chunk=14" };
	char words[100];

	for (int out = 0; out < 2; out++) {
		const char *ends = out ? "out sctp HOST:4000 > PEER:3868" :
					 "in sctp PEER:4000 > HOST:3868";
		const char *rule = out ? "sctp-out" : "sctp-in";

		for (size_t i = 0; i < PROG_COUNT(goes_on) * 2; i++) {
			if (i == PROG_COUNT(goes_on)) {
				snprintf(words, sizeof(words), "%s chunk=1", ends);
				empty(told, words, rule);
			}
			snprintf(words, sizeof(words), "%s %s", ends,
				 goes_on[i % PROG_COUNT(goes_on)]);
			prog_expect(told, words, OUTCOME_RULE, rule);
		}
		snprintf(words, sizeof(words), "%s chunk=1", ends);
		prog_expect(told, words, LIMITED, NULL);
	}
}

static void of_sctp_what_opens(void **state)
{
	(void)state;
	prog_tell(&prog, tell_sctp);
}

/* Of everything else each packet, also those of a flow. */
static void tell_others(struct prog *told)
{
	bool six = told->family == 6;

	empty(told, "in udp PEER:4000 > HOST:53", "dns-in");
	prog_expect(told, "in udp OTHER:4001 > HOST:53 data=100", LIMITED, NULL);
	empty(told, "out udp HOST:4000 > PEER:53", "dns-out");
	empty(told, "in 47 PEER > HOST", "gre-in");
	empty(told, "out 50 HOST > PEER", "esp-out");
	empty(told, six ? "in icmpv6 PEER > HOST type=139" : "in icmp PEER > HOST type=13",
	      six ? "ping6-in" : "ping4-in");
	empty(told, six ? "out icmpv6 HOST > PEER type=139" : "out icmp HOST > PEER type=13",
	      six ? "ping6-out" : "ping4-out");
	/* though ping is an essential: what is over a limit goes no further */
	prog_expect(told, "in PING PEER > HOST type=REQUEST", LIMITED, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST", LIMITED, NULL);
	/* tags make no difference */
	prog_expect(told, "in udp PEER:4000 > HOST:53 tag=8100", LIMITED, NULL);
	prog_expect(told, "out udp HOST:4000 > PEER:53 tag=88a8 tag=8100", LIMITED, NULL);
}

static void of_the_rest_every_packet(void **state)
{
	(void)state;
	prog_tell(&prog, tell_others);
}

/* Replies meet no limit, neither by a flow nor a service's. */
static void tell_replies(struct prog *told)
{
	empty(told, "out udp HOST:4000 > PEER:53", "dns-out");
	for (int i = 0; i < 6; i++)
		prog_expect(told, "in udp PEER:53 > HOST:4000", OUTCOME_REPLY, "dns-out");
	empty(told, "in udp PEER:4000 > HOST:53", "dns-in");
	for (int i = 0; i < 6; i++)
		prog_expect(told, "out udp HOST:53 > PEER:4000", OUTCOME_REPLY, "dns-in");
	empty(told, "in PING PEER > HOST type=REQUEST",
	      told->family == 6 ? "ping6-in" : "ping4-in");
	prog_expect(told, "out PING HOST > PEER type=REPLY", OUTCOME_REPLY,
		    told->family == 6 ? "ping6-in" : "ping4-in");
	/* nor do they take tokens */
	told->now += 60 * PROG_HZ;
	for (int i = 0; i < 6; i++)
		prog_expect(told, "in udp PEER:53 > HOST:4000", OUTCOME_REPLY, "dns-out");
	prog_expect(told, "out udp HOST:4000 > PEER:53", OUTCOME_RULE, "dns-out");
	/* what is both an answer and a rule's is an answer, where it has no flow */
	prog_expect(told, "out udp HOST:1000 > OTHER:53", OUTCOME_REPLY, "answered");
}

static void replies_meet_no_limit(void **state)
{
	(void)state;
	prog_tell(&prog, tell_replies);
}

/* An error belongs to its conversation by addresses and ports alone. */
static void tell_errors(struct prog *told)
{
	empty(told, "in udp PEER:4000 > HOST:53", "dns-in");
	prog_expect(told, "out PING HOST > PEER type=UNREACHABLE quote{ udp PEER:4000 > HOST:53 }",
		    OUTCOME_PASS_ICMP_ERROR, NULL);
	told->now += 60 * PROG_HZ;
	prog_expect(told, "out PING HOST > PEER type=UNREACHABLE quote{ udp PEER:4000 > HOST:53 }",
		    OUTCOME_PASS_ICMP_ERROR, NULL);
	prog_expect(told, "in udp PEER:4000 > HOST:53", OUTCOME_RULE, "dns-in");
	prog_expect(told, "in udp PEER:4000 > HOST:53", LIMITED, NULL);
}

static void errors_meet_no_limit(void **state)
{
	(void)state;
	prog_tell(&prog, tell_errors);
}

/* ---- what is over it --------------------------------------------------------------------------- */

static void tell_no_later_rule(struct prog *told)
{
	empty(told, "in udp PEER:4000 > HOST:7000", "first");
	prog_expect(told, "in udp [2001:db8:f::9]:4000 > [2001:db8::10]:7000", OUTCOME_RULE,
		    "second");
	prog_expect(told, "in udp 198.51.100.9:4000 > 192.0.2.10:7000", OUTCOME_RULE, "second");
	prog_expect(told, "in udp PEER:4000 > HOST:7000", LIMITED, NULL);
}

static void it_goes_on_to_no_later_rule(void **state)
{
	(void)state;
	prog_tell(&prog, tell_no_later_rule);
}

/* It makes no flow, and refreshes none. */
static void tell_no_flow(struct prog *told)
{
	struct flow flow, after;
	uint64_t begin = told->now;

	assert_int_equal(prog_offer(told, "out udp HOST:4000 > PEER:53", 2, "dns-out"), 2);
	assert_int_equal(prog_flows(told), 1);
	prog_expect(told, "out udp HOST:4001 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "out udp HOST:4002 > PEER:53", LIMITED, NULL);
	assert_int_equal(prog_flows(told), 2);
	prog_expect(told, "in udp PEER:53 > HOST:4002", OUTCOME_DROP_NO_RULE, NULL);
	told->now += 30 * PROG_HZ;
	prog_expect(told, "out udp HOST:4000 > PEER:53", LIMITED, NULL);
	assert_true(prog_flow(told, "out udp HOST:4000 > PEER:53", &flow));
	assert_int_equal(flow.last_seen, begin);
	/* so it ends when it would have ended */
	told->now = begin + 300 * PROG_HZ - 1;
	prog_expect(told, "in udp PEER:53 > HOST:4000", OUTCOME_REPLY, "dns-out");
	told->now = begin + 300 * PROG_HZ;
	prog_expect(told, "in udp PEER:53 > HOST:4000", OUTCOME_DROP_NO_RULE, NULL);
	/* a packet within the limit does both */
	prog_expect(told, "out udp HOST:4002 > PEER:53", OUTCOME_RULE, "dns-out");
	told->now += PROG_HZ;
	prog_expect(told, "out udp HOST:4002 > PEER:53", OUTCOME_RULE, "dns-out");
	assert_true(prog_flow(told, "out udp HOST:4002 > PEER:53", &after));
	assert_int_equal(after.last_seen, told->now);
	/* nor does a SYN */
	empty(told, "out tcp HOST:4000 > PEER:443 syn", "web-out");
	prog_expect(told, "out tcp HOST:4009 > PEER:443 syn", LIMITED, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:4009 syn ack", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:4000 syn ack", OUTCOME_REPLY, "web-out");
}

static void it_leaves_no_flow(void **state)
{
	(void)state;
	prog_tell(&prog, tell_no_flow);
}

/* Of fragments the first one counts; what follows goes by it, and takes nothing. */
static void tell_fragments(struct prog *told)
{
	for (int i = 0; i < 3; i++)
		prog_expect(told, "in udp PEER:4000 > HOST:53 id=7 FIRST", OUTCOME_RULE, "dns-in");
	prog_expect(told, "in udp PEER:4000 > HOST:53 id=8 FIRST", LIMITED, NULL);
	prog_expect(told, "in udp PEER > HOST id=8 LATER=24", OUTCOME_DROP_FRAGMENT, NULL);
	for (int i = 0; i < 6; i++)
		prog_expect(told, "in udp PEER > HOST id=7 LATER=24", OUTCOME_PASS_FRAGMENT, NULL);
	told->now += 60 * PROG_HZ;
	prog_expect(told, "in udp PEER > HOST id=7 LATER=24", OUTCOME_DROP_FRAGMENT, NULL);
	prog_expect(told, "in udp PEER:4000 > HOST:53 id=8 FIRST", OUTCOME_RULE, "dns-in");
	prog_expect(told, "in udp PEER > HOST id=8 LATER=24", OUTCOME_PASS_FRAGMENT, NULL);
	prog_expect(told, "in udp PEER:4000 > HOST:53 id=9 FIRST", LIMITED, NULL);
}

static void it_leaves_no_fragment(void **state)
{
	(void)state;
	prog_tell(&prog, tell_fragments);
}

static void tell_dhcp(struct prog *told)
{
	bool six = told->family == 6;
	const char *asks = six ? "out udp [fe80::10]:546 > [ff02::1:2]:547" :
				 "out udp 0.0.0.0:68 > 255.255.255.255:67";
	const char *answer = six ? "in udp [fe80::1]:547 > [fe80::10]:546" :
				   "in udp 192.0.2.1:67 > 192.0.2.10:68";

	assert_int_equal(prog_offer(told, asks, 2, "dhcp-out"), 1);
	prog_expect(told, answer, OUTCOME_PASS_DHCP, NULL);
	told->now += 59 * PROG_HZ;
	prog_expect(told, asks, LIMITED, NULL);
	told->now += PROG_HZ;
	prog_expect(told, answer, OUTCOME_DROP_NO_RULE, NULL);
}

static void it_asks_for_no_address(void **state)
{
	(void)state;
	prog_tell(&prog, tell_dhcp);
}

/* The payload is asked first: what it refuses takes no token; what it only counts does. */
static void tell_payload(struct prog *told)
{
	for (int i = 0; i < 6; i++)
		prog_expect(told, "in udp PEER:4000 > HOST:7001 data=x504f5354",
			    OUTCOME_DROP_PAYLOAD, NULL);
	assert_int_equal(
		prog_offer(told, "in udp PEER:4000 > HOST:7001 data=x80000000", 5, "enforced"), 3);
	prog_expect(told, "in udp PEER:4000 > HOST:7001 data=x504f5354", OUTCOME_DROP_PAYLOAD,
		    NULL);
	assert_int_equal(
		prog_offer(told, "in udp PEER:4000 > HOST:7002 data=x504f5354", 5, "observed"), 3);
	prog_expect(told, "in udp PEER:4000 > HOST:7002 data=x80000000", LIMITED, NULL);
}

static void the_payload_comes_first(void **state)
{
	(void)state;
	prog_tell(&prog, tell_payload);
}

/* Monitoring counts and keeps state as enforcing does; prog_expect() demands that it passes. */
static void tell_monitor(struct prog *told)
{
	prog_mode(told, MODE_MONITOR);
	empty(told, "out udp HOST:4000 > PEER:53", "dns-out");
	prog_expect(told, "out udp HOST:4002 > PEER:53", LIMITED, NULL);
	assert_int_equal(prog_flows(told), 1);
	prog_mode(told, MODE_ENFORCE);
	prog_expect(told, "out udp HOST:4000 > PEER:53", LIMITED, NULL);
}

static void monitoring_takes_tokens_too(void **state)
{
	(void)state;
	prog_tell(&prog, tell_monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_tcp_what_opens),
		cmocka_unit_test(of_sctp_what_opens),
		cmocka_unit_test(of_the_rest_every_packet),
		cmocka_unit_test(replies_meet_no_limit),
		cmocka_unit_test(errors_meet_no_limit),
		cmocka_unit_test(it_goes_on_to_no_later_rule),
		cmocka_unit_test(it_leaves_no_flow),
		cmocka_unit_test(it_leaves_no_fragment),
		cmocka_unit_test(it_asks_for_no_address),
		cmocka_unit_test(the_payload_comes_first),
		cmocka_unit_test(monitoring_takes_tokens_too),
	};

	return cmocka_run_group_tests(tests, open_policy, close_policy);
}
