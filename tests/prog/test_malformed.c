/* SPDX-License-Identifier: GPL-2.0-only */
/* Drop reason `malformed`, cause by cause as spec 3.2 lists them: link layer, IPv4, transport. */
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
#define TEN(byte) byte byte byte byte byte byte byte byte byte byte

static const char policy[] =
	"policy: all-kinds\n"
	"rules:\n"
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
	"  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"
	"  - {name: icmp-in, direction: in, protocol: icmp, types: [8]}\n"
	"  - {name: icmpv6-in, direction: in, protocol: icmpv6, types: [128]}\n"
	"  - {name: gre-in, direction: in, protocol: 47}\n"
	"  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n"
	"  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
	"  - {name: icmp-out, direction: out, protocol: icmp, types: [8]}\n"
	"  - {name: icmpv6-out, direction: out, protocol: icmpv6, types: [128]}\n"
	"  - {name: gre-out, direction: out, protocol: 47}\n";

static const char tcp[] = "tcp PEER:40000 > HOST:443 syn";
static const char udp[] = "udp PEER:40000 > HOST:3478";
static const char sctp[] = "sctp PEER:40000 > HOST:2905";
static const char echo[] = "PING PEER > HOST type=REQUEST";
static const char gre[] = "47 PEER > HOST";

PROG_FIXTURE(policy);

