/* SPDX-License-Identifier: GPL-2.0-only */
/* What any host needs to stay on a network, on and off, and where it can't be genuine (spec 3.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#define ETHERTYPE OUTCOME_DROP_ETHERTYPE
#define NO_RULE OUTCOME_DROP_NO_RULE
#define MARTIAN OUTCOME_DROP_MARTIAN
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char defaults[] = "policy: essentials\n"
			       "rules:\n"
			       "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n";
static const char none[] =
	"policy: essentials\n"
	"rules:\n"
	"  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n"
	"essentials: {arp: false, link-control: false, neighbor-discovery: false}\n";
static const char but_arp[] = "policy: essentials\n"
			      "rules:\n"
			      "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n"
			      "essentials: {link-control: false, neighbor-discovery: false}\n";

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

static void pass_as(const char *const *frames, size_t count, enum outcome outcome)
{
	struct prog_case cases[64];

	assert_in_range(count, 1, PROG_COUNT(cases));
	for (size_t i = 0; i < count; i++)
		cases[i] = (struct prog_case){ frames[i], outcome, NULL };
	prog_cases(&prog, cases, count);
}

static const char *const arp[] = { "in arp",
				   "out arp",
				   "in arp pad=18",
				   "in arp tag=8100",
				   "out arp tag=88a8 tag=8100",
				   "in arp mac=ff:ff:ff:ff:ff:ff" };

static void arp_passes_if_it_is_on(void **state)
{
	static const char *const malformed[] = { "in arp hardware=6", "out arp hlen=8",
						 "in arp cut=41" };

	(void)state;
	prog_policy(&prog, defaults);
	pass_as(arp, PROG_COUNT(arp), OUTCOME_PASS_ARP);
	pass_as(malformed, PROG_COUNT(malformed), OUTCOME_DROP_MALFORMED);
	prog_policy(&prog, but_arp);
	pass_as(arp, PROG_COUNT(arp), OUTCOME_PASS_ARP);
	prog_policy(&prog, none);
	pass_as(arp, PROG_COUNT(arp), ETHERTYPE);
	pass_as(malformed, PROG_COUNT(malformed), OUTCOME_DROP_MALFORMED);
}

static const char *const link_control[] = {
	/* spanning tree: LLC 42-42-03 and a length that fits */
	"in eth 01:80:c2:00:00:00 3 data=x424203",
	"out eth 01:80:c2:00:00:00 8 data=x4242030000000000",
	"in eth 01:80:c2:00:00:08 4 data=x42420300 pad=42",
	/* slow protocols, LLDP, 802.1X */
	"in eth 01:80:c2:00:00:02 8809 data=110",
	"out eth 01:80:c2:00:00:02 8809 data=1",
	"in eth 01:80:c2:00:00:0e 88cc data=60",
	"in eth 01:80:c2:00:00:03 88cc",
	"out eth 01:80:c2:00:00:00 88cc",
	"in eth 01:80:c2:00:00:03 888e data=46",
	"in eth 01:80:c2:00:00:0f 8809",
	/* 802.1X also unicast */
	"in eth 02:00:00:00:00:01 888e data=46",
	"out eth 00:11:22:33:44:55 888e",
};

static void link_control_passes_if_it_is_on(void **state)
{
	(void)state;
	prog_policy(&prog, defaults);
	pass_as(link_control, PROG_COUNT(link_control), OUTCOME_PASS_LINK_CONTROL);
	prog_policy(&prog, none);
	pass_as(link_control, PROG_COUNT(link_control), ETHERTYPE);
}

