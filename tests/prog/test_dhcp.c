/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DHCP, of this host as a client: requests out; answers in only within 60 s of its own request of the
 * same family, by whatever that passed (spec 3.5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define NO_RULE OUTCOME_DROP_NO_RULE
#define DHCP OUTCOME_PASS_DHCP
#define MARTIAN OUTCOME_DROP_MARTIAN

#define ASK4 "out udp 0.0.0.0:68 > 255.255.255.255:67"
#define ANSWER4 "in udp 192.0.2.1:67 > 192.0.2.10:68"
#define ASK6 "out udp [fe80::10]:546 > [ff02::1:2]:547"
#define ANSWER6 "in udp [fe80::1]:547 > [fe80::10]:546"

static const char on[] = "policy: dhcp\n"
			 "rules:\n"
			 "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n";
static const char off[] = "policy: no-dhcp\n"
			  "essentials: {dhcp: false}\n"
			  "rules:\n"
			  "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n";

PROG_FIXTURE(NULL);

static void requests_go_out(void **state)
{
	static const struct prog_case cases[] = {
		{ ASK4, DHCP, NULL },
		{ ASK4 " data=300", DHCP, NULL },
		{ ASK4 " tag=8100", DHCP, NULL },
		{ ASK4 " tag=88a8 tag=8100", DHCP, NULL },
		{ ASK4 " options=01010101", DHCP, NULL },
		{ "out udp 192.0.2.10:68 > 192.0.2.1:67", DHCP, NULL },
		{ ASK6, DHCP, NULL },
		{ ASK6 " tag=8100", DHCP, NULL },
		{ ASK6 " dst", DHCP, NULL },
		{ "out udp [2001:db8::10]:546 > [2001:db8::1]:547", DHCP, NULL },
		/* as a server, or a relay */
		{ "out udp 192.0.2.10:67 > 192.0.2.77:68", NO_RULE, NULL },
		{ "out udp 192.0.2.10:67 > 192.0.2.1:67", NO_RULE, NULL },
		{ "out udp [fe80::10]:547 > [fe80::1]:546", NO_RULE, NULL },
		{ "out udp [fe80::10]:547 > [fe80::1]:547", NO_RULE, NULL },
		/* one thing changed */
		{ ASK4 " sport=69", NO_RULE, NULL },
		{ ASK4 " sport=67", NO_RULE, NULL },
		{ ASK4 " dport=68", NO_RULE, NULL },
		{ ASK4 " dport=66", NO_RULE, NULL },
		{ ASK4 " dport=17152", NO_RULE, NULL },
		{ ASK6 " sport=545", NO_RULE, NULL },
		{ ASK6 " dport=546", NO_RULE, NULL },
		{ ASK6 " dport=548", NO_RULE, NULL },
		{ "out tcp 192.0.2.10:68 > 192.0.2.1:67 syn", NO_RULE, NULL },
		{ "out sctp 192.0.2.10:68 > 192.0.2.1:67", NO_RULE, NULL },
		/* the other family's ports */
		{ "out udp 192.0.2.10:546 > 192.0.2.1:547", NO_RULE, NULL },
		{ "out udp [fe80::10]:68 > [ff02::1:2]:67", NO_RULE, NULL },
		{ ASK4 " udplen=7", OUTCOME_DROP_MALFORMED, NULL },
	};

	(void)state;
	prog_policy(&prog, on);
	prog_cases(&prog, cases, PROG_COUNT(cases));
	assert_int_equal(prog_flows(&prog), 0);
}

static void answers_come_in_to_a_request(void **state)
{
	static const char *const asked[] = { ASK4, ASK6, NULL };
	const struct prog_change table[] = {
		{ 4, "in", "udp 192.0.2.1:67 > 192.0.2.10:68 data=300", OUTCOME_UNDECIDED,
		  PROG_CHANGES("to=255.255.255.255", "from=10.9.8.7", "tag=8100",
			       "tag=88a8 tag=8100", "options=01010101", "mf data=304") },
		{ 4, "in", "udp 192.0.2.1:67 > 192.0.2.10:68", NO_RULE,
		  PROG_CHANGES("sport=68", "sport=66", "sport=547", "dport=67", "dport=69",
			       "dport=546", "sport=68 dport=67", "sport=17152") },
		{ 4, "in", "udp 192.0.2.1:67 > 192.0.2.10:68", MARTIAN,
		  PROG_CHANGES("from=0.0.0.0", "from=127.0.0.1", "from=255.255.255.255") },
		{ 6, "in", "udp [fe80::1]:547 > [fe80::10]:546", OUTCOME_UNDECIDED,
		  PROG_CHANGES("to=2001:db8::10", "from=febf::1", "tag=8100", "dst", "frag=0",
			       "frag+=0") },
		{ 6, "in", "udp [fe80::1]:547 > [fe80::10]:546", NO_RULE,
		  PROG_CHANGES("from=2001:db8::1", "from=fec0::1", "from=fe7f::1", "from=fd00::1",
			       "sport=546", "sport=548", "sport=67", "dport=547", "dport=545",
			       "dport=68") },
		{ 6, "in", "udp [fe80::1]:547 > [fe80::10]:546", MARTIAN,
		  PROG_CHANGES("from=::", "from=::1", "from=ff02::1:2") },
	};
	static const struct prog_case strangers[] = {
		{ ANSWER4, NO_RULE, NULL },
		{ ANSWER6, NO_RULE, NULL },
		/* what asks here is fine, and not let in: no server is */
		{ "in udp 0.0.0.0:68 > 255.255.255.255:67", NO_RULE, NULL },
		{ "in udp [fe80::1]:546 > [ff02::1:2]:547", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, on);
	prog.before = asked;
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog.before = NULL;
	prog_cases(&prog, strangers, PROG_COUNT(strangers));
	assert_int_equal(prog_flows(&prog), 0);
}

static void tell_time(struct prog *told)
{
	const char *ask = told->family == 4 ? ASK4 : ASK6;
	const char *answer = told->family == 4 ? ANSWER4 : ANSWER6;
	const char *other_answer = told->family == 4 ? ANSWER6 : ANSWER4;

	prog_expect(told, answer, NO_RULE, NULL);
	prog_expect(told, ask, DHCP, NULL);
	prog_expect(told, answer, DHCP, NULL);
	prog_expect(told, other_answer, NO_RULE, NULL); /* of the same family */
	told->now += 60 * PROG_HZ - 1;
	prog_expect(told, answer, DHCP, NULL);
	told->now++; /* an answer prolongs nothing */
	prog_expect(told, answer, NO_RULE, NULL);
	prog_expect(told, ask, DHCP, NULL);
	prog_wait(told, 59);
	prog_expect(told, ask, DHCP, NULL);
	prog_wait(told, 59);
	prog_expect(told, answer, DHCP, NULL);
	prog_wait(told, 1);
	prog_expect(told, answer, NO_RULE, NULL);
	/* nor does a request that comes in, or one that is dropped, count as the host's own */
	prog_expect(told,
		    told->family == 4 ? "in udp 0.0.0.0:68 > 255.255.255.255:67" :
					"in udp [fe80::1]:546 > [ff02::1:2]:547",
		    NO_RULE, NULL);
	prog_expect(told, told->family == 4 ? ASK4 " udplen=7" : ASK6 " udplen=7",
		    OUTCOME_DROP_MALFORMED, NULL);
	prog_expect(told, told->family == 4 ? ASK4 " offset=8" : ASK6 " frag=8",
		    OUTCOME_DROP_FRAGMENT, NULL);
	prog_expect(told, answer, NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 0);
}

static void for_sixty_seconds(void **state)
{
	(void)state;
	prog_policy(&prog, on);
	prog_tell(&prog, tell_time);
}

/* Whatever a request passed by: a rule with its flow, or as a service's answer. */
static void tell_rules(struct prog *told)
{
	bool four = told->family == 4;
	const char *ask = four ? "out udp 192.0.2.10:68 > 192.0.2.1:67" :
				 "out udp [fe80::10]:546 > [fe80::1]:547";

	prog_expect(told, four ? ANSWER4 : ANSWER6, NO_RULE, NULL);
	prog_expect(told, ask, OUTCOME_RULE, "dhcp-out");
	prog_expect(told, four ? ANSWER4 : ANSWER6, OUTCOME_REPLY, "dhcp-out");
	/* from a server whom nobody asked alone */
	prog_expect(told,
		    four ? "in udp 192.0.2.2:67 > 255.255.255.255:68" :
			   "in udp [fe80::2]:547 > [fe80::10]:546",
		    DHCP, NULL);
	prog_wait(told, 60);
	prog_expect(told,
		    four ? "in udp 192.0.2.2:67 > 255.255.255.255:68" :
			   "in udp [fe80::2]:547 > [fe80::10]:546",
		    NO_RULE, NULL);
	prog_expect(told, four ? ANSWER4 : ANSWER6, OUTCOME_REPLY, "dhcp-out");
}

static void tell_answer(struct prog *told)
{
	prog_expect(told, "out udp [2001:db8::10]:546 > [2001:db8::1]:547", OUTCOME_REPLY,
		    "odd-in");
	prog_expect(told, ANSWER6, DHCP, NULL);
	assert_int_equal(prog_flows(told), 0);
}

static void by_whatever_it_passed(void **state)
{
	(void)state;
	prog_policy(&prog,
		    "policy: dhcp-rule\n"
		    "rules:\n"
		    "  - {name: dhcp-out, direction: out, protocol: udp, ports: [67, 547]}\n");
	prog_tell(&prog, tell_rules);
	/* an in rule for the client's own port, to who asked from the global address only */
	prog_policy(
		&prog,
		"policy: dhcp-odd\n"
		"rules:\n"
		"  - {name: odd-in, direction: in, protocol: udp, ports: [68, 546],\n"
		"     from: [192.0.2.9, 192.0.2.1, \"2001:db8::1\"], to: [192.0.2.10, \"2001:db8::10\"]}\n");
	prog_reset(&prog);
	prog.family = 6;
	tell_answer(&prog);
}

/* Off: requests and answers are packets like any other, and 0.0.0.0 is a martian. */
static void tell_off(struct prog *told)
{
	const char *ask = told->family == 4 ? ASK4 : ASK6;
	const char *answer = told->family == 4 ? ANSWER4 : ANSWER6;

	prog_policy(told, on);
	prog_expect(told, ask, DHCP, NULL);
	prog_policy(told, off);
	prog_expect(told, answer, NO_RULE, NULL);
	prog_expect(told, "in udp 0.0.0.0:68 > 255.255.255.255:67", MARTIAN, NULL);
	prog_wait(told, 59);
	prog_expect(told, ask, NO_RULE, NULL);
	prog_rollback(told);
	/* the first request still counts, the one that was dropped doesn't */
	prog_expect(told, answer, DHCP, NULL);
	prog_expect(told, "in udp 0.0.0.0:68 > 255.255.255.255:67", NO_RULE, NULL);
	prog_wait(told, 1);
	prog_expect(told, answer, NO_RULE, NULL);
}

static void off_it_is_like_any_other(void **state)
{
	(void)state;
	prog_tell(&prog, tell_off);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_out),
		cmocka_unit_test(answers_come_in_to_a_request),
		cmocka_unit_test(for_sixty_seconds),
		cmocka_unit_test(by_whatever_it_passed),
		cmocka_unit_test(off_it_is_like_any_other),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