static void at_the_link(void **state)
{
	const struct prog_change table[] = {
		{ 46, BOTH, tcp, PASSES,
		  PROG_CHANGES("tag=8100", "tag=88a8", "tag=88a8 tag=8100", "tag=8100 tag=8100",
			       "tag=8100 tag=88a8") },
		/* more than two VLAN tags */
		{ 46, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("tag=8100 tag=8100 tag=8100", "tag=88a8 tag=8100 tag=8100",
			       "tag=88a8 tag=88a8 tag=88a8", "tag=8100 tag=8100 tag=88a8",
			       "tag=8100 tag=8100 tag=8100 tag=8100") },
		/* cut short: in a tag, behind it */
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 syn tag=8100", MALFORMED,
		  PROG_CHANGES("cut=15", "cut=16", "cut=17", "cut=18", "cut=19") },
		{ 46, BOTH, "tcp PEER:40000 > HOST:443 syn tag=88a8 tag=8100", MALFORMED,
		  PROG_CHANGES("cut=18", "cut=19", "cut=20", "cut=21", "cut=22") },
		/* the IP version isn't the EtherType's */
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("eth=86dd", "version=6", "version=5", "version=0", "version=15") },
		{ 6, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("eth=0800", "version=4", "version=5", "version=0", "version=15") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_arp(void **state)
{
	const struct prog_change table[] = {
		{ 4, BOTH, "arp", PASSES, PROG_CHANGES("pad=18", "tag=8100", "tag=88a8 tag=8100") },
		{ 4, BOTH, "arp", MALFORMED,
		  PROG_CHANGES("cut=15", "cut=22", "cut=41", "hardware=0", "hardware=6",
			       "hardware=256", "protocol=86dd", "protocol=0801", "hlen=8", "hlen=0",
			       "plen=16", "plen=0") },
		{ 4, BOTH, "arp tag=8100", MALFORMED, PROG_CHANGES("cut=45") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_the_ip4_header(void **state)
{
	const struct prog_change table[] = {
		/* cut short */
		{ 4, BOTH, tcp, MALFORMED, PROG_CHANGES("cut=15", "cut=20", "cut=33", "cut=34") },
		/* IHL < 5; an IHL past the total length */
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("ihl=0", "ihl=1", "ihl=4", "ihl=11", "ihl=15") },
		/* the total length: shorter than its header, longer than the frame, 0 */
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("length=19", "length=1", "length=0", "length=+1", "length=65535",
			       "length=+5 pad=4") },
		{ 4, BOTH, "udp PEER:40000 > HOST:3478 options=01010101", MALFORMED,
		  PROG_CHANGES("length=23", "length=20") },
		/* Ethernet padding is fine, and no part of the packet */
		{ 4, BOTH, tcp, PASSES,
		  PROG_CHANGES("pad=1", "pad=6", "pad=1000", "length=+6 pad=6") },
		{ 4, BOTH, gre, PASSES, PROG_CHANGES("transport=0", "transport=0 pad=26") },
		/* fragment bits that say nothing */
		{ 4, BOTH, tcp, PASSES,
		  PROG_CHANGES("df", "evil", "df evil", "id=0", "ttl=1", "ttl=255") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_ip4_options(void **state)
{
	const struct prog_change table[] = {
		{ 4, BOTH, tcp, PASSES,
		  PROG_CHANGES("options=01010101", "options=00000000", "options=94040000",
			       /* record route, timestamp */
			       "options=070704c000020100", "options=440c0500c000020100000000",
			       /* what stands behind the end isn't read */
			       "options=00830704", "options=0083", "options=010100ff",
			       /* an option of 2 bytes, one that ends with the list */
			       "options=99020101", "options=0199030a", "options=9904ffff") },
		/* as long as a list can be: of options of one byte, of two, of one option */
		{ 4, BOTH, tcp, PASSES,
		  PROG_CHANGES("options=" TEN("01") TEN("01") TEN("01") TEN("01"),
			       "options=" TEN("4402") TEN("4402"),
			       "options=4428" TEN("ffff") TEN("ff") "0123456789abcdef") },
		/* a list that overruns its header */
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("options=44050000", "options=44ff0000", "options=01014403",
			       "options=01010144", "options=440400004405ffff") },
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("options=4429" TEN("ffff") TEN("ff") "0123456789abcdef") },
		/* an option that contradicts itself: shorter than its own head */
		{ 4, BOTH, tcp, MALFORMED, PROG_CHANGES("options=44000000", "options=44010000") },
		/* loose and strict source routes, wherever they stand */
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("options=830704c000020101", "options=890704c000020101",
			       "options=01830704c0000201", "options=94040000890704c000020101",
			       "options=83030400", "options=01010183", "options=83000000") },
		{ 4, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("options=" TEN("01") TEN("01") TEN("01") "0101010101010189030a") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_tcp(void **state)
{
	const struct prog_change table[] = {
		{ 46, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("transport=0 pad=30", "transport=1 pad=30", "transport=19",
			       "transport=19 pad=30") },
		/* data offset < 5, or past the end */
		{ 46, BOTH, tcp, MALFORMED,
		  PROG_CHANGES("doff=0", "doff=4", "doff=6", "doff=15", "doff=6 pad=40",
			       "doff=6 data=3", "doff=15 data=39") },
		{ 46, BOTH, tcp, PASSES,
		  PROG_CHANGES("doff=6 data=4", "doff=15 data=40", "doff=15 data=1000") },
		/* port 0 */
		{ 46, BOTH, tcp, MALFORMED, PROG_CHANGES("sport=0", "dport=0", "sport=0 dport=0") },
		{ 46, BOTH, tcp, PASSES, PROG_CHANGES("sport=1", "sport=256", "sport=65280") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_udp(void **state)
{
	const struct prog_change table[] = {
		{ 46, BOTH, udp, MALFORMED,
		  PROG_CHANGES("transport=0 pad=30", "transport=7", "transport=7 pad=30") },
		/* its length < 8, or past the end of the IP packet, whatever pads the frame */
		{ 46, BOTH, udp, MALFORMED,
		  PROG_CHANGES("udplen=0", "udplen=1", "udplen=7", "udplen=+1", "udplen=65535",
			       "udplen=+1 pad=30") },
		{ 46, BOTH, udp, PASSES,
		  PROG_CHANGES("udplen=8", "udplen=-1", "data=0", "data=1400",
			       "udplen=8 data=1000") },
		{ 46, BOTH, udp, MALFORMED, PROG_CHANGES("sport=0", "dport=0") },
		/* with options in front that look like ports, and a port that looks like a length */
		{ 4, BOTH, udp, PASSES, PROG_CHANGES("sport=9 options=01010101") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

static void in_sctp_and_icmp(void **state)
{
	const struct prog_change table[] = {
		{ 46, BOTH, sctp, MALFORMED,
		  PROG_CHANGES("transport=0 pad=30", "transport=11", "transport=11 pad=30",
			       "sport=0", "dport=0") },
		{ 46, BOTH, sctp, PASSES, PROG_CHANGES("chunk=none", "chunk=1", "transport=13") },
		{ 46, BOTH, echo, MALFORMED,
		  PROG_CHANGES("transport=0 pad=30", "transport=1 pad=30", "transport=4",
			       "transport=7", "transport=7 pad=30") },
		{ 46, BOTH, echo, PASSES,
		  PROG_CHANGES("transport=8", "data=0", "data=1400", "code=1") },
		/* of other protocols nothing is known */
		{ 46, BOTH, gre, PASSES, PROG_CHANGES("transport=1", "data=1000") },
		{ 4, BOTH, gre, PASSES, PROG_CHANGES("transport=0") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

/* Faults are named in the order in which they stand; of two in one header, the earlier of spec 3.2. */
static void the_first_fault_is_named(void **state)
{
	const struct prog_change table[] = {
		{ 46, "in", tcp, MALFORMED,
		  PROG_CHANGES("length=+1 from=HOST", "doff=4 flags=00", "sport=0 flags=3f",
			       "tag=8100 tag=8100 tag=8100 eth=1234") },
		{ 46, "in", tcp, OUTCOME_DROP_MARTIAN,
		  PROG_CHANGES("from=HOST doff=4", "from=HOST flags=00", "from=HOST dport=0",
			       "from=HOST dport=22") },
		{ 46, BOTH, tcp, OUTCOME_DROP_BAD_TCP_FLAGS, PROG_CHANGES("flags=00 dport=22") },
		{ 4, "in", tcp, MALFORMED,
		  PROG_CHANGES("from=127.0.0.1 options=01010183", "ihl=4 from=127.0.0.1") },
		{ 4, "in", tcp, OUTCOME_DROP_MARTIAN, PROG_CHANGES("from=127.0.0.1 mf data=4") },
		{ 6, "in", tcp, OUTCOME_DROP_MARTIAN,
		  PROG_CHANGES("from=::1 dst hop", "from=::1 dst extlen=200",
			       "from=::1 routing=0/0", "from=::1 frag=8", "from=:: frag=8",
			       "from=:: frag+=0 data=4", "from=:: dst hop",
			       "from=:: dst extlen=200") },
		{ 6, BOTH, tcp, OUTCOME_DROP_EXTENSION_HEADER,
		  PROG_CHANGES("dst hop flags=00", "dst hop doff=4", "dst hop routing=0/0") },
		{ 6, BOTH, tcp, MALFORMED, PROG_CHANGES("routing=0/0 hop", "dst extlen=200 hop") },
	};

	(void)state;
	prog_change_all(&prog, table, PROG_COUNT(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_the_link),
		cmocka_unit_test(in_arp),
		cmocka_unit_test(in_the_ip4_header),
		cmocka_unit_test(in_ip4_options),
		cmocka_unit_test(in_tcp),
		cmocka_unit_test(in_udp),
		cmocka_unit_test(in_sctp_and_icmp),
		cmocka_unit_test(the_first_fault_is_named),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
