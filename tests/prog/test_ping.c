/* SPDX-License-Identifier: GPL-2.0-only */
/* Ping: echo requests both ways, and the replies to them (spec 3.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define NO_RULE OUTCOME_DROP_NO_RULE
#define PING OUTCOME_PASS_PING

static const char on[] = "policy: ping\n"
			 "essentials: {ping: true}\n"
			 "flows: {timeouts: {icmp: 20s, udp: 5m}}\n"
			 "rules:\n"
			 "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n";
static const char off[] = "policy: no-ping\n"
			  "rules:\n"
			  "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n";
static const char with_rules[] =
	"policy: ping-rules\n"
	"essentials: {ping: true}\n"
	"rules:\n"
	"  - {name: echo-in, direction: in, protocol: icmp, types: [echo-request], from: 198.51.100.7}\n"
	"  - {name: echo6-in, direction: in, protocol: icmpv6, types: [128], from: \"2001:db8:f::7\"}\n"
	"  - {name: echo-out, direction: out, protocol: icmp, types: [8], to: 198.51.100.7}\n"
	"  - {name: echo6-out, direction: out, protocol: icmpv6, types: [128], to: \"2001:db8:f::7\"}\n";

PROG_FIXTURE(NULL);

static const struct prog_case frames[] = {
	{ "in PING PEER > HOST type=REQUEST echo=7", PING, NULL },
	{ "in PING PEER > HOST type=REQUEST echo=7 data=0", PING, NULL },
	{ "in PING PEER > HOST type=REQUEST code=1", PING, NULL },
	{ "out PING HOST > PEER type=REQUEST echo=7", PING, NULL },
	{ "out PING HOST > PEER type=REPLY echo=7", PING, NULL },
	/* no request went out */
	{ "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL },
	/* other types, and the other family's numbers: 9, 10 and 13 are in both none of them */
	{ "in PING PEER > HOST type=9", NO_RULE, NULL },
	{ "out PING HOST > PEER type=10", NO_RULE, NULL },
	{ "in PING PEER > HOST type=13", NO_RULE, NULL },
	{ "in PING PEER > HOST type=7", NO_RULE, NULL },
	{ "in PING PEER > HOST type=127", NO_RULE, NULL },
	{ "in PING PEER > HOST type=130", NO_RULE, NULL },
	/* nor any other protocol */
	{ "in 47 PEER > HOST", NO_RULE, NULL },
	{ "in udp PEER:8 > HOST:8", NO_RULE, NULL },
	{ "in PING PEER > HOST type=REQUEST transport=7", OUTCOME_DROP_MALFORMED, NULL },
};