static void link_control_only_where_it_can_be_genuine(void **state)
{
	const struct prog_change table[] = {
		/* another group, a unicast address, a tag */
		{ 4, BOTH, "eth 01:80:c2:00:00:02 8809", ETHERTYPE,
		  PROG_CHANGES("mac=01:80:c2:00:00:10", "mac=01:80:c2:00:00:20",
			       "mac=01:80:c2:00:01:02", "mac=01:80:c2:01:00:02",
			       "mac=01:80:c3:00:00:02", "mac=01:81:c2:00:00:02",
			       "mac=03:80:c2:00:00:02", "mac=00:80:c2:00:00:02",
			       "mac=ff:ff:ff:ff:ff:ff", "mac=02:00:00:00:00:01", "tag=8100",
			       "tag=88a8 tag=8100", "eth=8808", "eth=880a", "eth=8902") },
		{ 4, BOTH, "eth 01:80:c2:00:00:0e 88cc", ETHERTYPE,
		  PROG_CHANGES("mac=02:00:00:00:00:01", "mac=01:80:c2:00:00:10", "tag=8100",
			       "eth=88cd") },
		{ 4, BOTH, "eth 01:80:c2:00:00:03 888e", ETHERTYPE,
		  PROG_CHANGES("mac=01:80:c2:00:00:10", "mac=ff:ff:ff:ff:ff:ff",
			       "mac=01:00:5e:00:00:01", "mac=33:33:00:00:00:01", "tag=8100",
			       "eth=888f") },
		{ 4, BOTH, "eth 01:80:c2:00:00:03 888e", PASSES,
		  PROG_CHANGES("mac=02:00:00:00:00:01") },
		/* spanning tree: group, LLC, length, tag */
		{ 4, BOTH,
		  "eth 01:80:c2:00:00:00 26 data=x4242030000000000000000000000000000000000000000"
		  "000000000000000000000000000000",
		  ETHERTYPE,
		  PROG_CHANGES("mac=01:80:c2:00:00:10", "mac=02:00:00:00:00:01",
			       "mac=01:00:0c:cc:cc:cd", "eth=0027", "eth=05dc", "eth=0002",
			       "eth=0000", "eth=05dd", "eth=0600", "data=xaaaa03000000",
			       "data=x42420042420000", "data=x424303", "data=x434203", "tag=8100",
			       "cut=16", "cut=51") },
		{ 4, BOTH,
		  "eth 01:80:c2:00:00:00 26 data=x4242030000000000000000000000000000000000000000"
		  "000000000000000000000000000000",
		  PASSES, PROG_CHANGES("pad=8", "eth=0003", "eth=0025") },
	};

	(void)state;
	prog_policy(&prog, defaults);
	prog_change_all(&prog, table, PROG_COUNT(table));
}

/* Neither IP nor an essential; tags of other kinds and LLC/SNAP are not looked through. */
static void every_other_ethertype_is_dropped(void **state)
{
	static const char *const frames[] = {
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn eth=9100",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=9100",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=9200",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=8100 tag=9100",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=8100 eth=88cc",
		"out tcp 198.51.100.7:40000 > 192.0.2.10:443 syn eth=8847",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn eth=0801",
		"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn eth=0008",
		"in tcp [2001:db8::1]:40000 > [2001:db8::10]:443 syn eth=dd86",
		"in eth 02:00:00:00:00:01 8035 data=46",
		"in eth 02:00:00:00:00:01 8863 data=46",
		"in eth 02:00:00:00:00:01 8864 data=46",
		"in eth 02:00:00:00:00:01 88f7 data=46",
		"out eth 02:00:00:00:00:01 88e5 data=46",
		"in eth 02:00:00:00:00:01 ffff",
		"in eth 02:00:00:00:00:01 0",
		"in eth ff:ff:ff:ff:ff:ff 600",
		/* IPX in LLC; IPv4 in LLC/SNAP */
		"in eth ff:ff:ff:ff:ff:ff 22 data=xe0e003ffff0022",
		"in eth 02:00:00:00:00:01 30 data=xaaaa03000000080045000028",
	};

	(void)state;
	prog_policy(&prog, defaults);
	pass_as(frames, PROG_COUNT(frames), ETHERTYPE);
}

static const char *const discovery[] = {
	"in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16",
	"in icmpv6 fe80::1 > 2001:db8::10 type=134 ttl=255 transport=56",
	"in icmpv6 febf::1 > ff02::1 type=134 ttl=255 transport=16",
	"out icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16",
	"in icmpv6 :: > ff02::2 type=133 ttl=255 transport=8",
	"out icmpv6 fe80::10 > ff02::2 type=133 ttl=255 transport=16",
	"in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24",
	"in icmpv6 2001:db8::1 > 2001:db8::10 type=135 ttl=255 transport=24",
	"in icmpv6 fe80::1 > ff02::1:ff00:10 type=135 ttl=255 transport=32",
	"out icmpv6 2001:db8::10 > fe80::1 type=136 ttl=255 transport=24",
	"in icmpv6 2001:db8::1 > ff02::1 type=136 ttl=255 transport=32",
	"in icmpv6 fe80::1 > ff02::1 type=130 ttl=1 hop",
	"out icmpv6 fe80::10 > ff02::16 type=143 ttl=1 hop",
	"out icmpv6 :: > ff02::16 type=143 ttl=1 hop",
	"in icmpv6 :: > ff02::16 type=143 ttl=1",
	"in icmpv6 fe80::2 > ff02::fb type=131 ttl=1 hop",
	"in icmpv6 fe80::2 > ff02::2 type=132 ttl=1",
	"in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16 tag=8100",
};

static void neighbor_discovery_passes_if_it_is_on(void **state)
{
	(void)state;
	prog_policy(&prog, defaults);
	pass_as(discovery, PROG_COUNT(discovery), OUTCOME_PASS_NEIGHBOR_DISCOVERY);
	prog_policy(&prog, none);
	for (size_t i = 0; i < PROG_COUNT(discovery); i++)
		pass_as(&discovery[i], 1,
			strncmp(discovery[i], "in icmpv6 :: ", 13) == 0 ? MARTIAN : NO_RULE);
	prog_policy(&prog, but_arp);
	pass_as(discovery, 1, NO_RULE);
	assert_int_equal(prog_flows(&prog), 0);
}

