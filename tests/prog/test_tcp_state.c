/* SPDX-License-Identifier: GPL-2.0-only */
/* What segments do to a TCP flow, seen by which of its two timeouts it is on (spec 3.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

static const char policy[] =
	"policy: flows\n"
	"flows: {timeouts: {tcp: 2h4m, tcp-transitory: 4m, udp: 5m, icmp: 1m, other: 10m}}\n"
	"rules:\n"
	"  - {name: sip-in, direction: in, protocol: tcp, ports: 5061}\n"
	"  - {name: stun-in, direction: in, protocol: udp, ports: 3478}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 3868}\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: [443, 5061]}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
	"  - {name: gre-out, direction: out, protocol: 47}\n"
	"  - {name: icmp-out, direction: out, protocol: icmp, types: [8, 13]}\n"
	"  - {name: icmpv6-out, direction: out, protocol: icmpv6, types: [128, 139]}\n";

PROG_FIXTURE(policy);

#define OUT "out tcp HOST:40000 > PEER:443 "
#define IN "in tcp PEER:443 > HOST:40000 "

#define TRANSITORY 240u
#define LONG 7440u

static void out(struct prog *told, const char *words)
{
	prog_expect(told, words, OUTCOME_RULE, "web-out");
}

static void in(struct prog *told, const char *words)
{
	prog_expect(told, words, OUTCOME_REPLY, "web-out");
}

/* By the verdict alone: is it still there just before and just after the short timeout? */
static void expect_timeout(struct prog *told, unsigned int seconds)
{
	struct flow flow;
	uint64_t now = told->now;

	assert_true(prog_flow(told, OUT "syn", &flow));
	told->now = flow.last_seen + (uint64_t)seconds * PROG_HZ - 1;
	/* a segment that leaves no mark */
	prog_expect(told, IN "ack", OUTCOME_REPLY, "web-out");
	told->now += 1;
	prog_expect(told, IN "ack", OUTCOME_DROP_NO_RULE, NULL);
	told->now = now;
}

static void tell_handshake(struct prog *told)
{
	out(told, OUT "syn");
	expect_timeout(told, TRANSITORY);
	in(told, IN "syn ack");
	expect_timeout(told, TRANSITORY);
	/* the SYN again: as before */
	out(told, OUT "syn");
	expect_timeout(told, TRANSITORY);
	/* until the host has sent a segment other than SYN or RST */
	out(told, OUT "ack");
	expect_timeout(told, LONG);
	prog_wait(told, LONG - 1);
	in(told, IN "ack data=10");
	out(told, OUT "ack psh data=10");
	prog_wait(told, LONG - 1);
	in(told, IN "ack");
}

static void a_handshake_leads_to_the_long_timeout(void **state)
{
	(void)state;
	prog_tell(&prog, tell_handshake);
}

static void tell_fins(struct prog *told)
{
	/* from the host only */
	out(told, OUT "ack");
	out(told, OUT "fin ack");
	expect_timeout(told, LONG);
	in(told, IN "ack");
	expect_timeout(told, LONG);
	/* and then the peer's */
	in(told, IN "fin ack");
	expect_timeout(told, TRANSITORY);
	/* nothing puts it back but a SYN */
	out(told, OUT "ack");
	expect_timeout(told, TRANSITORY);
	out(told, OUT "fin ack");
	expect_timeout(told, TRANSITORY);
	in(told, IN "rst");
	out(told, OUT "ack data=4");
	expect_timeout(told, TRANSITORY);
	out(told, OUT "syn");
	expect_timeout(told, TRANSITORY);
	out(told, OUT "ack");
	expect_timeout(told, LONG);
	/* the peer's first */
	in(told, IN "fin ack urg");
	expect_timeout(told, LONG);
	out(told, OUT "fin ack urg");
	expect_timeout(told, TRANSITORY);
}

static void a_fin_each_way_ends_it(void **state)
{
	(void)state;
	prog_tell(&prog, tell_fins);
}

static void tell_resets(struct prog *told)
{
	static const char *const resets[] = { IN "rst", IN "rst ack", OUT "rst", OUT "rst ack" };

	for (size_t i = 0; i < PROG_COUNT(resets); i++) {
		bool is_out = i >= 2;

		out(told, OUT "syn");
		out(told, OUT "ack");
		expect_timeout(told, LONG);
		prog_expect(told, resets[i], is_out ? OUTCOME_RULE : OUTCOME_REPLY, "web-out");
		expect_timeout(told, TRANSITORY);
		/* what doesn't put it back: the peer's segments, and the host's RST, FIN, SYN+ACK */
		in(told, IN "ack");
		expect_timeout(told, TRANSITORY);
		out(told, OUT "rst");
		expect_timeout(told, TRANSITORY);
		out(told, OUT "syn ack");
		expect_timeout(told, TRANSITORY);
		/* a forged RST must not end a conversation that goes on */
		out(told, OUT "ack");
		expect_timeout(told, LONG);
		prog_expect(told, resets[i], is_out ? OUTCOME_RULE : OUTCOME_REPLY, "web-out");
		out(told, OUT "fin ack");
		expect_timeout(told, TRANSITORY);
		out(told, OUT "ack urg");
		expect_timeout(told, LONG);
	}
}

static void a_reset_ends_it_until_the_host_goes_on(void **state)
{
	(void)state;
	prog_tell(&prog, tell_resets);
}

