/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rule takes a packet: whose port, which addresses, in which order, by which number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define NO_RULE OUTCOME_DROP_NO_RULE
#define ADDRESS OUTCOME_DROP_ADDRESS

PROG_FIXTURE(NULL);

static void by_whose_port_it_is(void **state)
{
	static const char policy[] =
		"policy: ports\n"
		"rules:\n"
		"  - {name: dst, direction: out, protocol: udp, ports: [100, 200-300]}\n"
		"  - {name: src, direction: out, protocol: udp, ports: 1000-2000, port-of: source}\n"
		"  - {name: either, direction: out, protocol: udp, ports: 3000, port-of: either}\n"
		"  - {name: in-src, direction: in, protocol: tcp, ports: 20, port-of: source}\n"
		"  - {name: in-dst, direction: in, protocol: tcp, ports: [21, 65535, 1]}\n"
		"  - {name: s-either, direction: in, protocol: sctp, ports: 3868, port-of: either}\n";
	static const struct prog_case cases[] = {
		{ "out udp HOST:5 > PEER:100", OUTCOME_RULE, "dst" },
		{ "out udp HOST:5 > PEER:200", OUTCOME_RULE, "dst" },
		{ "out udp HOST:5 > PEER:300", OUTCOME_RULE, "dst" },
		{ "out udp HOST:5 > PEER:99", NO_RULE, NULL },
		{ "out udp HOST:5 > PEER:101", NO_RULE, NULL },
		{ "out udp HOST:5 > PEER:199", NO_RULE, NULL },
		{ "out udp HOST:5 > PEER:301", NO_RULE, NULL },
		{ "out udp HOST:100 > PEER:5", NO_RULE, NULL },
		{ "out udp HOST:1000 > PEER:5", OUTCOME_RULE, "src" },
		{ "out udp HOST:2000 > PEER:5", OUTCOME_RULE, "src" },
		{ "out udp HOST:999 > PEER:5", NO_RULE, NULL },
		{ "out udp HOST:2001 > PEER:5", NO_RULE, NULL },
		{ "out udp HOST:5 > PEER:1000", NO_RULE, NULL },
		{ "out udp HOST:3000 > PEER:5", OUTCOME_RULE, "either" },
		{ "out udp HOST:5 > PEER:3000", OUTCOME_RULE, "either" },
		{ "out udp HOST:3000 > PEER:3000", OUTCOME_RULE, "either" },
		{ "out udp HOST:3001 > PEER:2999", NO_RULE, NULL },
		/* two ports, two rules: the first in the file */
		{ "out udp HOST:1500 > PEER:100", OUTCOME_RULE, "dst" },
		{ "out udp HOST:1500 > PEER:3000", OUTCOME_RULE, "src" },
		{ "out udp HOST:3000 > PEER:250", OUTCOME_RULE, "dst" },
		{ "in tcp PEER:20 > HOST:40000 syn", OUTCOME_RULE, "in-src" },
		{ "in tcp PEER:40000 > HOST:20 syn", NO_RULE, NULL },
		{ "in tcp PEER:20 > HOST:21 syn", OUTCOME_RULE, "in-src" },
		{ "in tcp PEER:40000 > HOST:21 syn", OUTCOME_RULE, "in-dst" },
		{ "in tcp PEER:40000 > HOST:65535 syn", OUTCOME_RULE, "in-dst" },
		{ "in tcp PEER:40000 > HOST:1 syn", OUTCOME_RULE, "in-dst" },
		{ "in tcp PEER:40000 > HOST:2 syn", NO_RULE, NULL },
		{ "in tcp PEER:40000 > HOST:65534 syn", NO_RULE, NULL },
		{ "in sctp PEER:3868 > HOST:5 chunk=1", OUTCOME_RULE, "s-either" },
		{ "in sctp PEER:5 > HOST:3868 chunk=1", OUTCOME_RULE, "s-either" },
		{ "in sctp PEER:5 > HOST:6 chunk=1", NO_RULE, NULL },
		/* services' answers, mirrored port by port */
		{ "out tcp HOST:40000 > PEER:20 ack", OUTCOME_REPLY, "in-src" },
		{ "out tcp HOST:20 > PEER:40000 ack", NO_RULE, NULL },
		{ "out tcp HOST:21 > PEER:40000 ack", OUTCOME_REPLY, "in-dst" },
		{ "out tcp HOST:21 > PEER:20 ack", OUTCOME_REPLY, "in-src" },
		{ "out tcp HOST:40000 > PEER:20 syn", NO_RULE, NULL },
		{ "out sctp HOST:3868 > PEER:5 chunk=2", OUTCOME_REPLY, "s-either" },
		{ "out sctp HOST:5 > PEER:3868 chunk=2", OUTCOME_REPLY, "s-either" },
		{ "out sctp HOST:5 > PEER:3868 chunk=1", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void tell_source_replies(struct prog *told)
{
	prog_expect(told, "in udp PEER:5 > HOST:1000", NO_RULE, NULL);
	prog_expect(told, "out udp HOST:1000 > PEER:5", OUTCOME_RULE, "src");
	prog_expect(told, "in udp PEER:5 > HOST:1000", OUTCOME_REPLY, "src");
	prog_expect(told, "in udp PEER:5 > HOST:1001", NO_RULE, NULL);
	prog_expect(told, "in udp PEER:1000 > HOST:5", NO_RULE, NULL);
	prog_expect(told, "out udp HOST:5 > PEER:3000", OUTCOME_RULE, "either");
	prog_expect(told, "in udp PEER:3000 > HOST:5", OUTCOME_REPLY, "either");
	prog_expect(told, "in udp PEER:5 > HOST:3000", NO_RULE, NULL);
}

static void replies_to_a_rule_by_the_source(void **state)
{
	(void)state;
	/* the policy of by_whose_port_it_is() */
	prog_tell(&prog, tell_source_replies);
}

static void between_which_addresses(void **state)
{
	static const char policy[] =
		"policy: addresses\n"
		"groups:\n"
		"  four: [192.0.2.10, 192.0.2.64/26]\n"
		"  six: [\"2001:db8::10\", \"2001:db8:1::/48\"]\n"
		"  mixed: [198.51.100.7, \"2001:db8:f::7\"]\n"
		"rules:\n"
		"  - {name: to-four, direction: in, protocol: tcp, ports: 1, to: four}\n"
		"  - {name: to-six, direction: in, protocol: tcp, ports: 2, to: six}\n"
		"  - {name: from-mixed, direction: in, protocol: tcp, ports: 3, from: mixed}\n"
		"  - {name: both, direction: in, protocol: tcp, ports: 4, from: mixed, to: [four, six]}\n"
		"  - {name: all-four, direction: in, protocol: tcp, ports: 5, from: 0.0.0.0/0}\n"
		"  - {name: all-six, direction: in, protocol: tcp, ports: 6, from: \"::/0\"}\n"
		"  - {name: half, direction: in, protocol: tcp, ports: 7, from: [128.0.0.0/1, \"8000::/1\"]}\n"
		"  - {name: out-both, direction: out, protocol: udp, ports: 53, from: four, to: mixed}\n";
	static const struct prog_case cases[] = {
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:1 syn", OUTCOME_RULE, "to-four" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.11:1 syn", ADDRESS, NULL },
		{ "in tcp 198.51.100.7:9 > 192.0.2.64:1 syn", OUTCOME_RULE, "to-four" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.127:1 syn", OUTCOME_RULE, "to-four" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.63:1 syn", ADDRESS, NULL },
		{ "in tcp 198.51.100.7:9 > 192.0.2.128:1 syn", ADDRESS, NULL },
		/* IPv6 under a rule that names IPv4 addresses only, and the other way round */
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::10]:1 syn", ADDRESS, NULL },
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:2 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::10]:2 syn", OUTCOME_RULE, "to-six" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::11]:2 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8:1::]:2 syn", OUTCOME_RULE, "to-six" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8:1:ffff:ffff:ffff:ffff:ffff]:2 syn",
		  OUTCOME_RULE, "to-six" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8:2::]:2 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8:0:ffff:ffff:ffff:ffff:ffff]:2 syn", ADDRESS,
		  NULL },
		/* the sender's, not the receiver's */
		{ "in tcp 198.51.100.7:9 > 192.0.2.99:3 syn", OUTCOME_RULE, "from-mixed" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::99]:3 syn", OUTCOME_RULE, "from-mixed" },
		{ "in tcp 192.0.2.99:9 > 198.51.100.7:3 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::8]:9 > [2001:db8:f::7]:3 syn", ADDRESS, NULL },
		/* both have to fit */
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:4 syn", OUTCOME_RULE, "both" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::10]:4 syn", OUTCOME_RULE, "both" },
		{ "in tcp 198.51.100.8:9 > 192.0.2.10:4 syn", ADDRESS, NULL },
		{ "in tcp 198.51.100.7:9 > 192.0.2.11:4 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::11]:4 syn", ADDRESS, NULL },
		/* a whole family */
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:5 syn", OUTCOME_RULE, "all-four" },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::10]:5 syn", ADDRESS, NULL },
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:6 syn", ADDRESS, NULL },
		{ "in tcp [2001:db8:f::7]:9 > [2001:db8::10]:6 syn", OUTCOME_RULE, "all-six" },
		{ "in tcp 128.0.0.0:9 > 192.0.2.10:7 syn", OUTCOME_RULE, "half" },
		{ "in tcp 126.255.255.255:9 > 192.0.2.10:7 syn", ADDRESS, NULL },
		{ "in tcp [8000::]:9 > [2001:db8::10]:7 syn", OUTCOME_RULE, "half" },
		{ "in tcp [7fff::1]:9 > [2001:db8::10]:7 syn", ADDRESS, NULL },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:53", OUTCOME_RULE, "out-both" },
		{ "out udp 192.0.2.11:9 > 198.51.100.7:53", ADDRESS, NULL },
		{ "out udp 192.0.2.10:9 > 198.51.100.8:53", ADDRESS, NULL },
		{ "out udp 198.51.100.7:9 > 192.0.2.10:53", ADDRESS, NULL },
		{ "out udp [2001:db8::10]:9 > [2001:db8:f::7]:53", ADDRESS, NULL },
		/* no rule for the tuple in the packet's own direction: not `address` */
		{ "in udp 198.51.100.8:9 > 192.0.2.10:53", NO_RULE, NULL },
		{ "in udp 198.51.100.8:53 > 192.0.2.10:9", NO_RULE, NULL },
		{ "out tcp 192.0.2.11:9 > 198.51.100.7:1 syn", NO_RULE, NULL },
		/* answers: ports and addresses, mirrored */
		{ "out tcp 192.0.2.10:4 > 198.51.100.7:9 ack", OUTCOME_REPLY, "both" },
		{ "out tcp 192.0.2.10:4 > 198.51.100.8:9 ack", NO_RULE, NULL },
		{ "out tcp 192.0.2.11:4 > 198.51.100.7:9 ack", NO_RULE, NULL },
		{ "out tcp [2001:db8::10]:4 > [2001:db8:f::7]:9 ack", OUTCOME_REPLY, "both" },
		{ "out tcp [2001:db8::10]:4 > [2001:db8:f::8]:9 ack", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

static void the_first_in_the_file(void **state)
{
	static const char policy[] =
		"policy: overlaps\n"
		"rules:\n"
		"  - {name: one, direction: in, protocol: udp, ports: 100-200, from: 198.51.100.0/24}\n"
		"  - {name: two, direction: in, protocol: udp, ports: 150-250, from: 198.51.0.0/16}\n"
		"  - {name: three, direction: in, protocol: udp, ports: 1-65535, port-of: source,\n"
		"     from: 203.0.113.7}\n"
		"  - {name: four, direction: in, protocol: udp, ports: 160}\n"
		"  - {name: five, direction: in, protocol: udp, ports: 155-165, from: 203.0.113.0/24}\n"
		"  - {name: six, direction: in, protocol: udp, ports: 7000, port-of: either,\n"
		"     from: 203.0.113.0/24}\n"
		"  - {name: seven, direction: in, protocol: udp, ports: 7000}\n";
	static const struct prog_case cases[] = {
		{ "in udp 198.51.100.7:9 > 192.0.2.10:100", OUTCOME_RULE, "one" },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:160", OUTCOME_RULE, "one" },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:200", OUTCOME_RULE, "one" },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:201", OUTCOME_RULE, "two" },
		{ "in udp 198.51.7.7:9 > 192.0.2.10:160", OUTCOME_RULE, "two" },
		{ "in udp 198.51.7.7:9 > 192.0.2.10:149", ADDRESS, NULL },
		{ "in udp 203.0.113.7:9 > 192.0.2.10:160", OUTCOME_RULE, "three" },
		{ "in udp 203.0.113.7:9 > 192.0.2.10:9", OUTCOME_RULE, "three" },
		{ "in udp 203.0.113.8:9 > 192.0.2.10:160", OUTCOME_RULE, "four" },
		{ "in udp 10.0.0.1:9 > 192.0.2.10:160", OUTCOME_RULE, "four" },
		{ "in udp [2001:db8::1]:9 > [2001:db8::10]:160", OUTCOME_RULE, "four" },
		{ "in udp 203.0.113.8:9 > 192.0.2.10:161", OUTCOME_RULE, "five" },
		{ "in udp 10.0.0.1:9 > 192.0.2.10:161", ADDRESS, NULL },
		{ "in udp 203.0.113.8:7000 > 192.0.2.10:9", OUTCOME_RULE, "six" },
		{ "in udp 203.0.113.8:9 > 192.0.2.10:7000", OUTCOME_RULE, "six" },
		{ "in udp 203.0.113.8:7000 > 192.0.2.10:160", OUTCOME_RULE, "four" },
		{ "in udp 10.0.0.1:9 > 192.0.2.10:7000", OUTCOME_RULE, "seven" },
		/* a rule by the source for every port makes every other one a matter of addresses */
		{ "in udp 10.0.0.1:9 > 192.0.2.10:9", ADDRESS, NULL },
		{ "out udp 192.0.2.10:160 > 198.51.7.7:9", OUTCOME_REPLY, "two" },
		{ "out udp 192.0.2.10:160 > 203.0.113.7:9", OUTCOME_REPLY, "three" },
		{ "out udp 192.0.2.10:160 > 10.0.0.1:9", OUTCOME_REPLY, "four" },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

static void by_number_and_by_family(void **state)
{
	static const char policy[] =
		"policy: numbers\n"
		"rules:\n"
		"  - {name: gre-in, direction: in, protocol: 47}\n"
		"  - {name: esp-out, direction: out, protocol: 50, to: [198.51.100.7, \"2001:db8:f::7\"]}\n"
		"  - {name: six-in, direction: in, protocol: 6, ports: 443}\n"
		"  - {name: zero-in, direction: in, protocol: 255}\n"
		"  - {name: ping, direction: in, protocol: icmp, types: [echo-request, 13]}\n"
		"  - {name: ping6, direction: in, protocol: 58, types: [echo-request]}\n";
	static const struct prog_case cases[] = {
		{ "in 47 PEER > HOST", OUTCOME_RULE, "gre-in" },
		{ "in 47 PEER > HOST data=0 transport=1", OUTCOME_RULE, "gre-in" },
		{ "in 46 PEER > HOST", NO_RULE, NULL },
		{ "in 48 PEER > HOST", NO_RULE, NULL },
		{ "out 47 HOST > PEER", OUTCOME_REPLY, "gre-in" },
		{ "out 50 HOST > PEER", OUTCOME_RULE, "esp-out" },
		{ "out 50 HOST > OTHER", ADDRESS, NULL },
		{ "in 50 PEER > HOST", NO_RULE, NULL },
		{ "in 255 PEER > HOST", OUTCOME_RULE, "zero-in" },
		{ "in 4 PEER > HOST", NO_RULE, NULL },
		{ "in 41 PEER > HOST", NO_RULE, NULL },
		{ "in tcp PEER:9 > HOST:443 syn", OUTCOME_RULE, "six-in" },
		{ "in PING PEER > HOST type=9", NO_RULE, NULL },
		{ "in PING PEER > HOST type=REPLY", NO_RULE, NULL },
		/* the answer to a ping that a rule lets in, whatever its identifier */
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=8 echo=5", OUTCOME_RULE, "ping" },
		{ "out icmp 192.0.2.10 > 198.51.100.7 type=0 echo=5", OUTCOME_REPLY, "ping" },
		{ "out icmp 192.0.2.10 > 198.51.100.7 type=8 echo=5", NO_RULE, NULL },
		{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=128", OUTCOME_RULE, "ping6" },
		{ "out icmpv6 2001:db8::10 > 2001:db8:f::7 type=129", OUTCOME_REPLY, "ping6" },
		/* of ICMP only echo has replies */
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=13", OUTCOME_RULE, "ping" },
		{ "out icmp 192.0.2.10 > 198.51.100.7 type=14", NO_RULE, NULL },
		{ "out icmp 192.0.2.10 > 198.51.100.7 type=13", NO_RULE, NULL },
		/* icmp is IPv4 only, icmpv6 IPv6 only */
		{ "in 1 2001:db8:f::7 > 2001:db8::10 type=8", NO_RULE, NULL },
		{ "in 58 198.51.100.7 > 192.0.2.10 type=128", NO_RULE, NULL },
		{ "out 1 2001:db8::10 > 2001:db8:f::7 type=0", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* The number alone is not it: type 0 is no port 0 of a protocol without ports. */
static void by_number_of_the_other_family(void **state)
{
	static const char policy[] =
		"policy: zero\n"
		"rules:\n"
		"  - {name: icmp-zero, direction: in, protocol: icmp, types: [0]}\n"
		"  - {name: icmpv6-zero, direction: in, protocol: icmpv6, types: [0]}\n";
	static const struct prog_case cases[] = {
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=0", OUTCOME_RULE, "icmp-zero" },
		{ "in icmpv6 2001:db8:f::7 > 2001:db8::10 type=0", OUTCOME_RULE, "icmpv6-zero" },
		{ "in 1 2001:db8:f::7 > 2001:db8::10 type=0", NO_RULE, NULL },
		{ "in 58 198.51.100.7 > 192.0.2.10 type=0", NO_RULE, NULL },
		{ "out 1 2001:db8::10 > 2001:db8:f::7 type=0", NO_RULE, NULL },
		{ "out 58 192.0.2.10 > 198.51.100.7 type=0", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

/* INIT alone opens. */
static void tell_sctp(struct prog *told)
{
	prog_expect(told, "in sctp PEER:2905 > HOST:40000 chunk=2", NO_RULE, NULL);
	prog_expect(told, "out sctp HOST:40000 > PEER:2905 chunk=1", OUTCOME_RULE, "m3ua-out");
	prog_expect(told, "in sctp PEER:2905 > HOST:40000 chunk=2", OUTCOME_REPLY, "m3ua-out");
	prog_expect(told, "in sctp PEER:2905 > HOST:40000 chunk=none", OUTCOME_REPLY, "m3ua-out");
	prog_expect(told, "in sctp PEER:2905 > HOST:40000 chunk=1", NO_RULE, NULL);
	prog_expect(told, "in sctp PEER:9 > HOST:3868 chunk=1", OUTCOME_RULE, "diameter-in");
	prog_expect(told, "out sctp HOST:3868 > PEER:9 chunk=2", OUTCOME_REPLY, "diameter-in");
	prog_expect(told, "out sctp HOST:3868 > PEER:9 chunk=1", NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
}

static void sctp_opens_by_init(void **state)
{
	static const char policy[] =
		"policy: sctp\n"
		"rules:\n"
		"  - {name: diameter-in, direction: in, protocol: sctp, ports: 3868}\n"
		"  - {name: m3ua-out, direction: out, protocol: sctp, ports: 2905}\n";

	(void)state;
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_sctp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_whose_port_it_is),
		cmocka_unit_test(replies_to_a_rule_by_the_source),
		cmocka_unit_test(between_which_addresses),
		cmocka_unit_test(the_first_in_the_file),
		cmocka_unit_test(by_number_and_by_family),
		cmocka_unit_test(by_number_of_the_other_family),
		cmocka_unit_test(sctp_opens_by_init),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
