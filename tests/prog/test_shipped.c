/* SPDX-License-Identifier: GPL-2.0-only */
/* The other shipped policies: relayed media, by the source's port, and what a server itself needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

static struct prog prog;

static int open_shipped(void **state)
{
	const char *const names[] = { "lync-2013-public-im-relay", "host-basics" };

	(void)state;
	prog_open(&prog, false);
	prog_policies(&prog, names, PROG_COUNT(names));
	return 0;
}

static int close_shipped(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

static void every_rule_lets_its_packets_pass(void **state)
{
	static const struct prog_case cases[] = {
		{ "in tcp PEER:40000 > HOST:5061 syn", OUTCOME_RULE, "access-sip-mtls-in" },
		{ "out tcp HOST:40000 > PEER:5061 syn", OUTCOME_RULE, "access-sip-mtls-out" },
		{ "in tcp PEER:40000 > HOST:443 syn", OUTCOME_RULE, "access-sip-tls-in" },
		/* the one row that differs from the default: 50000-59999 is the host's own port */
		{ "out tcp HOST:50000 > PEER:443 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out tcp HOST:55555 > PEER:1 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out tcp HOST:59999 > PEER:65535 syn", OUTCOME_RULE, "av-rtp-out" },
		{ "out udp HOST:40000 > PEER:3478", OUTCOME_RULE, "av-stun-out" },
		{ "in udp PEER:40000 > HOST:3478", OUTCOME_RULE, "av-stun-in" },
		{ "out udp HOST:40000 > PEER:53", OUTCOME_RULE, "dns-udp-out" },
		{ "out tcp HOST:40000 > PEER:53 syn", OUTCOME_RULE, "dns-tcp-out" },
		{ "out udp HOST:123 > PEER:123", OUTCOME_RULE, "ntp-out" },
		{ "out tcp HOST:40000 > PEER:80 syn", OUTCOME_RULE, "http-revocation-out" },
		/* two rules take it: the first in the file does */
		{ "out tcp HOST:50000 > PEER:5061 syn", OUTCOME_RULE, "access-sip-mtls-out" },
		{ "out tcp HOST:50000 > PEER:53 syn", OUTCOME_RULE, "av-rtp-out" },
	};

	(void)state;
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void whatever_stands_beside_a_rule_is_dropped(void **state)
{
	static const char *const frames[] = {
		"out tcp HOST:49999 > PEER:443 syn",    "out tcp HOST:60000 > PEER:443 syn",
		"out tcp HOST:40000 > PEER:50000 syn",  "out tcp HOST:40000 > PEER:59999 syn",
		"out udp HOST:50000 > PEER:443",        "out sctp HOST:50000 > PEER:443 chunk=1",
		"in tcp PEER:50000 > HOST:80 syn",      "in tcp PEER:40000 > HOST:50000 syn",
		"in tcp PEER:443 > HOST:50000 syn ack", "in tcp PEER:443 > HOST:50000 ack",
		"out udp HOST:40000 > PEER:52",         "out udp HOST:40000 > PEER:54",
		"out tcp HOST:40000 > PEER:52 syn",     "out tcp HOST:40000 > PEER:54 syn",
		"in udp PEER:40000 > HOST:53",          "in tcp PEER:40000 > HOST:53 syn",
		"in udp PEER:53 > HOST:40000",          "in tcp PEER:53 > HOST:40000 syn ack",
		"out udp HOST:40000 > PEER:122",        "out udp HOST:40000 > PEER:124",
		"out tcp HOST:40000 > PEER:123 syn",    "in udp PEER:123 > HOST:123",
		"out tcp HOST:40000 > PEER:79 syn",     "out tcp HOST:40000 > PEER:81 syn",
		"out udp HOST:40000 > PEER:80",         "in tcp PEER:40000 > HOST:80 syn",
		"in tcp PEER:80 > HOST:40000 syn ack",
	};
	struct prog_case cases[PROG_COUNT(frames)];

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(frames); i++)
		cases[i] = (struct prog_case){ frames[i], OUTCOME_DROP_NO_RULE, NULL };
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void tell_replies(struct prog *told)
{
	static const struct {
		const char *out, *in, *rule;
	} rows[] = {
		{ "out tcp HOST:50000 > PEER:443 syn", "in tcp PEER:443 > HOST:50000 syn ack",
		  "av-rtp-out" },
		{ "out tcp HOST:59999 > PEER:1 syn", "in tcp PEER:1 > HOST:59999 rst ack",
		  "av-rtp-out" },
		{ "out udp HOST:40000 > PEER:53", "in udp PEER:53 > HOST:40000", "dns-udp-out" },
		{ "out tcp HOST:40000 > PEER:53 syn", "in tcp PEER:53 > HOST:40000 syn ack",
		  "dns-tcp-out" },
		{ "out udp HOST:123 > PEER:123", "in udp PEER:123 > HOST:123", "ntp-out" },
		{ "out tcp HOST:40000 > PEER:80 syn", "in tcp PEER:80 > HOST:40000 syn ack",
		  "http-revocation-out" },
		{ "out tcp HOST:40000 > PEER:5061 syn", "in tcp PEER:5061 > HOST:40000 syn ack",
		  "access-sip-mtls-out" },
	};

	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		prog_expect(told, rows[i].in, OUTCOME_DROP_NO_RULE, NULL);
		prog_expect(told, rows[i].out, OUTCOME_RULE, rows[i].rule);
		prog_expect(told, rows[i].in, OUTCOME_REPLY, rows[i].rule);
	}
	assert_int_equal(prog_flows(told), PROG_COUNT(rows));
}

static void replies_come_back_to_what_was_sent(void **state)
{
	(void)state;
	prog_tell(&prog, tell_replies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_lets_its_packets_pass),
		cmocka_unit_test(whatever_stands_beside_a_rule_is_dropped),
		cmocka_unit_test(replies_come_back_to_what_was_sent),
	};

	return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
