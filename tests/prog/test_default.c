/* SPDX-License-Identifier: GPL-2.0-only */
/* The built-in default policy, row by row of the vendor's port table, on the real programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

static struct prog prog;

static int open_default(void **state)
{
	(void)state;
	prog_open(&prog, false);
	prog_policies(&prog, NULL, 0);
	return 0;
}

static int close_default(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

static void every_row_lets_its_packets_pass(void **state)
{
	static const struct prog_case cases[] = {
		{ "in tcp PEER:40000 > HOST:5061 syn", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "in tcp PEER:40000 > HOST:5061 ack psh data=100", OUTCOME_RULE,
		  "access-sip-mtls-in" },
		{ "in tcp PEER:40000 > HOST:5061 fin ack", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "in tcp PEER:40000 > HOST:5061 rst", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "in tcp PEER:1 > HOST:5061 syn", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "in tcp PEER:65535 > HOST:5061 syn", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "out tcp HOST:40000 > PEER:5061 syn", OUTCOME_RULE, "access-sip-mtls-out" },
		{ "out tcp HOST:40000 > PEER:5061 ack", OUTCOME_RULE, "access-sip-mtls-out" },
		{ "in tcp PEER:40000 > HOST:443 syn", OUTCOME_RULE, "access-sip-tls-in" },
		{ "in tcp PEER:40000 > HOST:443 ack data=1000", OUTCOME_RULE, "access-sip-tls-in" },
		{ "out tcp HOST:40000 > PEER:50000 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out tcp HOST:40000 > PEER:55555 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out tcp HOST:40000 > PEER:59999 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out udp HOST:40000 > PEER:3478", OUTCOME_RULE, "av-stun-out" },
		{ "out udp HOST:40000 > PEER:3478 data=0", OUTCOME_RULE, "av-stun-out" },
		{ "in udp PEER:40000 > HOST:3478", OUTCOME_RULE, "av-stun-in" },
	};

	(void)state;
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* The answers of services need no memory. */
static void services_answer(void **state)
{
	static const struct prog_case cases[] = {
		{ "out tcp HOST:5061 > PEER:40000 syn ack", OUTCOME_REPLY, "access-sip-mtls-in" },
		{ "out tcp HOST:5061 > PEER:40000 ack", OUTCOME_REPLY, "access-sip-mtls-in" },
		{ "out tcp HOST:5061 > PEER:40000 fin ack", OUTCOME_REPLY, "access-sip-mtls-in" },
		{ "out tcp HOST:5061 > PEER:40000 rst", OUTCOME_REPLY, "access-sip-mtls-in" },
		{ "out tcp HOST:443 > PEER:40000 syn ack", OUTCOME_REPLY, "access-sip-tls-in" },
		{ "out tcp HOST:443 > PEER:40000 ack data=1400", OUTCOME_REPLY,
		  "access-sip-tls-in" },
		{ "out udp HOST:3478 > PEER:40000", OUTCOME_REPLY, "av-stun-in" },
		/* but a service opens nothing */
		{ "out tcp HOST:5061 > PEER:40000 syn", OUTCOME_DROP_NO_RULE, NULL },
		{ "out tcp HOST:443 > PEER:40000 syn", OUTCOME_DROP_NO_RULE, NULL },
	};

	(void)state;
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
	assert_int_equal(prog_flows(&prog), 0);
}

static void whatever_stands_beside_a_row_is_dropped(void **state)
{
	static const char *const frames[] = {
		/* its neighbouring ports */
		"in tcp PEER:40000 > HOST:5060 syn",
		"in tcp PEER:40000 > HOST:5062 syn",
		"out tcp HOST:40000 > PEER:5060 syn",
		"out tcp HOST:40000 > PEER:5062 syn",
		"in tcp PEER:40000 > HOST:442 syn",
		"in tcp PEER:40000 > HOST:444 syn",
		"out tcp HOST:40000 > PEER:49999 syn",
		"out tcp HOST:40000 > PEER:60000 syn",
		"out udp HOST:40000 > PEER:3477",
		"out udp HOST:40000 > PEER:3479",
		"in udp PEER:40000 > HOST:3477",
		"in udp PEER:40000 > HOST:3479",
		"in tcp PEER:40000 > HOST:1 syn",
		"in tcp PEER:40000 > HOST:65535 syn",
		/* the same port byte by byte the wrong way round: 5061 is 0x13c5, 443 is 0x01bb */
		"in tcp PEER:40000 > HOST:50451 syn",
		"in tcp PEER:40000 > HOST:47873 syn",
		/* another protocol */
		"in udp PEER:40000 > HOST:5061",
		"in sctp PEER:40000 > HOST:5061 chunk=1",
		"out udp HOST:40000 > PEER:5061",
		"in udp PEER:40000 > HOST:443",
		"out udp HOST:40000 > PEER:50000",
		"out udp HOST:40000 > PEER:59999",
		"out tcp HOST:40000 > PEER:3478 syn",
		"in tcp PEER:40000 > HOST:3478 syn",
		"in sctp PEER:40000 > HOST:3478",
		"in 33 PEER > HOST",
		"out 33 HOST > PEER",
		/* the other direction */
		"out tcp HOST:40000 > PEER:443 syn",
		"in tcp PEER:40000 > HOST:50000 syn",
		"in tcp PEER:40000 > HOST:59999 syn",
		/* the row's port at the other end */
		"in tcp PEER:5061 > HOST:40000 syn",
		"in tcp PEER:443 > HOST:40000 syn",
		"out tcp HOST:50000 > PEER:40000 syn",
		"in udp PEER:40000 > HOST:40000",
		/* what would be the reply to something that was never sent */
		"in tcp PEER:5061 > HOST:40000 syn ack",
		"in tcp PEER:5061 > HOST:40000 ack",
		"in tcp PEER:5061 > HOST:40000 rst ack",
		"in tcp PEER:50000 > HOST:40000 syn ack",
		"in udp PEER:3478 > HOST:40000",
		/* what is no essential unless the policy says so */
		"in PING PEER > HOST type=REQUEST",
		"out PING HOST > PEER type=REQUEST",
		"in PING PEER > HOST type=REPLY",
	};
	static const struct prog_case errors[] = {
		{ "in PING PEER > HOST type=3", OUTCOME_DROP_UNRELATED_ICMP, NULL },
		{ "in PING PEER > HOST type=UNREACHABLE quote{ tcp HOST:40000 > PEER:5061 }",
		  OUTCOME_DROP_UNRELATED_ICMP, NULL },
		{ "in PING PEER > HOST type=UNREACHABLE quote{ tcp HOST:5061 > PEER:40000 }",
		  OUTCOME_PASS_ICMP_ERROR, NULL },
	};
	struct prog_case cases[PROG_COUNT(frames)];

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(frames); i++)
		cases[i] = (struct prog_case){ frames[i], OUTCOME_DROP_NO_RULE, NULL };
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
	prog_cases_everywhere(&prog, errors, PROG_COUNT(errors));
}

