/* SPDX-License-Identifier: GPL-2.0-only */
/* Drop reason `martian`, `in` only: addresses that cannot come from outside (spec 3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define MARTIAN OUTCOME_DROP_MARTIAN
#define PASSES OUTCOME_UNDECIDED

static const char policy[] =
	"policy: martians\n"
	"rules:\n"
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
	"  - {name: udp-in, direction: in, protocol: udp, ports: 1-65535}\n"
	"  - {name: nd-in, direction: in, protocol: icmpv6, types: [128, 135]}\n"
	"  - {name: gre-in, direction: in, protocol: 47}\n"
	"  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
	"  - {name: udp-out, direction: out, protocol: udp, ports: 1-65535}\n"
	"  - {name: nd-out, direction: out, protocol: icmpv6, types: [128, 135]}\n"
	"  - {name: gre-out, direction: out, protocol: 47}\n";

static const char tcp[] = "tcp PEER:40000 > HOST:443 syn";
static const char udp[] = "udp PEER:40000 > HOST:3478";
static const char gre[] = "47 PEER > HOST";

#define CHANGES4                                                                                   \
	PROG_CHANGES("from=0.0.0.0", "from=0.0.0.1", "from=0.255.255.255", "from=127.0.0.0",       \
		     "from=127.0.0.1", "from=127.255.255.255", "from=224.0.0.0", "from=224.0.0.1", \
		     "from=239.255.255.255", "from=240.0.0.0", "from=250.1.2.3",                   \
		     "from=255.255.255.255", "to=0.0.0.0", "to=0.1.2.3", "to=0.255.255.255",       \
		     "to=127.0.0.0", "to=127.0.0.1", "to=127.255.255.255", "from=HOST", "to=PEER", \
		     "from=0.0.0.0 to=255.255.255.255", "from=10.0.0.1 to=10.0.0.1")
#define CHANGES6                                                                                   \
	PROG_CHANGES("from=::", "from=::1", "from=::2", "from=::192.0.2.1", "from=::ffff:ffff",    \
		     "from=::ffff:192.0.2.1", "from=::ffff:0:0", "from=::ffff:255.255.255.255",    \
		     "from=ff00::", "from=ff02::1", "from=ff0e::1:2",                              \
		     "from=ffff::", "to=::", "to=::1", "from=HOST", "to=PEER",                     \
		     "from=:: to=ff02::1")

static void cannot_come_in(void **state)
{
	static struct prog prog;
	const struct prog_change table[] = {
		{ 4, "in", tcp, MARTIAN, CHANGES4 },
		{ 4, "in", udp, MARTIAN, CHANGES4 },
		{ 4, "in", gre, MARTIAN, CHANGES4 },
		{ 6, "in", tcp, MARTIAN, CHANGES6 },
		{ 6, "in", udp, MARTIAN, CHANGES6 },
		{ 6, "in", gre, MARTIAN, CHANGES6 },
		/* also behind tags, options and extension headers */
		{ 4, "in", tcp, MARTIAN,
		  PROG_CHANGES("tag=8100 from=127.0.0.1", "options=01010101 from=127.0.0.1",
			       "tag=88a8 tag=8100 to=127.0.0.1") },
		{ 6, "in", tcp, MARTIAN,
		  PROG_CHANGES("tag=8100 from=::1", "dst from=::1", "hop dst to=::1",
			       "dst from=::", "frag=0 from=::") },
	};

	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, policy);
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_close(&prog);
}

/* The host may send what it likes: these are rules of what arrives. */
static void may_go_out(void **state)
{
	static struct prog prog;
	const struct prog_change table[] = {
		{ 4, "out", tcp, PASSES, CHANGES4 }, { 4, "out", udp, PASSES, CHANGES4 },
		{ 4, "out", gre, PASSES, CHANGES4 }, { 6, "out", tcp, PASSES, CHANGES6 },
		{ 6, "out", udp, PASSES, CHANGES6 }, { 6, "out", gre, PASSES, CHANGES6 },
	};

	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, policy);
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_close(&prog);
}

static void their_neighbours_pass(void **state)
{
	static struct prog prog;
	const struct prog_change table[] = {
		{ 4, "in out", tcp, PASSES,
		  PROG_CHANGES("from=1.0.0.0", "from=126.255.255.255", "from=128.0.0.0",
			       "from=223.255.255.255", "from=10.0.0.1", "from=169.254.1.1",
			       "from=100.64.0.1", "to=1.0.0.0", "to=126.255.255.255",
			       "to=128.0.0.0", "to=224.0.0.1", "to=255.255.255.255", "to=240.0.0.1",
			       /* alike in all but one bit */
			       "from=192.0.2.11", "from=64.0.2.10", "from=192.0.3.10") },
		{ 6, "in out", tcp, PASSES,
		  PROG_CHANGES("from=::1:0:0", "from=0:0:0:1::", "from=::fffe:192.0.2.1",
			       "from=0:0:0:0:1:ffff:192.0.2.1", "from=64:ff9b::192.0.2.1",
			       "from=fe80::1", "from=fd00::1", "from=feff::1", "from=8000::",
			       "to=::2", "to=::1:0:1", "to=ff02::1", "to=::ffff:192.0.2.1",
			       "to=1::1", "from=2001:db8::11", "from=2001:db8:1::10",
			       "from=2001:db8::1:0:0:10", "from=2001:db8::1:10") },
	};

	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, policy);
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_close(&prog);
}

