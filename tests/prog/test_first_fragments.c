/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments that are tracked, the first ones: they hold all headers and are judged like any packet; an
 * atomic one is none (spec 3.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define MALFORMED OUTCOME_DROP_MALFORMED
#define FRAGMENT OUTCOME_DROP_FRAGMENT
#define NO_RULE OUTCOME_DROP_NO_RULE
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char policy[] = "policy: fragments\n"
			     "essentials: {ping: true}\n"
			     "rules:\n"
			     "  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"
			     "  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"
			     "  - {name: gre-in, direction: in, protocol: 47}\n"
			     "  - {name: partner-in, direction: in, protocol: udp, ports: 5000,\n"
			     "     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"
			     "  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
			     "  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
			     "  - {name: gre-out, direction: out, protocol: 47}\n";

static const char udp[] = "udp PEER:40000 > HOST:3478 data=8";
static const char gre[] = "47 PEER > HOST data=16";

PROG_FIXTURE(policy);

static void a_first_one_is_judged_like_any_packet(void **state)
{
	static const struct prog_case cases[] = {
		{ "in udp PEER:40000 > HOST:3478 FIRST", OUTCOME_RULE, "udp-in" },
		{ "in udp PEER:40000 > HOST:5000 FIRST", OUTCOME_RULE, "partner-in" },
		{ "in udp OTHER:40000 > HOST:5000 FIRST", OUTCOME_DROP_ADDRESS, NULL },
		{ "in udp PEER:40000 > HOST:3479 FIRST", NO_RULE, NULL },
		{ "in tcp PEER:40000 > HOST:443 syn FIRST transport=24", OUTCOME_RULE, "tcp-in" },
		{ "in tcp PEER:40000 > HOST:443 syn fin FIRST transport=24",
		  OUTCOME_DROP_BAD_TCP_FLAGS, NULL },
		{ "in tcp PEER:40000 > HOST:22 syn FIRST transport=24", NO_RULE, NULL },
		{ "in sctp PEER:40000 > HOST:2905 chunk=1 FIRST", OUTCOME_RULE, "sctp-in" },
		{ "in 47 PEER > HOST FIRST", OUTCOME_RULE, "gre-in" },
		{ "in 48 PEER > HOST FIRST", NO_RULE, NULL },
		{ "in PING PEER > HOST type=REQUEST FIRST", OUTCOME_PASS_PING, NULL },
		{ "in PING PEER > HOST type=REPLY FIRST", NO_RULE, NULL },
		{ "out udp HOST:40000 > PEER:3478 FIRST", OUTCOME_RULE, "udp-out" },
		{ "out udp HOST:40000 > PEER:3479 FIRST", NO_RULE, NULL },
		{ "out udp HOST:3478 > PEER:40000 FIRST", OUTCOME_REPLY, "udp-in" },
	};

	(void)state;
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

static void a_first_one_holds_all_headers(void **state)
{
	const struct prog_change table[] = {
		/* the whole transport header */
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", FRAGMENT,
		  PROG_CHANGES("transport=8", "transport=16", "doff=7", "doff=15") },
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", PASSES,
		  PROG_CHANGES("doff=6", "transport=40 doff=10", "transport=1480") },
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 ack FIRST transport=24", MALFORMED,
		  PROG_CHANGES("doff=4", "sport=0", "dport=0") },
		{ 46, BOTH, "sctp PEER:2905 > HOST:2905 FIRST transport=16", FRAGMENT,
		  PROG_CHANGES("transport=8") },
		{ 46, BOTH, "sctp PEER:2905 > HOST:2905 FIRST transport=16", MALFORMED,
		  PROG_CHANGES("sport=0", "dport=0") },
		/* of UDP's length only what no datagram has is wrong */
		{ 46, BOTH, udp, PASSES,
		  PROG_CHANGES("FIRST", "FIRST transport=8", "FIRST udplen=4008",
			       "FIRST udplen=65535", "FIRST udplen=8", "FIRST udplen=9",
			       "FIRST data=1464") },
		{ 46, BOTH, udp, MALFORMED,
		  PROG_CHANGES("udplen=4008", "FIRST udplen=7", "FIRST udplen=0", "FIRST sport=0",
			       "FIRST dport=0") },
		{ 46, BOTH, "PING PEER > HOST type=REQUEST", PASSES,
		  PROG_CHANGES("FIRST", "FIRST transport=8") },
		/* what carries no header that is looked at may be as short as any */
		{ 46, BOTH, gre, PASSES, PROG_CHANGES("FIRST", "FIRST transport=8") },
		/* the whole chain */
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("frag+=0 dst", "hop frag+=0 dst=16", "dst routing=4/0 frag+=0 dst",
			       "ah frag+=0", "frag+=0 ah", "dst=64 frag+=0") },
		{ 6, BOTH, udp, FRAGMENT,
		  PROG_CHANGES("frag+=0 dst extlen=3", "frag+=0 ah extlen=255",
			       "frag+=0 dst transport=0", "frag+=0 dst=16 transport=0",
			       "frag+=0 routing=4/0 extlen=9") },
		{ 6, BOTH, udp, MALFORMED,
		  PROG_CHANGES("frag+=0 routing=0/0", "frag+=0 routing=2/1", "frag+=0 ah extlen=0",
			       "dst extlen=9 frag+=0") },
		{ 6, BOTH, udp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("frag+=0 hop", "frag+=0 frag+=0", "frag=0 frag+=0", "frag=0 frag=8",
			       "dst dst dst dst frag+=0 dst dst dst dst",
			       "dst dst dst dst dst dst dst dst frag+=0") },
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("dst dst dst dst frag+=0 dst dst dst",
			       "dst dst dst dst dst dst dst frag+=0") },
		/* its options: IPv4 */
		{ 4, BOTH, udp, PASSES, PROG_CHANGES("mf options=01010101", "mf evil", "mf df") },
		{ 4, BOTH, udp, MALFORMED,
		  PROG_CHANGES("mf options=83070407040a0000", "mf options=44ff0000") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

/* Atomic: no fragment, nothing is remembered of it, and it need not be a multiple of 8. */
static void an_atomic_one_is_none(void **state)
{
	const struct prog_change table[] = {
		{ 6, BOTH, udp, PASSES,
		  PROG_CHANGES("frag=0", "frag=0 data=5", "dst frag=0 dst", "frag=0 id=7") },
		{ 6, BOTH, udp, MALFORMED, PROG_CHANGES("frag=0 udplen=+1", "frag=0 transport=7") },
		{ 6, BOTH, "tcp PEER:40000 > HOST:443 ack", MALFORMED,
		  PROG_CHANGES("frag=0 transport=19", "frag=0 doff=6") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog_reset(&prog);
	prog.family = 6;
	prog_expect(&prog, "in udp PEER:40000 > HOST:3478 frag=0", OUTCOME_RULE, "udp-in");
	prog_expect(&prog, "in udp PEER:40000 > HOST:3478 frag=16", FRAGMENT, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_one_is_judged_like_any_packet),
		cmocka_unit_test(a_first_one_holds_all_headers),
		cmocka_unit_test(an_atomic_one_is_none),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