static void tell_replies(struct prog *told)
{
	static const struct {
		const char *out, *in, *rule;
	} rows[] = {
		{ "out tcp HOST:40000 > PEER:5061 syn", "in tcp PEER:5061 > HOST:40000 syn ack",
		  "access-sip-mtls-out" },
		{ "out tcp HOST:40001 > PEER:50000 syn", "in tcp PEER:50000 > HOST:40001 rst ack",
		  "av-rtp-out" },
		{ "out tcp HOST:443 > PEER:59999 syn", "in tcp PEER:59999 > HOST:443 syn ack",
		  NULL },
		{ "out udp HOST:40000 > PEER:3478", "in udp PEER:3478 > HOST:40000",
		  "av-stun-out" },
	};

	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		/* the third comes in by the rule for 443 all the same */
		bool by_rule = !rows[i].rule;

		prog_expect(told, rows[i].in, by_rule ? OUTCOME_RULE : OUTCOME_DROP_NO_RULE,
			    by_rule ? "access-sip-tls-in" : NULL);
		prog_expect(told, rows[i].out, OUTCOME_RULE, by_rule ? "av-rtp-out" : rows[i].rule);
		prog_expect(told, rows[i].in, by_rule ? OUTCOME_RULE : OUTCOME_REPLY,
			    by_rule ? "access-sip-tls-in" : rows[i].rule);
	}
	assert_int_equal(prog_flows(told), PROG_COUNT(rows));
}

static void replies_come_back_to_what_was_sent(void **state)
{
	(void)state;
	prog_tell(&prog, tell_replies);
}

/*
 * A host that answers strangers on a port makes no flows for them, whatever port they come from: a SYN
 * flood from 50000-59999, which av-rtp-out names, stays free of state.
 */
static void tell_flood(struct prog *told)
{
	prog_expect(told, "in tcp PEER:50001 > HOST:443 syn", OUTCOME_RULE, "access-sip-tls-in");
	prog_expect(told, "out tcp HOST:443 > PEER:50001 syn ack", OUTCOME_REPLY,
		    "access-sip-tls-in");
	prog_expect(told, "out tcp HOST:443 > PEER:50001 rst ack", OUTCOME_REPLY,
		    "access-sip-tls-in");
	prog_expect(told, "in tcp PEER:50002 > HOST:443 ack", OUTCOME_RULE, "access-sip-tls-in");
	prog_expect(told, "out tcp HOST:443 > PEER:50002 ack", OUTCOME_REPLY, "access-sip-tls-in");
	prog_expect(told, "out tcp HOST:443 > PEER:50002 fin ack", OUTCOME_REPLY,
		    "access-sip-tls-in");
	assert_int_equal(prog_flows(told), 0);
	/* what the host opens itself has a flow, and that comes first from then on */
	prog_expect(told, "out tcp HOST:443 > PEER:50003 syn", OUTCOME_RULE, "av-rtp-out");
	prog_expect(told, "out tcp HOST:443 > PEER:50003 ack", OUTCOME_RULE, "av-rtp-out");
	assert_int_equal(prog_flows(told), 1);
}

static void a_flood_leaves_no_state(void **state)
{
	(void)state;
	prog_tell(&prog, tell_flood);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_lets_its_packets_pass),
		cmocka_unit_test(services_answer),
		cmocka_unit_test(whatever_stands_beside_a_row_is_dropped),
		cmocka_unit_test(replies_come_back_to_what_was_sent),
		cmocka_unit_test(a_flood_leaves_no_state),
	};

	return cmocka_run_group_tests(tests, open_default, close_default);
}