/* A RST before the handshake is done; and SYN anew after any end. */
static void tell_anew(struct prog *told)
{
	struct flow flow;

	out(told, OUT "syn");
	in(told, IN "rst ack");
	expect_timeout(told, TRANSITORY);
	out(told, OUT "syn");
	assert_true(prog_flow(told, OUT "syn", &flow));
	assert_int_equal(flow.state, 0);
	out(told, OUT "ack");
	expect_timeout(told, LONG);
	/* a SYN of the host on a live flow: a new conversation, not yet established */
	out(told, OUT "syn urg");
	expect_timeout(told, TRANSITORY);
}

static void a_syn_begins_anew(void **state)
{
	(void)state;
	prog_tell(&prog, tell_anew);
}

/* Connections that were open before the gate was made go on. */
static void tell_pick_up(struct prog *told)
{
	static const char *const picked[] = { OUT "ack", OUT "ack psh data=100", OUT "ack urg" };
	static const char *const not_picked[] = { OUT "rst",     OUT "rst ack",
						  OUT "fin ack", OUT "fin ack urg",
						  OUT "syn ack", OUT "syn ack psh" };
	int family = told->family;
	unsigned int ways = told->ways, hooks[] = { told->hooks[0], told->hooks[1] };

	for (size_t i = 0; i < PROG_COUNT(not_picked); i++) {
		out(told, not_picked[i]);
		assert_int_equal(prog_flows(told), 0);
		prog_expect(told, IN "ack", OUTCOME_DROP_NO_RULE, NULL);
	}
	for (size_t i = 0; i < PROG_COUNT(picked); i++) {
		prog_reset(told);
		told->family = family;
		told->ways = ways;
		told->hooks[0] = hooks[0];
		told->hooks[1] = hooks[1];
		prog_expect(told, IN "ack", OUTCOME_DROP_NO_RULE, NULL);
		out(told, picked[i]);
		expect_timeout(told, LONG);
	}
	/* nor does what ends or answers bring a flow back that is over */
	prog_wait(told, LONG);
	for (size_t i = 0; i < PROG_COUNT(not_picked); i++) {
		out(told, not_picked[i]);
		prog_expect(told, IN "ack", OUTCOME_DROP_NO_RULE, NULL);
	}
}

static void open_connections_are_picked_up(void **state)
{
	(void)state;
	prog_tell(&prog, tell_pick_up);
}

/* An inbound packet that reverses a live flow marks it, whatever let it pass: here a rule. */
static void tell_marks(struct prog *told)
{
	struct flow flow;

	prog_expect(told, "out tcp HOST:5061 > PEER:5061 syn", OUTCOME_RULE, "web-out");
	prog_expect(told, "in tcp PEER:5061 > HOST:5061 syn ack", OUTCOME_RULE, "sip-in");
	prog_expect(told, "out tcp HOST:5061 > PEER:5061 ack", OUTCOME_RULE, "web-out");
	prog_expect(told, "out tcp HOST:5061 > PEER:5061 fin ack", OUTCOME_RULE, "web-out");
	assert_true(prog_flow(told, "out tcp HOST:5061 > PEER:5061", &flow));
	assert_int_equal(flow.state, FLOW_ESTABLISHED | FLOW_FIN_OUT);
	prog_expect(told, "in tcp PEER:5061 > HOST:5061 ack", OUTCOME_RULE, "sip-in");
	assert_true(prog_flow(told, "out tcp HOST:5061 > PEER:5061", &flow));
	assert_int_equal(flow.state, FLOW_ESTABLISHED | FLOW_FIN_OUT);
	prog_expect(told, "in tcp PEER:5061 > HOST:5061 fin ack", OUTCOME_RULE, "sip-in");
	assert_true(prog_flow(told, "out tcp HOST:5061 > PEER:5061", &flow));
	assert_int_equal(flow.state, FLOW_ESTABLISHED | FLOW_FIN_OUT | FLOW_FIN_IN);
	prog_expect(told, "in tcp PEER:5061 > HOST:5061 rst", OUTCOME_RULE, "sip-in");
	assert_true(prog_flow(told, "out tcp HOST:5061 > PEER:5061", &flow));
	assert_int_equal(flow.state, FLOW_ESTABLISHED | FLOW_FIN_OUT | FLOW_FIN_IN | FLOW_RST);
	/* one that is no reverse of it marks nothing */
	prog_expect(told, "out tcp HOST:40000 > PEER:443 ack", OUTCOME_RULE, "web-out");
	prog_expect(told, "in tcp OTHER:443 > HOST:40000 rst", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:5061 rst", OUTCOME_RULE, "sip-in");
	assert_true(prog_flow(told, "out tcp HOST:40000 > PEER:443", &flow));
	assert_int_equal(flow.state, FLOW_ESTABLISHED);
}

static void marks_are_left_whatever_let_it_pass(void **state)
{
	(void)state;
	prog_tell(&prog, tell_marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_leads_to_the_long_timeout),
		cmocka_unit_test(a_fin_each_way_ends_it),
		cmocka_unit_test(a_reset_ends_it_until_the_host_goes_on),
		cmocka_unit_test(a_syn_begins_anew),
		cmocka_unit_test(open_connections_are_picked_up),
		cmocka_unit_test(marks_are_left_whatever_let_it_pass),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