static const struct prog_case crossed[] = {
	{ "in icmp 198.51.100.7 > 192.0.2.10 type=128", NO_RULE, NULL },
	{ "out icmp 192.0.2.10 > 198.51.100.7 type=129", NO_RULE, NULL },
	{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=8", NO_RULE, NULL },
	{ "out icmpv6 2001:db8::10 > 2001:db8:f::7 type=0", NO_RULE, NULL },
	{ "in 58 198.51.100.7 > 192.0.2.10 type=128", NO_RULE, NULL },
	{ "in 1 2001:db8:f::7 > 2001:db8::10 type=8", NO_RULE, NULL },
	{ "out 58 192.0.2.10 > 198.51.100.7 type=128", NO_RULE, NULL },
	/* its extension headers don't hide it */
	{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=128 hop dst frag=0", PING, NULL },
	{ "in icmpv6 :: > 2001:db8::10 type=128", OUTCOME_DROP_MARTIAN, NULL },
	{ "in icmp 0.0.0.0 > 192.0.2.10 type=8", OUTCOME_DROP_MARTIAN, NULL },
};

static void passes_if_it_is_on(void **state)
{
	(void)state;
	prog_policy(&prog, on);
	prog_cases_everywhere(&prog, frames, PROG_COUNT(frames));
	prog_cases(&prog, crossed, PROG_COUNT(crossed));
}

static void is_off_unless_the_policy_says_so(void **state)
{
	struct prog_case cases[PROG_COUNT(frames)];

	(void)state;
	prog_policy(&prog, off);
	for (size_t i = 0; i < PROG_COUNT(frames); i++) {
		cases[i] = frames[i];
		if (cases[i].outcome == PING)
			cases[i].outcome = NO_RULE;
	}
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
	assert_int_equal(prog_flows(&prog), 0);
}

/* A reply comes back to the host's own request, by its identifier and both addresses. */
static void tell_replies(struct prog *told)
{
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", PING, NULL);
	assert_int_equal(prog_flows(told), 1);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7 FIRST", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=8", NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=1792", NO_RULE, NULL);
	prog_expect(told, "in PING OTHER > HOST type=REPLY echo=7", NO_RULE, NULL);
	prog_expect(told, "in PING PEER > OTHER type=REPLY echo=7", NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=13 echo=7", NO_RULE, NULL);
	/* a second one, beside the first */
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=8", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=8", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", PING, NULL);
	assert_int_equal(prog_flows(told), 2);
}

static void replies_come_back_to_what_was_asked(void **state)
{
	(void)state;
	prog_policy(&prog, on);
	prog_tell(&prog, tell_replies);
}

/* What comes in, request or reply, makes no flow and prolongs none; nor does a reply that goes out. */
static void tell_time(struct prog *told)
{
	struct flow flow;

	prog_expect(told, "in PING PEER > HOST type=REQUEST echo=7", PING, NULL);
	prog_expect(told, "out PING HOST > PEER type=REPLY echo=7", PING, NULL);
	assert_int_equal(prog_flows(told), 0);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", PING, NULL);
	told->now += 20 * PROG_HZ - 1;
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REQUEST echo=7", PING, NULL);
	prog_expect(told, "out PING HOST > PEER type=REPLY echo=7", PING, NULL);
	told->now++;
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL);
	/* another request begins anew */
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", PING, NULL);
	assert_true(prog_flow(told, "out PING HOST > PEER type=REQUEST echo=7", &flow));
	assert_int_equal(flow.created, told->now);
	prog_wait(told, 19);
	/* and one in time goes on with it */
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", PING, NULL);
	assert_true(prog_flow(told, "out PING HOST > PEER type=REQUEST echo=7", &flow));
	assert_int_equal(flow.created, told->now - 19 * PROG_HZ);
	assert_int_equal(flow.last_seen, told->now);
	prog_wait(told, 19);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", PING, NULL);
	prog_wait(told, 1);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
}

static void for_as_long_as_the_policy_says(void **state)
{
	(void)state;
	prog_policy(&prog, on);
	prog_tell(&prog, tell_time);
}

static const char *echo(const struct prog *told, const char *four, const char *six)
{
	return told->family == 4 ? four : six;
}

static void tell_rules(struct prog *told)
{
	const char *in = echo(told, "echo-in", "echo6-in");
	const char *out = echo(told, "echo-out", "echo6-out");

	prog_expect(told, "in PING PEER > HOST type=REQUEST echo=7", OUTCOME_RULE, in);
	prog_expect(told, "out PING HOST > PEER type=REPLY echo=7", OUTCOME_REPLY, in);
	prog_expect(told, "in PING OTHER > HOST type=REQUEST echo=7", PING, NULL);
	prog_expect(told, "out PING HOST > OTHER type=REPLY echo=7", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", OUTCOME_RULE, out);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", OUTCOME_REPLY, out);
	prog_expect(told, "out PING HOST > OTHER type=REQUEST echo=7", PING, NULL);
	prog_expect(told, "in PING OTHER > HOST type=REPLY echo=7", PING, NULL);
}

static void a_rule_comes_first(void **state)
{
	(void)state;
	prog_policy(&prog, with_rules);
	prog_tell(&prog, tell_rules);
}

/* A policy without it takes the passage; one with it gives it back, for what the timeout has left. */
static void tell_change(struct prog *told)
{
	prog_policy(told, on);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", PING, NULL);
	prog_policy(told, off);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", NO_RULE, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=9", NO_RULE, NULL);
	prog_wait(told, 19);
	prog_rollback(told);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=9", NO_RULE, NULL);
}

static void goes_with_the_policy(void **state)
{
	(void)state;
	prog_tell(&prog, tell_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_if_it_is_on),
		cmocka_unit_test(is_off_unless_the_policy_says_so),
		cmocka_unit_test(replies_come_back_to_what_was_asked),
		cmocka_unit_test(for_as_long_as_the_policy_says),
		cmocka_unit_test(a_rule_comes_first),
		cmocka_unit_test(goes_with_the_policy),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
