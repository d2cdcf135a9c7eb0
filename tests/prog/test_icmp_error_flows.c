/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors and what they are about: they leave no trace in a flow and go with the policy; echoes,
 * settings, and rules for their types (spec 3.4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#define ERROR OUTCOME_PASS_ICMP_ERROR
#define UNRELATED OUTCOME_DROP_UNRELATED_ICMP
#define NO_RULE OUTCOME_DROP_NO_RULE
#define IN_ERROR "PING ROUTER > HOST type=UNREACHABLE "
#define OUT_ERROR "PING HOST > PEER type=UNREACHABLE "

#define RULES                                                                                      \
	"rules:\n"                                                                                 \
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"                           \
	"  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"                          \
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"                        \
	"  - {name: gre-in, direction: in, protocol: 47, to: [192.0.2.10, \"2001:db8::10\"],\n"    \
	"     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"                                          \
	"  - {name: partner-in, direction: in, protocol: udp, ports: 5000,\n"                      \
	"     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"                                          \
	"  - {name: tcp-out, direction: out, protocol: tcp, ports: 5061}\n"                        \
	"  - {name: udp-out, direction: out, protocol: udp, ports: 53}\n"                          \
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 3868}\n"                      \
	"  - {name: esp-out, direction: out, protocol: 50}\n"

static const char policy[] = "policy: errors\nflows: {timeouts: {udp: 5m, tcp: 1h}}\n" RULES;
static const char ping[] = "policy: errors-ping\nessentials: {ping: true}\n" RULES;
static const char off[] =
	"policy: errors-off\nessentials: {icmp-errors: false, ping: true}\n" RULES;
static const char without_rules[] =
	"policy: errors-other\n"
	"rules:\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: 80}\n";
static const char echo_rules[] =
	"policy: errors-echo\n"
	"rules:\n"
	"  - {name: echo-in, direction: in, protocol: icmp, types: [8], from: 198.51.100.7}\n"
	"  - {name: echo6-in, direction: in, protocol: icmpv6, types: [128], from: \"2001:db8:f::7\"}\n"
	"  - {name: icmp-out, direction: out, protocol: icmp, types: [8, 13]}\n"
	"  - {name: icmp6-out, direction: out, protocol: icmpv6, types: [128, 139]}\n";

PROG_FIXTURE(NULL);

static const char sent[] = "out udp HOST:40000 > PEER:53";

/* ---- flows --------------------------------------------------------------------------------------- */

static void expect_flow(struct prog *told, const char *words, const struct flow *flow)
{
	struct flow now;

	assert_true(prog_flow(told, words, &now));
	assert_memory_equal(&now, flow, sizeof(now));
	assert_int_equal(prog_flows(told), 1);
}

/* An error refreshes nothing: five minutes after the host's last packet it is over. */
static void tell_time(struct prog *told)
{
	static const char error[] = "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }";
	struct flow flow;

	prog_expect(told, sent, OUTCOME_RULE, "udp-out");
	assert_true(prog_flow(told, sent, &flow));
	prog_wait(told, 299);
	prog_expect(told, error, ERROR, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ udp PEER:53 > HOST:40000 }", ERROR, NULL);
	expect_flow(told, sent, &flow);
	told->now += PROG_HZ - 1;
	prog_expect(told, error, ERROR, NULL);
	told->now++;
	prog_expect(told, error, UNRELATED, NULL);
	prog_expect(told, "in udp PEER:53 > HOST:40000", NO_RULE, NULL);
	expect_flow(told, sent, &flow);
}

/* Nor do the flags in a quote mark one, whichever way it travels. */
static void tell_marks(struct prog *told)
{
	static const char *const flags[] = { "rst",     "rst ack", "fin ack",  "syn",
					     "syn ack", "ack",     "flags=00", "flags=ff" };
	static const char conversation[] = "out tcp HOST:40000 > PEER:5061 ack";
	char words[FRAME_TEXT_MAX];
	struct flow flow;

	for (int established = 0; established < 2; established++) {
		prog_expect(told, established ? conversation : "out tcp HOST:40000 > PEER:5061 syn",
			    OUTCOME_RULE, "tcp-out");
		assert_true(prog_flow(told, conversation, &flow));
		assert_int_equal(flow.state, established ? FLOW_ESTABLISHED : 0);
		prog_wait(told, 1);
		for (size_t i = 0; i < PROG_COUNT(flags); i++) {
			snprintf(words, sizeof(words),
				 "in " IN_ERROR "quote{ tcp HOST:40000 > PEER:5061 %s }", flags[i]);
			prog_expect(told, words, ERROR, NULL);
			expect_flow(told, conversation, &flow);
			snprintf(words, sizeof(words),
				 "out " OUT_ERROR "quote{ tcp PEER:5061 > HOST:40000 %s }",
				 flags[i]);
			prog_expect(told, words, ERROR, NULL);
			expect_flow(told, conversation, &flow);
		}
	}
}

