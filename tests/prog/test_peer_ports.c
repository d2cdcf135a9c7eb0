/* SPDX-License-Identifier: GPL-2.0-only */
/* The port at the other end than `ports` (spec 1, 3.3), and the reason where it doesn't fit (3.8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#define ADDRESS OUTCOME_DROP_ADDRESS
#define NO_RULE OUTCOME_DROP_NO_RULE

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

static const char policy[] =
	"policy: peers\n"
	"rules:\n"
	"  - {name: stun-in, direction: in, protocol: udp, ports: 3478, peer-ports: 50000-59999}\n"
	"  - {name: list-in, direction: in, protocol: tcp, ports: 443, peer-ports: [80, 1024-2048, 65535, 1]}\n"
	"  - {name: relay-in, direction: in, protocol: udp, ports: 50000-59999, port-of: source,\n"
	"     peer-ports: 5000}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905, peer-ports: 2906}\n"
	"  - {name: stun-out, direction: out, protocol: udp, ports: 3480, peer-ports: 50000-59999}\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: 8443, peer-ports: [1024-2048, 80]}\n"
	"  - {name: relay-out, direction: out, protocol: tcp, ports: 50000-59999, port-of: source,\n"
	"     peer-ports: 7000-7001}\n";

/* Both bounds of each range, and what is next to them. */
static void by_the_other_end(void **state)
{
	static const struct prog_case cases[] = {
		{ "in udp PEER:50000 > HOST:3478", OUTCOME_RULE, "stun-in" },
		{ "in udp PEER:59999 > HOST:3478", OUTCOME_RULE, "stun-in" },
		{ "in udp PEER:49999 > HOST:3478", ADDRESS, NULL },
		{ "in udp PEER:60000 > HOST:3478", ADDRESS, NULL },
		{ "in udp PEER:3478 > HOST:3478", ADDRESS, NULL },
		{ "in udp PEER:50000 > HOST:3479", ADDRESS, NULL }, /* relay-in has that source */
		{ "in udp PEER:4000 > HOST:3479", NO_RULE, NULL },
		/* the other way round is the answer to relay-in at most */
		{ "in udp PEER:3478 > HOST:50000", NO_RULE, NULL },
		{ "in tcp PEER:1 > HOST:443 syn", OUTCOME_RULE, "list-in" },
		{ "in tcp PEER:2 > HOST:443 syn", ADDRESS, NULL },
		{ "in tcp PEER:79 > HOST:443 syn", ADDRESS, NULL },
		{ "in tcp PEER:80 > HOST:443 syn", OUTCOME_RULE, "list-in" },
		{ "in tcp PEER:81 > HOST:443 syn", ADDRESS, NULL },
		{ "in tcp PEER:1023 > HOST:443 ack", ADDRESS, NULL },
		{ "in tcp PEER:1024 > HOST:443 ack", OUTCOME_RULE, "list-in" },
		{ "in tcp PEER:2048 > HOST:443 rst", OUTCOME_RULE, "list-in" },
		{ "in tcp PEER:2049 > HOST:443 fin ack", ADDRESS, NULL },
		{ "in tcp PEER:65534 > HOST:443 syn", ADDRESS, NULL },
		{ "in tcp PEER:65535 > HOST:443 syn", OUTCOME_RULE, "list-in" },
		/* by the source: the other end is the destination */
		{ "in udp PEER:50000 > HOST:5000", OUTCOME_RULE, "relay-in" },
		{ "in udp PEER:59999 > HOST:5000", OUTCOME_RULE, "relay-in" },
		{ "in udp PEER:50000 > HOST:4999", ADDRESS, NULL },
		{ "in udp PEER:50000 > HOST:5001", ADDRESS, NULL },
		{ "in udp PEER:5000 > HOST:50000", NO_RULE, NULL },
		{ "in sctp PEER:2906 > HOST:2905 chunk=1", OUTCOME_RULE, "sctp-in" },
		{ "in sctp PEER:2905 > HOST:2905 chunk=1", ADDRESS, NULL },
		{ "out udp HOST:50000 > PEER:3480", OUTCOME_RULE, "stun-out" },
		{ "out udp HOST:59999 > PEER:3480", OUTCOME_RULE, "stun-out" },
		{ "out udp HOST:49999 > PEER:3480", ADDRESS, NULL },
		{ "out udp HOST:60000 > PEER:3480", ADDRESS, NULL },
		{ "out tcp HOST:2048 > PEER:8443 syn", OUTCOME_RULE, "web-out" },
		{ "out tcp HOST:2049 > PEER:8443 syn", ADDRESS, NULL },
		{ "out tcp HOST:80 > PEER:8443 ack", OUTCOME_RULE, "web-out" },
		{ "out tcp HOST:50000 > PEER:7001 syn", OUTCOME_RULE, "relay-out" },
		{ "out tcp HOST:50000 > PEER:7002 syn", ADDRESS, NULL },
		{ "out tcp HOST:7000 > PEER:50000 syn", NO_RULE, NULL },
		/* fragments have the first one's ports */
		{ "in udp PEER:50000 > HOST:3478 FIRST id=7", OUTCOME_RULE, "stun-in" },
		{ "in udp PEER:49999 > HOST:3478 FIRST id=7", ADDRESS, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* A service's answer goes back to the ports that the rule admits, and to no other. */
static void answers_of_a_service(void **state)
{
	static const struct prog_case cases[] = {
		{ "out udp HOST:3478 > PEER:50000", OUTCOME_REPLY, "stun-in" },
		{ "out udp HOST:3478 > PEER:59999", OUTCOME_REPLY, "stun-in" },
		{ "out udp HOST:3478 > PEER:49999", NO_RULE, NULL },
		{ "out udp HOST:3478 > PEER:60000", NO_RULE, NULL },
		{ "out tcp HOST:443 > PEER:80 syn ack", OUTCOME_REPLY, "list-in" },
		{ "out tcp HOST:443 > PEER:81 syn ack", NO_RULE, NULL },
		{ "out tcp HOST:443 > PEER:80 syn", NO_RULE, NULL },
		{ "out udp HOST:5000 > PEER:50000", OUTCOME_REPLY, "relay-in" },
		{ "out udp HOST:5001 > PEER:50000", NO_RULE, NULL },
		{ "out PING HOST > PEER type=UNREACHABLE quote{ udp PEER:50000 > HOST:3478 }",
		  OUTCOME_PASS_ICMP_ERROR, NULL },
		{ "out PING HOST > PEER type=UNREACHABLE quote{ udp PEER:49999 > HOST:3478 }",
		  OUTCOME_DROP_UNRELATED_ICMP, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* A flow lives while some rule matches its packet, with the port at the other end. */
static void tell_flows(struct prog *told)
{
	prog_policy(told, policy);
	prog_expect(told, "out udp HOST:50000 > PEER:3480", OUTCOME_RULE, "stun-out");
	prog_expect(told, "in udp PEER:3480 > HOST:50000", OUTCOME_REPLY, "stun-out");
	prog_expect(told, "in udp PEER:3480 > HOST:49999", NO_RULE, NULL);
	prog_expect(told, "out udp HOST:49999 > PEER:3480", ADDRESS, NULL);
	assert_int_equal(prog_flows(told), 1);
	prog_policy(told, "policy: narrower\n"
			  "rules:\n"
			  "  - {name: stun-out, direction: out, protocol: udp, ports: 3480,\n"
			  "     peer-ports: 50001-59999}\n");
	prog_expect(told, "in udp PEER:3480 > HOST:50000", NO_RULE, NULL);
	prog_expect(told, "out udp HOST:50000 > PEER:3480", ADDRESS, NULL);
	prog_rollback(told);
	prog_expect(told, "in udp PEER:3480 > HOST:50000", OUTCOME_REPLY, "stun-out");
}

static void flows_go_by_them_too(void **state)
{
	(void)state;
	prog_tell(&prog, tell_flows);
}

static void the_first_in_the_file(void **state)
{
	static const struct prog_case cases[] = {
		{ "in udp PEER:1500 > HOST:100", OUTCOME_RULE, "narrow" },
		{ "in udp OTHER:1500 > HOST:100", OUTCOME_RULE, "wide" },
		{ "in udp PEER:2500 > HOST:100", OUTCOME_RULE, "next" },
		{ "in udp PEER:9 > HOST:100", OUTCOME_RULE, "wide" },
		/* a rule by the source that stands later */
		{ "in udp PEER:200 > HOST:300", OUTCOME_RULE, "by-source" },
		{ "in udp PEER:200 > HOST:100", OUTCOME_RULE, "wide" },
		{ "in udp PEER:200 > HOST:301", ADDRESS, NULL },
	};

	(void)state;
	prog_policy(
		&prog,
		"policy: order\n"
		"rules:\n"
		"  - {name: narrow, direction: in, protocol: udp, ports: 100, peer-ports: 1000-2000,\n"
		"     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"
		"  - {name: next, direction: in, protocol: udp, ports: 100, peer-ports: 2001-3000}\n"
		"  - {name: wide, direction: in, protocol: udp, ports: 100}\n"
		"  - {name: by-source, direction: in, protocol: udp, ports: 200, port-of: source,\n"
		"     peer-ports: [100, 300]}\n");
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* As many ranges as a rule may have, and as many as a policy may: the last one counts too. */
static void as_many_as_there_may_be(void **state)
{
	static char text[65536];
	size_t at = (size_t)snprintf(text, sizeof(text), "policy: many\nrules:\n");
	char words[100];

	(void)state;
	for (unsigned int rule = 0; rule < 126; rule++) {
		at += (size_t)snprintf(
			text + at, sizeof(text) - at,
			"  - {name: r%u, direction: in, protocol: udp, ports: %u, peer-ports: [",
			rule, 1000 + rule);
		for (unsigned int i = 0; i < PEER_RANGES_MAX; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i ? "," : "",
					       2 + i * 2);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "]}\n");
	}
	assert_true(at < sizeof(text));
	prog_policy(&prog, text);
	prog_reset(&prog);
	for (unsigned int rule = 0; rule < 126; rule += 125) {
		char name[16];

		snprintf(name, sizeof(name), "r%u", rule);
		for (unsigned int port = 1; port <= 131; port++) {
			bool fits = port % 2 == 0 && port <= 128;

			snprintf(words, sizeof(words), "in udp PEER:%u > HOST:%u", port,
				 1000 + rule);
			prog_expect(&prog, words, fits ? OUTCOME_RULE : ADDRESS,
				    fits ? name : NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_other_end),        cmocka_unit_test(answers_of_a_service),
		cmocka_unit_test(flows_go_by_them_too),    cmocka_unit_test(the_first_in_the_file),
		cmocka_unit_test(as_many_as_there_may_be),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
