/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate as a whole: modes, the state word, a change of policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define NO_RULE OUTCOME_DROP_NO_RULE

static const char first[] = "policy: first\n"
			    "rules:\n"
			    "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n"
			    "  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"
			    "  - {name: web-out, direction: out, protocol: tcp, ports: 80}\n";
static const char second[] = "policy: second\n"
			     "rules:\n"
			     "  - {name: mail-in, direction: in, protocol: tcp, ports: 25}\n";
/* as the first, said differently: the flow is another rule's, and only to one peer */
static const char third[] =
	"policy: third\n"
	"rules:\n"
	"  - {name: any-udp-out, direction: out, protocol: udp, ports: 1-65535,\n"
	"     to: [198.51.100.7, \"2001:db8:f::7\"]}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53, to: 10.0.0.1}\n";

PROG_FIXTURE(NULL);

/* One of each kind. */
static const struct prog_case kinds[] = {
	{ "in tcp 198.51.100.7:9 > 192.0.2.10:443 syn", OUTCOME_RULE, "web-in" },
	{ "out tcp 192.0.2.10:443 > 198.51.100.7:9 ack", OUTCOME_REPLY, "web-in" },
	{ "out udp [2001:db8::10]:9 > [2001:db8::53]:53", OUTCOME_RULE, "dns-out" },
	{ "in arp", OUTCOME_PASS_ARP, NULL },
	{ "in eth 01:80:c2:00:00:02 8809", OUTCOME_PASS_LINK_CONTROL, NULL },
	{ "in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16",
	  OUTCOME_PASS_NEIGHBOR_DISCOVERY, NULL },
	{ "in tcp 198.51.100.7:9 > 192.0.2.10:443 syn ihl=4", OUTCOME_DROP_MALFORMED, NULL },
	{ "in tcp 127.0.0.1:9 > 192.0.2.10:443 syn", OUTCOME_DROP_MARTIAN, NULL },
	{ "in tcp 198.51.100.7:9 > 192.0.2.10:443 syn fin", OUTCOME_DROP_BAD_TCP_FLAGS, NULL },
	{ "in tcp [2001:db8::1]:9 > [2001:db8::10]:443 syn dst hop", OUTCOME_DROP_EXTENSION_HEADER,
	  NULL },
	{ "out eth 02:00:00:00:00:01 8847", OUTCOME_DROP_ETHERTYPE, NULL },
	{ "out udp 192.0.2.10:9 > 198.51.100.7:53 offset=16", OUTCOME_DROP_FRAGMENT, NULL },
	{ "out icmp 192.0.2.10 > 198.51.100.7 type=3 quote{ tcp 198.51.100.7:9 > 192.0.2.10:443 }",
	  OUTCOME_PASS_ICMP_ERROR, NULL },
	{ "out icmp 192.0.2.10 > 198.51.100.7 type=3 quote{ tcp 198.51.100.7:9 > 192.0.2.10:22 }",
	  OUTCOME_DROP_UNRELATED_ICMP, NULL },
	{ "out udp 0.0.0.0:68 > 255.255.255.255:67", OUTCOME_PASS_DHCP, NULL },
	{ "in tcp 198.51.100.7:9 > 192.0.2.10:22 syn", NO_RULE, NULL },
};

/* Everything is judged and counted as in enforce; only nothing is dropped (prog_run() sees to that). */
static void monitor_drops_nothing(void **state)
{
	(void)state;
	prog_policy(&prog, first);
	prog_cases(&prog, kinds, PROG_COUNT(kinds));
	prog_mode(&prog, MODE_MONITOR);
	prog_cases(&prog, kinds, PROG_COUNT(kinds));
	prog_mode(&prog, MODE_ENFORCE);
	prog_cases(&prog, kinds, PROG_COUNT(kinds));
}