static void neighbor_discovery_only_where_it_can_be_genuine(void **state)
{
	const struct prog_change table[] = {
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16", NO_RULE,
		  PROG_CHANGES("ttl=254", "ttl=1", "ttl=0", "ttl=64", "code=1", "code=255",
			       "transport=15", "transport=8", "frag=0", "hop frag=0",
			       "from=2001:db8::1", "from=fec0::1", "from=fe7f::1", "type=137",
			       "type=129", "type=138", "type=151") },
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::2 type=133 ttl=255 transport=8", NO_RULE,
		  PROG_CHANGES("ttl=254", "code=1", "frag=0") },
		{ 6, BOTH, "icmpv6 2001:db8::1 > 2001:db8::10 type=135 ttl=255 transport=24",
		  NO_RULE,
		  PROG_CHANGES("ttl=254", "code=1", "transport=23", "transport=16", "frag=0") },
		{ 6, BOTH, "icmpv6 2001:db8::1 > 2001:db8::10 type=136 ttl=255 transport=24",
		  NO_RULE, PROG_CHANGES("ttl=254", "code=1", "transport=23", "frag=0") },
		/* 136 never from :: */
		{ 6, "in", "icmpv6 fe80::1 > ff02::1 type=136 ttl=255 transport=24", MARTIAN,
		  PROG_CHANGES("from=::") },
		{ 6, "out", "icmpv6 fe80::1 > ff02::1 type=136 ttl=255 transport=24", NO_RULE,
		  PROG_CHANGES("from=::") },
		{ 6, "in", "icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16", MARTIAN,
		  PROG_CHANGES("from=::") },
		/* MLD: code 0, hop limit 1, a link-local or unspecified source */
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::16 type=143 ttl=1", NO_RULE,
		  PROG_CHANGES("ttl=2", "ttl=255", "ttl=0", "code=1", "from=2001:db8::1", "frag=0",
			       "type=142", "type=144", "type=129") },
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::1 type=130 ttl=1", NO_RULE,
		  PROG_CHANGES("ttl=255", "code=1", "from=2001:db8::1", "frag=0", "type=129") },
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::1 type=132 ttl=1", NO_RULE,
		  PROG_CHANGES("type=133", "ttl=255", "from=2001:db8::1") },
		/* too short for any ICMP */
		{ 6, BOTH, "icmpv6 fe80::1 > ff02::2 type=133 ttl=255 transport=8",
		  OUTCOME_DROP_MALFORMED, PROG_CHANGES("transport=7") },
	};
	static const struct prog_case others[] = {
		/* the same numbers in IPv4 are something else */
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=135 ttl=255 transport=24", NO_RULE,
		  NULL },
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=143 ttl=1", NO_RULE, NULL },
		{ "in 58 198.51.100.7 > 192.0.2.10 ttl=255 type=135 transport=24", NO_RULE, NULL },
		/* a redirect never passes by itself */
		{ "in icmpv6 fe80::1 > 2001:db8::10 type=137 ttl=255 transport=40", NO_RULE, NULL },
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=5", NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, defaults);
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_cases(&prog, others, PROG_COUNT(others));
}

/* A rule for it comes first, and is what counts. */
static void a_rule_comes_before_an_essential(void **state)
{
	static const char rules[] =
		"policy: nd-rule\n"
		"rules:\n"
		"  - {name: nd-in, direction: in, protocol: icmpv6, types: [135], from: \"2001:db8::/32\"}\n";
	static const struct prog_case cases[] = {
		{ "in icmpv6 2001:db8::1 > 2001:db8::10 type=135 ttl=255 transport=24",
		  OUTCOME_RULE, "nd-in" },
		{ "in icmpv6 2001:db8::1 > 2001:db8::10 type=135 ttl=64 transport=24", OUTCOME_RULE,
		  "nd-in" },
		{ "in icmpv6 fe80::1 > 2001:db8::10 type=135 ttl=255 transport=24",
		  OUTCOME_PASS_NEIGHBOR_DISCOVERY, NULL },
		{ "in icmpv6 fe80::1 > 2001:db8::10 type=135 ttl=64 transport=24",
		  OUTCOME_DROP_ADDRESS, NULL },
	};

	(void)state;
	prog_policy(&prog, rules);
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_passes_if_it_is_on),
		cmocka_unit_test(link_control_passes_if_it_is_on),
		cmocka_unit_test(link_control_only_where_it_can_be_genuine),
		cmocka_unit_test(every_other_ethertype_is_dropped),
		cmocka_unit_test(neighbor_discovery_passes_if_it_is_on),
		cmocka_unit_test(neighbor_discovery_only_where_it_can_be_genuine),
		cmocka_unit_test(a_rule_comes_before_an_essential),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
