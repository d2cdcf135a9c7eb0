/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6: what is malformed in its headers, and drop reason `extension-header` (spec 3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define MALFORMED OUTCOME_DROP_MALFORMED
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char policy[] =
	"policy: six\n"
	"rules:\n"
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
	"  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"
	"  - {name: ping-in, direction: in, protocol: icmpv6, types: [128]}\n"
	"  - {name: none-in, direction: in, protocol: 59}\n"
	"  - {name: ah-in, direction: in, protocol: 51}\n"
	"  - {name: mobility-in, direction: in, protocol: 135}\n"
	"  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
	"  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
	"  - {name: ping-out, direction: out, protocol: icmpv6, types: [128]}\n"
	"  - {name: none-out, direction: out, protocol: 59}\n"
	"  - {name: ah-out, direction: out, protocol: 51}\n"
	"  - {name: mobility-out, direction: out, protocol: 135}\n";

static const char tcp[] = "tcp PEER:40000 > HOST:443 syn";

PROG_FIXTURE(policy);

static void the_fixed_header(void **state)
{
	const struct prog_change table[] = {
		{ 6, BOTH, tcp, MALFORMED, PROG_CHANGES("cut=15", "cut=53", "cut=54", "cut=73") },
		/* the payload's length: longer than the frame, shorter than TCP, 0 */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("length=+1", "length=65535", "length=+5 pad=4", "length=-1",
			       "length=19", "length=0", "length=0 pad=30") },
		{ 6, BOTH, tcp, PASSES,
		  PROG_CHANGES("pad=1", "pad=1000", "length=+6 pad=6", "ttl=0", "ttl=255") },
		{ 6, BOTH, "59 PEER > HOST", PASSES, PROG_CHANGES("transport=1", "data=1000") },
		{ 6, BOTH, "59 PEER > HOST", MALFORMED,
		  PROG_CHANGES("transport=0", "transport=0 pad=8") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void extension_headers_are_walked(void **state)
{
	const struct prog_change table[] = {
		{ 6, BOTH, tcp, PASSES,
		  PROG_CHANGES("hop", "dst", "routing=2/0", "routing=4/0", "routing=255/0", "ah",
			       "ah=12", "frag=0", "hop=16", "dst=256", "dst=2048", "ah=1028",
			       "ah=16", "hop dst routing=2/0 dst", "hop dst frag=0 ah dst",
			       "dst routing=3/0", "routing=2/0 routing=2/0",
			       "dst dst dst dst dst dst dst dst",
			       "hop dst dst dst dst dst dst frag=0", "tag=8100 tag=8100 hop dst") },
		{ 6, BOTH, "udp PEER:40000 > HOST:3478", PASSES,
		  PROG_CHANGES("dst=2048", "dst=1024 dst=1024 dst=1024", "ah=1028", "frag=0") },
		{ 6, BOTH, "icmpv6 PEER > HOST type=128", PASSES,
		  PROG_CHANGES("hop", "dst", "frag=0") },
		/* what is none of 0, 43, 44, 51 and 60 ends the chain and is the protocol */
		{ 6, BOTH, "59 PEER > HOST", PASSES, PROG_CHANGES("hop", "dst", "dst dst") },
		{ 6, BOTH, "135 PEER > HOST", PASSES, PROG_CHANGES("hop", "dst") },
		{ 6, BOTH, tcp, OUTCOME_DROP_NO_RULE,
		  PROG_CHANGES("next=50", "next=139", "next=140", "next=253", "dst next=50",
			       "next=41", "hop next=4") },
		/* what stands behind them is judged as ever */
		{ 6, BOTH, tcp, OUTCOME_DROP_NO_RULE,
		  PROG_CHANGES("hop dport=22", "dst dport=444", "ah dport=22", "frag=0 dport=22",
			       "dst=2048 dport=22", "dst dst dst dst dst dst dst dst dport=22") },
		{ 6, BOTH, tcp, OUTCOME_DROP_BAD_TCP_FLAGS,
		  PROG_CHANGES("dst flags=00", "frag=0 flags=3f") },
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("dst doff=4", "hop sport=0", "ah transport=19") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void authentication_is_a_protocol_of_ip4_only(void **state)
{
	static const struct prog_case cases[] = {
		{ "in 51 198.51.100.7 > 192.0.2.10", OUTCOME_RULE, "ah-in" },
		/* a service's answer comes before a rule */
		{ "out 51 192.0.2.10 > 198.51.100.7", OUTCOME_REPLY, "ah-in" },
		{ "in tcp [2001:db8:f::7]:40000 > [2001:db8::10]:443 syn ah", OUTCOME_RULE,
		  "tcp-in" },
		{ "in tcp [2001:db8:f::7]:40000 > [2001:db8::10]:22 syn ah", OUTCOME_DROP_NO_RULE,
		  NULL },
	};

	(void)state;
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

static void extension_headers_that_are_malformed(void **state)
{
	const struct prog_change table[] = {
		/* routing: of type 0, or with segments left */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("routing=0/0", "routing=0/1", "routing=2/1", "routing=4/1",
			       "routing=3/255", "hop routing=0/0", "dst routing=2/1",
			       "routing=2/0 routing=2/1") },
		/* AH shorter than 12 bytes */
		{ 6, BOTH, tcp, MALFORMED, PROG_CHANGES("ah=8", "hop ah=8", "ah extlen=0") },
		/* past the end of the packet, whatever pads the frame */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("hop extlen=3", "dst extlen=3", "dst extlen=255", "ah extlen=255",
			       "routing=2/0 extlen=3", "dst extlen=3 pad=100",
			       "dst dst extlen=3") },
		/* cut short: no room for a header's first eight bytes */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("hop length=7", "dst length=1", "ah length=7", "frag=0 length=7",
			       "routing=2/0 length=7", "dst dst length=15",
			       "dst frag=0 length=15") },
		/* the chain takes all the room */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("dst length=8", "dst extlen=2 data=4 transport=16") },
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("dst=2048 cut=100", "dst cut=61", "dst cut=62") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void extension_headers_that_should_not_be_there(void **state)
{
	const struct prog_change table[] = {
		/* more than eight; the upper layer is none of them, a fragment header is one */
		{ 6, BOTH, tcp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("dst dst dst dst dst dst dst dst dst",
			       "hop dst dst dst dst dst dst dst dst",
			       "dst dst dst dst dst dst dst dst frag=0",
			       "frag=0 dst dst dst dst dst dst dst dst",
			       "dst dst dst dst dst dst dst dst dst dst dst dst") },
		/* hop-by-hop anywhere but first */
		{ 6, BOTH, tcp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("hop hop", "dst hop", "routing=2/0 hop", "ah hop", "frag=0 hop",
			       "dst dst dst dst dst dst dst hop") },
		/* a second fragment header */
		{ 6, BOTH, tcp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("frag=0 frag=0", "frag=0 dst frag=0", "frag=0 frag=8",
			       "frag=0 frag+=0", "frag+=0 frag=0 data=4") },
		/* it is not read: what would be wrong in it is not seen */
		{ 6, BOTH, tcp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("dst hop extlen=255", "dst hop length=9", "frag=0 frag=0 length=9",
			       "frag=0 frag+=65528", "dst dst dst dst dst dst dst dst routing=0/0",
			       "dst dst dst dst dst dst dst dst dst length=65",
			       "dst dst dst dst dst dst dst dst ah extlen=0", "dst hop length=8") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fixed_header),
		cmocka_unit_test(extension_headers_are_walked),
		cmocka_unit_test(authentication_is_a_protocol_of_ip4_only),
		cmocka_unit_test(extension_headers_that_are_malformed),
		cmocka_unit_test(extension_headers_that_should_not_be_there),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