/* And none is made, not even by an error that goes out. */
static void tell_none(struct prog *told)
{
	prog_expect(told, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }", UNRELATED, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ tcp HOST:443 > PEER:9 ack }", ERROR, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ tcp PEER:9 > HOST:443 syn }", ERROR, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ udp PEER:53 > HOST:40000 }", UNRELATED, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ udp HOST:40000 > PEER:53 } q:from=PEER",
		    UNRELATED, NULL);
	assert_int_equal(prog_flows(told), 0);
}

static void leave_no_trace(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_time);
	prog_tell(&prog, tell_marks);
	prog_tell(&prog, tell_none);
}

/* A flow that the policy in force doesn't allow relates nothing. */
static void tell_change(struct prog *told)
{
	static const char in[] = "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }";
	static const char out[] = "out " OUT_ERROR "quote{ udp PEER:53 > HOST:40000 }";

	prog_policy(told, policy);
	prog_expect(told, sent, OUTCOME_RULE, "udp-out");
	prog_policy(told, without_rules);
	prog_expect(told, in, UNRELATED, NULL);
	prog_expect(told, out, UNRELATED, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ tcp HOST:443 > PEER:9 ack }", UNRELATED, NULL);
	prog_rollback(told);
	prog_expect(told, in, ERROR, NULL);
	prog_expect(told, out, ERROR, NULL);
}

static void go_with_the_policy(void **state)
{
	(void)state;
	prog_tell(&prog, tell_change);
}

/* ---- echoes -------------------------------------------------------------------------------------- */

/* As ping: in, an echo request with a live flow, or an echo reply; out, any echo request. */
static void tell_ping(struct prog *told)
{
	static const char request[] = "in " IN_ERROR
				      "quote{ PING HOST > PEER type=REQUEST echo=7 }";

	prog_expect(told, request, UNRELATED, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", OUTCOME_PASS_PING, NULL);
	prog_expect(told, request, ERROR, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REQUEST echo=8 }", UNRELATED,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > OTHER type=REQUEST echo=7 }",
		    UNRELATED, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REPLY echo=9 }", ERROR,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING OTHER > PEER type=REPLY echo=9 }", UNRELATED,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REQUEST echo=9 }", ERROR,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REPLY echo=7 }", UNRELATED,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=13 echo=7 }", UNRELATED,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=13 echo=7 }", UNRELATED,
		    NULL);
	/* an error about an error */
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=UNREACHABLE echo=7 }",
		    UNRELATED, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=UNREACHABLE echo=7 }",
		    UNRELATED, NULL);
	assert_int_equal(prog_flows(told), 1);
	told->now += 60 * PROG_HZ - 1;
	prog_expect(told, request, ERROR, NULL);
	told->now++;
	prog_expect(told, request, UNRELATED, NULL);
}

static void tell_no_ping(struct prog *told)
{
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REQUEST echo=7 }", UNRELATED,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REPLY echo=7 }", UNRELATED,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REQUEST echo=7 }",
		    UNRELATED, NULL);
}

/* By rules: identifiers, flows and addresses are theirs. */
static void tell_echo_rules(struct prog *told)
{
	const char *rule = told->family == 4 ? "icmp-out" : "icmp6-out";
	const char *timestamp = told->family == 4 ? "out icmp HOST > PEER type=13 echo=7" :
						    "out icmpv6 HOST > PEER type=139 echo=7";

	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REQUEST echo=7 }", UNRELATED,
		    NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", OUTCOME_RULE, rule);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REQUEST echo=7 }", ERROR,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REQUEST echo=8 }", UNRELATED,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REPLY echo=7 }", ERROR,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REPLY echo=8 }", UNRELATED,
		    NULL);
	/* of ICMP only echo has a flow: what has the same number in the same place isn't in it */
	prog_expect(told, timestamp, OUTCOME_RULE, rule);
	prog_expect(told,
		    told->family == 4 ? "in " IN_ERROR "quote{ icmp HOST > PEER type=13 echo=7 }" :
					"in " IN_ERROR
					"quote{ icmpv6 HOST > PEER type=139 echo=7 }",
		    UNRELATED, NULL);
	/* what the rule for requests lets in, and the answers to it */
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > PEER type=REPLY echo=9 }", ERROR,
		    NULL);
	prog_expect(told, "in " IN_ERROR "quote{ PING HOST > OTHER type=REPLY echo=9 }", UNRELATED,
		    NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ PING PEER > HOST type=REQUEST echo=9 }", ERROR,
		    NULL);
	prog_expect(told,
		    "out PING HOST > OTHER type=UNREACHABLE"
		    " quote{ PING OTHER > HOST type=REQUEST echo=9 }",
		    UNRELATED, NULL);
}

