/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `fragments: drop`, and what is malformed whatever the policy says (test_tracked_fragments.c has the rest):
 * every true fragment is dropped; those that are malformed say so; an
 * atomic one is none.
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
#define PASSES OUTCOME_UNDECIDED
#define BOTH "in out"

static const char policy[] = "policy: fragments\n"
			     "fragments: drop\n"
			     "rules:\n"
			     "  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"
			     "  - {name: gre-in, direction: in, protocol: 47}\n"
			     "  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
			     "  - {name: gre-out, direction: out, protocol: 47}\n";

static const char tcp[] = "tcp PEER:40000 > HOST:443 ack data=4";
static const char udp[] = "udp PEER:40000 > HOST:3478 data=8";
static const char gre[] = "47 PEER > HOST data=16";

PROG_FIXTURE(policy);

static void of_ip4(void **state)
{
	const struct prog_change table[] = {
		/* first, in the middle, last */
		{ 4, BOTH, tcp, FRAGMENT,
		  PROG_CHANGES("mf", "mf df", "mf offset=8", "offset=8", "offset=1480",
			       "offset=1480 mf") },
		{ 4, BOTH, udp, FRAGMENT,
		  PROG_CHANGES("mf", "offset=8", "mf data=1464", "offset=8 data=1") },
		{ 4, BOTH, gre, FRAGMENT, PROG_CHANGES("mf", "offset=8") },
		{ 4, BOTH, udp, FRAGMENT,
		  PROG_CHANGES("mf options=01010101", "offset=8 options=94040000") },
		/* its transport isn't looked at */
		{ 4, BOTH, tcp, FRAGMENT,
		  PROG_CHANGES("mf flags=00", "offset=8 doff=0", "mf sport=0", "mf dport=22",
			       "mf transport=8", "offset=8 transport=1") },
		/* empty */
		{ 4, BOTH, udp, MALFORMED,
		  PROG_CHANGES("mf transport=0", "offset=8 transport=0", "mf offset=8 transport=0",
			       "offset=8 transport=0 pad=26") },
		/* no multiple of 8 though more follow */
		{ 4, BOTH, udp, MALFORMED,
		  PROG_CHANGES("mf transport=1", "mf transport=7", "mf transport=9",
			       "mf transport=20", "mf offset=8 transport=15") },
		/* put together, longer than 65,535 bytes: header, offset and what it holds */
		{ 4, BOTH, gre, FRAGMENT,
		  PROG_CHANGES("offset=65504 transport=11", "offset=65512 transport=3",
			       "offset=65504 mf transport=8") },
		{ 4, BOTH, gre, MALFORMED,
		  PROG_CHANGES("offset=65504 transport=12", "offset=65512 transport=4",
			       "offset=65520 transport=1", "offset=65528 transport=8",
			       "offset=65504 mf transport=16",
			       "offset=65504 transport=8 options=01010101") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void of_ip6(void **state)
{
	const struct prog_change table[] = {
		/* atomic: no fragment */
		{ 6, BOTH, tcp, PASSES, PROG_CHANGES("frag=0", "dst frag=0", "frag=0 dst") },
		{ 6, BOTH, gre, PASSES, PROG_CHANGES("frag=0") },
		{ 6, BOTH, tcp, FRAGMENT,
		  PROG_CHANGES("frag+=0", "frag+=8", "frag=8", "frag=1480", "dst frag+=0",
			       "hop dst frag=8", "frag+=0 dst") },
		{ 6, BOTH, udp, FRAGMENT, PROG_CHANGES("frag+=0", "frag=8", "frag=8 data=1") },
		/* its transport isn't looked at, and a later one's chain neither */
		{ 6, BOTH, tcp, FRAGMENT,
		  PROG_CHANGES("frag+=0 flags=00", "frag+=0 doff=0", "frag+=0 sport=0",
			       "frag+=0 transport=8", "frag=8 frag=8", "frag=8 hop",
			       "frag=8 dst extlen=255", "frag=8 routing=0/0") },
		/* a first one must hold its whole chain */
		{ 6, BOTH, tcp, FRAGMENT,
		  PROG_CHANGES("frag+=0 dst extlen=3", "frag+=0 ah extlen=255",
			       "frag+=0 routing=2/0 extlen=9", "frag+=0 dst dst length=16") },
		/* but what is wrong in it is wrong */
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("frag+=0 routing=0/0", "frag+=0 routing=2/1",
			       "frag+=0 ah extlen=0") },
		/* empty */
		{ 6, BOTH, udp, MALFORMED,
		  PROG_CHANGES("frag+=0 transport=0", "frag=8 transport=0", "frag+=8 transport=0",
			       "frag=8 transport=0 pad=26") },
		/* no multiple of 8 though more follow */
		{ 6, BOTH, udp, MALFORMED,
		  PROG_CHANGES("frag+=0 transport=1", "frag+=0 transport=7",
			       "frag+=8 transport=20") },
		/* put together, longer than 65,535 bytes; headers in front of it are part of it */
		{ 6, BOTH, gre, FRAGMENT,
		  PROG_CHANGES("frag=65528 transport=7", "dst frag=65520 transport=7",
			       "frag+=65520 transport=8") },
		{ 6, BOTH, gre, MALFORMED,
		  PROG_CHANGES("frag=65528 transport=8", "dst frag=65520 transport=8",
			       "frag+=65528 transport=8", "hop dst frag=65520 transport=1",
			       "dst=16 frag=65520 transport=1") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void whatever_they_hold_no_flow_is_made(void **state)
{
	(void)state;
	prog_reset(&prog);
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		prog_expect(&prog,
			    prog.family == 4 ? "out udp HOST:40000 > PEER:3478 mf" :
					       "out udp HOST:40000 > PEER:3478 frag+=0",
			    OUTCOME_DROP_FRAGMENT, NULL);
		prog_expect(&prog, "in udp PEER:3478 > HOST:40000", OUTCOME_DROP_NO_RULE, NULL);
	}
	assert_int_equal(prog_flows(&prog), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_ip4),
		cmocka_unit_test(of_ip6),
		cmocka_unit_test(whatever_they_hold_no_flow_is_made),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