static void tell_monitored_flow(struct prog *told)
{
	prog_mode(told, MODE_MONITOR);
	prog_expect(told, "in udp PEER:53 > HOST:9", NO_RULE, NULL);
	prog_expect(told, "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	/* what would have been dropped has made no flow */
	prog_expect(told, "out udp HOST:9 > PEER:54", NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
	/* nor can what follows a first fragment that would have been dropped pass */
	prog_expect(told, "in udp PEER:54 > HOST:9 FIRST", NO_RULE, NULL);
	prog_expect(told, "in udp PEER:54 > HOST:9 LATER=16", OUTCOME_DROP_FRAGMENT, NULL);
	prog_expect(told, "in udp PEER:53 > HOST:9 FIRST id=2", OUTCOME_REPLY, "dns-out");
	prog_expect(told,
		    told->family == 4 ? "out udp 0.0.0.0:68 > 255.255.255.255:67" :
					"out udp [fe80::10]:546 > [ff02::1:2]:547",
		    OUTCOME_PASS_DHCP, NULL);
	prog_mode(told, MODE_ENFORCE);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_expect(told, "in udp PEER:54 > HOST:9 LATER=16", OUTCOME_DROP_FRAGMENT, NULL);
	prog_expect(told, "in udp PEER:53 > HOST:9 LATER=16 id=2", OUTCOME_PASS_FRAGMENT, NULL);
	prog_expect(told,
		    told->family == 4 ? "in udp PEER:67 > HOST:68" :
					"in udp [fe80::1]:547 > [fe80::10]:546",
		    OUTCOME_PASS_DHCP, NULL);
}

static void monitor_keeps_state(void **state)
{
	(void)state;
	prog_policy(&prog, first);
	prog_tell(&prog, tell_monitored_flow);
}

static void without_a_policy_all_passes_and_nothing_counts(void **state)
{
	(void)state;
	prog_policy(&prog, first);
	prog_no_policy(&prog);
	prog_reset(&prog);
	for (size_t i = 0; i < PROG_COUNT(kinds); i++)
		prog_expect(&prog, kinds[i].words, OUTCOME_UNDECIDED, NULL);
	assert_int_equal(prog_flows(&prog), 0);
	prog_check_sum(&prog);
}

/* Fail closed: a slot that was never filled lets nothing pass, not even what essentials would. */
static void a_slot_that_is_empty_drops_everything(void **state)
{
	struct prog fresh;

	(void)state;
	prog_open(&fresh, false);
	for (unsigned int slot = 0; slot < SLOT_COUNT; slot++) {
		prog_slot(&fresh, slot);
		for (size_t i = 0; i < PROG_COUNT(kinds); i++) {
			enum outcome outcome = kinds[i].outcome;

			if (outcome == OUTCOME_PASS_ARP || outcome == OUTCOME_PASS_LINK_CONTROL)
				outcome = OUTCOME_DROP_ETHERTYPE;
			else if (outcome < OUTCOME_DROP_MALFORMED ||
				 outcome == OUTCOME_DROP_UNRELATED_ICMP)
				outcome = NO_RULE;
			prog_expect(&fresh, kinds[i].words, outcome, NULL);
		}
	}
	assert_int_equal(prog_flows(&fresh), 0);
	prog_close(&fresh);
}

/* Both directions and both hooks change at the same store. */
static void a_policy_changes_by_one_store(void **state)
{
	static const struct prog_case then[] = {
		{ "in tcp PEER:9 > HOST:443 syn", NO_RULE, NULL },
		{ "in tcp PEER:9 > HOST:25 syn", OUTCOME_RULE, "mail-in" },
		{ "out tcp HOST:25 > PEER:9 ack", OUTCOME_REPLY, "mail-in" },
		{ "out udp HOST:9 > PEER:53", NO_RULE, NULL },
	};
	static const struct prog_case before[] = {
		{ "in tcp PEER:9 > HOST:443 syn", OUTCOME_RULE, "web-in" },
		{ "in tcp PEER:9 > HOST:25 syn", NO_RULE, NULL },
		{ "out tcp HOST:25 > PEER:9 ack", NO_RULE, NULL },
		{ "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out" },
	};

	(void)state;
	prog_policy(&prog, first);
	prog_cases_everywhere(&prog, before, PROG_COUNT(before));
	prog_policy(&prog, second);
	prog_cases_everywhere(&prog, then, PROG_COUNT(then));
	for (int i = 0; i < 3; i++) {
		prog_rollback(&prog);
		prog_cases(&prog, before, PROG_COUNT(before));
		prog_rollback(&prog);
		prog_cases(&prog, then, PROG_COUNT(then));
	}
	/* all three slots, again and again */
	for (int i = 0; i < 4; i++) {
		prog_policy(&prog, i % 2 ? second : first);
		prog_cases(&prog, i % 2 ? then : before, PROG_COUNT(before));
	}
}

/* A policy that doesn't allow a flow gives it no passage; what is left of it goes on under one that does. */
static void tell_change(struct prog *told)
{
	prog_policy(told, second);
	prog_policy(told, first);
	prog_expect(told, "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "out udp HOST:9 > OTHER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "out tcp HOST:9 > PEER:80 ack", OUTCOME_RULE, "web-out");
	prog_wait(told, 200);
	prog_rollback(told);
	prog_expect(told, "in udp PEER:53 > HOST:9", NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:80 > HOST:9 ack", NO_RULE, NULL);
	/* nor does the host refresh it while it isn't allowed, nor a RST mark it */
	prog_expect(told, "out udp HOST:9 > PEER:53", NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:80 > HOST:9 rst", NO_RULE, NULL);
	prog_rollback(told);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_wait(told, 50);
	/* under a third one it belongs to the first rule that allows it, if one does */
	prog_policy(told, third);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "any-udp-out");
	prog_expect(told, "in udp OTHER:53 > HOST:9", NO_RULE, NULL);
	prog_wait(told, 49);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "any-udp-out");
	prog_rollback(told);
	prog_expect(told, "in udp OTHER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_wait(told, 1);
	prog_expect(told, "in udp OTHER:53 > HOST:9", NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:80 > HOST:9 ack", OUTCOME_REPLY, "web-out");
	prog_wait(told, 240);
	/* the RST of before has left no mark */
	prog_expect(told, "in tcp PEER:80 > HOST:9 ack", OUTCOME_REPLY, "web-out");
}

static void a_policy_takes_passage_and_gives_it_back(void **state)
{
	(void)state;
	prog_tell(&prog, tell_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitor_drops_nothing),
		cmocka_unit_test(monitor_keeps_state),
		cmocka_unit_test(without_a_policy_all_passes_and_nothing_counts),
		cmocka_unit_test(a_slot_that_is_empty_drops_everything),
		cmocka_unit_test(a_policy_changes_by_one_store),
		cmocka_unit_test(a_policy_takes_passage_and_gives_it_back),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