static void about_echoes(void **state)
{
	(void)state;
	prog_policy(&prog, ping);
	prog_tell(&prog, tell_ping);
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_no_ping);
	prog_policy(&prog, echo_rules);
	prog_tell(&prog, tell_echo_rules);
}

/* ---- settings and rules -------------------------------------------------------------------------- */

static void off_they_are_packets_like_any_other(void **state)
{
	static const struct prog_case cases[] = {
		{ "in " IN_ERROR "quote{ tcp HOST:443 > PEER:9 ack }", NO_RULE, NULL },
		{ "in " IN_ERROR "quote{ PING HOST > PEER type=REPLY }", NO_RULE, NULL },
		{ "in " IN_ERROR "quote{ tcp HOST:444 > PEER:9 ack }", NO_RULE, NULL },
		{ "in " IN_ERROR "transport=8", NO_RULE, NULL },
		{ "out " OUT_ERROR "quote{ udp PEER:9 > HOST:3478 }", NO_RULE, NULL },
		{ "out " OUT_ERROR "quote{ udp PEER:9 > HOST:3479 }", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, off);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void a_rule_for_the_type_comes_first(void **state)
{
	static const char text[] =
		"policy: errors-rule\n" RULES
		"  - {name: icmp-in, direction: in, protocol: icmp, types: [3], from: 203.0.113.1}\n"
		"  - {name: icmp6-in, direction: in, protocol: icmpv6, types: [1], from: \"2001:db8:e::1\"}\n"
		"  - {name: redirect-in, direction: in, protocol: icmp, types: [redirect]}\n";
	static const struct prog_case cases[] = {
		{ "in icmp ROUTER > HOST type=3 transport=8", OUTCOME_RULE, "icmp-in" },
		{ "in icmp ROUTER > HOST type=3 quote{ tcp HOST:444 > PEER:9 ack }", OUTCOME_RULE,
		  "icmp-in" },
		{ "in icmp ROUTER > HOST type=3 quote{ tcp HOST:443 > PEER:9 ack }", OUTCOME_RULE,
		  "icmp-in" },
		{ "in icmp PEER > HOST type=3 quote{ tcp HOST:443 > PEER:9 ack }", ERROR, NULL },
		{ "in icmp PEER > HOST type=3 quote{ tcp HOST:444 > PEER:9 ack }", UNRELATED,
		  NULL },
		{ "in icmp ROUTER > HOST type=11 quote{ tcp HOST:444 > PEER:9 ack }", UNRELATED,
		  NULL },
		{ "in icmp ROUTER > HOST type=5 transport=16", OUTCOME_RULE, "redirect-in" },
		/* the rule's replies are echoes' only */
		{ "out icmp HOST > ROUTER type=3 quote{ tcp ROUTER:9 > HOST:444 }", UNRELATED,
		  NULL },
	};
	static const struct prog_case cases6[] = {
		{ "in icmpv6 2001:db8:e::1 > 2001:db8::10 type=1 transport=8", OUTCOME_RULE,
		  "icmp6-in" },
		{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=1"
		  " quote{ tcp [2001:db8::10]:443 > [2001:db8:f::7]:9 ack }",
		  ERROR, NULL },
		{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=1"
		  " quote{ tcp [2001:db8::10]:444 > [2001:db8:f::7]:9 ack }",
		  UNRELATED, NULL },
		{ "in icmpv6 2001:db8:e::1 > 2001:db8::10 type=2 transport=8", UNRELATED, NULL },
	};

	(void)state;
	prog_policy(&prog, text);
	prog_cases(&prog, cases, PROG_COUNT(cases));
	prog_cases(&prog, cases6, PROG_COUNT(cases6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leave_no_trace),
		cmocka_unit_test(go_with_the_policy),
		cmocka_unit_test(about_echoes),
		cmocka_unit_test(off_they_are_packets_like_any_other),
		cmocka_unit_test(a_rule_for_the_type_comes_first),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