/* Fine: source :: for what neighbor discovery lets pass, be it by a rule; not without it. */
static void unspecified_is_fine_for_neighbor_discovery_and_dhcp(void **state)
{
	static const struct prog_case on[] = {
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24", OUTCOME_RULE,
		  "nd-in" },
		{ "in icmpv6 :: > ff02::2 type=133 ttl=255", OUTCOME_PASS_NEIGHBOR_DISCOVERY,
		  NULL },
		{ "in icmpv6 :: > ff02::16 type=143 ttl=1", OUTCOME_PASS_NEIGHBOR_DISCOVERY, NULL },
		/* one thing changed */
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=254 transport=24", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=23", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24 code=1", MARTIAN,
		  NULL },
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24 frag=0", MARTIAN,
		  NULL },
		{ "in icmpv6 :: > ff02::1:ff00:10 type=128 ttl=255 transport=24", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::1:ff00:10 type=136 ttl=255 transport=24", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::1 type=134 ttl=255 transport=24", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::16 type=143 ttl=255", MARTIAN, NULL },
		{ "in icmpv6 :: > ::1 type=133 ttl=255", MARTIAN, NULL },
		{ "in udp [::]:546 > [ff02::1:2]:547", MARTIAN, NULL },
		/* 0.0.0.0: of one who asks for an address */
		{ "in udp 0.0.0.0:68 > 255.255.255.255:67", OUTCOME_RULE, "udp-in" },
		{ "in udp 0.0.0.0:67 > 255.255.255.255:67", MARTIAN, NULL },
		{ "in udp 0.0.0.0:69 > 255.255.255.255:67", MARTIAN, NULL },
		{ "in udp 0.0.0.0:68 > 255.255.255.255:68", MARTIAN, NULL },
		{ "in udp 0.0.0.0:67 > 255.255.255.255:68", MARTIAN, NULL },
		{ "in udp 0.0.0.0:546 > 255.255.255.255:547", MARTIAN, NULL },
		{ "in udp 0.0.0.1:68 > 255.255.255.255:67", MARTIAN, NULL },
		{ "in tcp 0.0.0.0:68 > 255.255.255.255:67 syn", MARTIAN, NULL },
		{ "in udp 0.0.0.0:68 > 0.0.0.0:67", MARTIAN, NULL },
		{ "in udp 0.0.0.0:68 > 127.0.0.1:67", MARTIAN, NULL },
		{ "in udp 0.0.0.0:68 > 255.255.255.255:67 udplen=7", MARTIAN, NULL },
		{ "in udp 0.0.0.0:68 > 255.255.255.255:67 offset=8", MARTIAN, NULL },
		/* outwards it is no martian */
		{ "out icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24", OUTCOME_RULE,
		  "nd-out" },
		{ "out icmpv6 :: > ff02::2 type=133 ttl=255", OUTCOME_PASS_NEIGHBOR_DISCOVERY,
		  NULL },
		{ "out icmpv6 :: > ff02::2 type=133 ttl=254", OUTCOME_DROP_NO_RULE, NULL },
		{ "out udp 0.0.0.0:68 > 255.255.255.255:67", OUTCOME_REPLY, "udp-in" },
	};
	static const struct prog_case off[] = {
		{ "in icmpv6 :: > ff02::1:ff00:10 type=135 ttl=255 transport=24", MARTIAN, NULL },
		{ "in icmpv6 :: > ff02::2 type=133 ttl=255", MARTIAN, NULL },
		{ "in icmpv6 fe80::2 > ff02::1:ff00:10 type=135 ttl=255 transport=24", OUTCOME_RULE,
		  "nd-in" },
		{ "in icmpv6 fe80::2 > ff02::2 type=133 ttl=255", OUTCOME_DROP_NO_RULE, NULL },
		{ "in udp 0.0.0.0:68 > 255.255.255.255:67", MARTIAN, NULL },
		{ "out icmpv6 :: > ff02::2 type=133 ttl=255", OUTCOME_DROP_NO_RULE, NULL },
	};
	static struct prog prog;
	char without[sizeof(policy) + 64];

	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, policy);
	prog_cases(&prog, on, PROG_COUNT(on));
	snprintf(without, sizeof(without),
		 "%sessentials: {neighbor-discovery: false, dhcp: false}\n", policy);
	prog_policy(&prog, without);
	prog_cases(&prog, off, PROG_COUNT(off));
	prog_close(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cannot_come_in),
		cmocka_unit_test(may_go_out),
		cmocka_unit_test(their_neighbours_pass),
		cmocka_unit_test(unspecified_is_fine_for_neighbor_discovery_and_dhcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
