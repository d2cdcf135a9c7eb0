/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors pass when they quote a packet that travelled the other way and belongs to a conversation
 * (spec 3.4). What becomes of the conversation: test_icmp_error_flows.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#define ERROR OUTCOME_PASS_ICMP_ERROR
#define UNRELATED OUTCOME_DROP_UNRELATED_ICMP
#define NO_RULE OUTCOME_DROP_NO_RULE
#define PASSES OUTCOME_UNDECIDED
#define IN_ERROR "PING ROUTER > HOST type=UNREACHABLE "
#define OUT_ERROR "PING HOST > PEER type=UNREACHABLE "

#define RULES                                                                                      \
	"rules:\n"                                                                                 \
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"                           \
	"  - {name: udp-in, direction: in, protocol: udp, ports: 3478}\n"                          \
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"                        \
	"  - {name: gre-in, direction: in, protocol: 47, to: [192.0.2.10, \"2001:db8::10\"],\n"    \
	"     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"                                          \
	"  - {name: partner-in, direction: in, protocol: udp, ports: 5000,\n"                      \
	"     from: [198.51.100.7, \"2001:db8:f::7\"]}\n"                                          \
	"  - {name: tcp-out, direction: out, protocol: tcp, ports: 5061}\n"                        \
	"  - {name: udp-out, direction: out, protocol: udp, ports: 53}\n"                          \
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 3868}\n"                      \
	"  - {name: esp-out, direction: out, protocol: 50}\n"

static const char policy[] = "policy: errors\nflows: {timeouts: {udp: 5m, tcp: 1h}}\n" RULES;

PROG_FIXTURE(NULL);

/* ---- in ------------------------------------------------------------------------------------------ */

static const char *const sent[] = { "out udp HOST:40000 > PEER:53", NULL };
static const char about_udp[] = IN_ERROR "quote{ udp HOST:40000 > PEER:53 }";

static void in_about_what_the_host_sent(void **state)
{
	const struct prog_change table[] = {
		/* whoever says so, of whatever type and code */
		{ 46, "in", about_udp, PASSES,
		  PROG_CHANGES("from=PEER", "from=OTHER", "code=4", "code=255", "type=EXCEEDED",
			       "type=PROBLEM", "tag=8100", "tag=88a8 tag=8100", "ttl=1", "q:ttl=0",
			       "q:data=1000", "echo=1400") },
		{ 4, "in", about_udp, PASSES,
		  PROG_CHANGES("type=3", "type=11", "type=12", "options=01010101") },
		{ 6, "in", about_udp, PASSES,
		  PROG_CHANGES("type=1", "type=2", "type=3", "type=4", "hop dst", "frag=0") },
		/* the quote was forged, or is about another's packet */
		{ 46, "in", about_udp, UNRELATED,
		  PROG_CHANGES("to=OTHER", "q:from=OTHER", "q:to=OTHER", "q:to=ROUTER",
			       "q:sport=40001", "q:dport=54", "q:dport=3478", "q:sport=0",
			       "q:sport=53 q:dport=40000", "q:from=PEER q:to=HOST",
			       "to=OTHER q:from=OTHER") },
		{ 4, "in", about_udp, UNRELATED,
		  PROG_CHANGES("q:next=6", "q:next=132", "q:next=1", "q:next=50", "q:next=0",
			       "q:version=6", "q:version=0", "q:ihl=4", "q:ihl=0", "q:ihl=6",
			       "q:ihl=15") },
		{ 6, "in", about_udp, UNRELATED,
		  PROG_CHANGES("q:next=6", "q:next=132", "q:next=58", "q:next=50", "q:next=60",
			       "q:next=59", "q:version=4", "q:version=0") },
		/* only addresses, protocol and ports are looked at */
		{ 46, "in", about_udp, PASSES,
		  PROG_CHANGES("q:length=0", "q:length=65535", "q:length=1", "q:udplen=0",
			       "q:udplen=65535") },
		/* what the quoted packet was besides: with options, the first fragment */
		{ 4, "in", about_udp, PASSES,
		  PROG_CHANGES("q:options=01010101", "q:options=94040000 q:data=0", "q:mf", "q:df",
			       "q:evil", "q:id=9 q:mf", "q:options=44ffffff") },
		{ 4, "in", about_udp, UNRELATED,
		  PROG_CHANGES("q:offset=8", "q:offset=8 q:mf", "q:offset=65528") },
		/* or with extension headers */
		{ 6, "in", about_udp, PASSES,
		  PROG_CHANGES("q:dst", "q:hop q:dst=64", "q:ah", "q:routing=4/0", "q:frag=0",
			       "q:frag+=0", "q:hop q:dst q:frag+=0 q:dst",
			       "q:frag+=0 q:transport=13",
			       "q:dst q:dst q:dst q:dst q:dst q:dst q:dst q:dst") },
		{ 6, "in", about_udp, UNRELATED,
		  PROG_CHANGES("q:frag=8", "q:frag+=8", "q:dst q:frag=1480", "q:dst q:hop",
			       "q:frag+=0 q:frag+=0", "q:dst q:extlen=200", "q:ah q:extlen=0",
			       "q:routing=0/0", "q:routing=4/1",
			       "q:dst q:dst q:dst q:dst q:dst q:dst q:dst q:dst q:dst") },
		/* redirects never; what is no error neither */
		{ 4, "in", about_udp, NO_RULE,
		  PROG_CHANGES("type=5", "type=4", "type=0", "type=1", "type=2", "type=8",
			       "type=10", "type=13", "type=255") },
		{ 6, "in", about_udp, NO_RULE,
		  PROG_CHANGES("type=0", "type=5", "type=11", "type=12", "type=100", "type=127",
			       "type=128", "type=137", "type=255") },
		/* the error itself is a packet like any other */
		{ 46, "in", about_udp, OUTCOME_DROP_MALFORMED,
		  PROG_CHANGES("transport=7", "length=+1", "transport=0") },
		{ 46, "in", about_udp, UNRELATED, PROG_CHANGES("transport=8") },
		{ 4, "in", about_udp, OUTCOME_DROP_MARTIAN,
		  PROG_CHANGES("from=127.0.0.1", "from=0.0.0.0", "from=192.0.2.10") },
		{ 6, "in", about_udp, OUTCOME_DROP_MARTIAN,
		  PROG_CHANGES("from=::", "from=::1", "from=2001:db8::10", "from=ff02::1") },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog.before = sent;
	prog_change_all(&prog, table, PROG_COUNT(table));
	prog.before = NULL;
}

/* Each protocol, without its flow and with it. */
static void tell_protocols(struct prog *told)
{
	static const struct {
		const char *out, *error, *rule;
	} rows[] = {
		{ "out tcp HOST:40000 > PEER:5061 syn",
		  "in " IN_ERROR "quote{ tcp HOST:40000 > PEER:5061 syn }", "tcp-out" },
		{ "out udp HOST:40000 > PEER:53",
		  "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }", "udp-out" },
		{ "out sctp HOST:40000 > PEER:3868 chunk=1",
		  "in " IN_ERROR "quote{ sctp HOST:40000 > PEER:3868 chunk=1 }", "sctp-out" },
		{ "out 50 HOST > PEER data=16", "in " IN_ERROR "quote{ 50 HOST > PEER data=16 }",
		  "esp-out" },
	};

	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		prog_expect(told, rows[i].error, UNRELATED, NULL);
		prog_expect(told, rows[i].out, OUTCOME_RULE, rows[i].rule);
		prog_expect(told, rows[i].error, ERROR, NULL);
	}
	prog_expect(told, "in " IN_ERROR "quote{ tcp HOST:40000 > PEER:53 }", UNRELATED, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:5061 }", UNRELATED, NULL);
	prog_expect(told, "in " IN_ERROR "quote{ 51 HOST > PEER data=16 }", UNRELATED, NULL);
}

static void in_about_any_protocol(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_protocols);
}

/* What a service answered: without any flow. */
static void in_about_a_services_answer(void **state)
{
	static const struct prog_case cases[] = {
		{ "in " IN_ERROR "quote{ tcp HOST:443 > PEER:40000 ack }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ tcp HOST:443 > PEER:40000 syn ack }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:3478 > PEER:40000 }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:3478 > PEER:40000 FIRST }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:3478 > PEER:40000 LATER=8 }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ sctp HOST:2905 > PEER:40000 }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ 47 HOST > PEER }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ 47 HOST > OTHER }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:5000 > PEER:40000 }", ERROR, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:5000 > OTHER:40000 }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ tcp HOST:444 > PEER:40000 ack }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ tcp HOST:40000 > PEER:443 ack }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ udp HOST:443 > PEER:40000 }", UNRELATED, NULL },
		{ "in " IN_ERROR "quote{ tcp OTHER:443 > PEER:40000 ack }", UNRELATED, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases_everywhere(&prog, cases, PROG_COUNT(cases));
	assert_int_equal(prog_flows(&prog), 0);
}

/* The other family's packet in a quote. */
static void in_about_the_other_family(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_reset(&prog);
	for (prog.family = 4; prog.family <= 6; prog.family += 2)
		prog_expect(&prog, sent[0], OUTCOME_RULE, "udp-out");
	prog_expect(&prog,
		    "in icmp 203.0.113.1 > 192.0.2.10 type=3"
		    " quote{ udp [2001:db8::10]:40000 > [2001:db8:f::7]:53 }",
		    UNRELATED, NULL);
	prog_expect(&prog,
		    "in icmpv6 2001:db8:e::1 > 2001:db8::10 type=1"
		    " quote{ udp 192.0.2.10:40000 > 198.51.100.7:53 }",
		    UNRELATED, NULL);
	/* nor is ICMPv6 over IPv4 an error at all, or the other way round */
	prog_expect(
		&prog,
		"in 58 203.0.113.1 > 192.0.2.10 type=3 quote{ udp 192.0.2.10:40000 > 198.51.100.7:53 }",
		NO_RULE, NULL);
	prog_expect(&prog,
		    "in 1 2001:db8:e::1 > 2001:db8::10 type=1"
		    " quote{ udp [2001:db8::10]:40000 > [2001:db8:f::7]:53 }",
		    NO_RULE, NULL);
	prog_expect(
		&prog,
		"in icmp 203.0.113.1 > 192.0.2.10 type=3 quote{ udp 192.0.2.10:40000 > 198.51.100.7:53 }",
		ERROR, NULL);
	prog_expect(&prog,
		    "in icmpv6 2001:db8:e::1 > 2001:db8::10 type=1"
		    " quote{ udp [2001:db8::10]:40000 > [2001:db8:f::7]:53 }",
		    ERROR, NULL);
}

/* ---- out ----------------------------------------------------------------------------------------- */

static void out_about_what_a_rule_lets_in(void **state)
{
	const struct prog_change table[] = {
		{ 46, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", PASSES,
		  PROG_CHANGES("to=OTHER q:from=OTHER", "q:sport=1", "type=EXCEEDED",
			       "type=PROBLEM", "code=3", "from=ROUTER", "q:to=OTHER", "tag=8100",
			       "q:data=0") },
		{ 46, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", UNRELATED,
		  PROG_CHANGES("to=OTHER", "q:from=OTHER", "q:dport=3479", "q:dport=443",
			       "q:sport=3478 q:dport=40000", "q:cut=20") },
		{ 4, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", PASSES,
		  PROG_CHANGES("q:mf", "q:options=94040000") },
		{ 4, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", UNRELATED,
		  PROG_CHANGES("q:offset=8", "q:next=6", "q:ihl=4") },
		{ 6, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", PASSES,
		  PROG_CHANGES("type=2", "q:hop q:dst", "q:frag+=0") },
		{ 6, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", UNRELATED,
		  PROG_CHANGES("q:frag=8", "q:next=6", "q:routing=0/0") },
		{ 4, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", NO_RULE,
		  PROG_CHANGES("type=5", "type=4", "type=0") },
		{ 6, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:3478 }", NO_RULE,
		  PROG_CHANGES("type=0", "type=5", "type=137") },
		{ 46, "out", OUT_ERROR "quote{ tcp PEER:40000 > HOST:443 syn }", PASSES,
		  PROG_CHANGES("q:flags=10", "q:flags=00", "q:transport=8") },
		{ 46, "out", OUT_ERROR "quote{ tcp PEER:40000 > HOST:443 syn }", UNRELATED,
		  PROG_CHANGES("q:dport=22", "q:transport=7") },
		{ 46, "out", OUT_ERROR "quote{ sctp PEER:40000 > HOST:2905 }", UNRELATED,
		  PROG_CHANGES("q:dport=2906") },
		{ 46, "out", OUT_ERROR "quote{ 47 PEER > HOST }", UNRELATED,
		  PROG_CHANGES("q:to=OTHER", "q:from=OTHER to=OTHER") },
		{ 46, "out", OUT_ERROR "quote{ udp PEER:40000 > HOST:5000 }", UNRELATED,
		  PROG_CHANGES("q:from=OTHER to=OTHER") },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_change_all(&prog, table, PROG_COUNT(table));
	assert_int_equal(prog_flows(&prog), 0);
}

/* About the reply to what the host sent: as when its own port is closed by then. */
static void tell_replies(struct prog *told)
{
	static const char error[] = "out " OUT_ERROR "quote{ udp PEER:53 > HOST:40000 }";

	prog_expect(told, error, UNRELATED, NULL);
	prog_expect(told, sent[0], OUTCOME_RULE, "udp-out");
	prog_expect(told, error, ERROR, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ udp PEER:53 > HOST:40001 }", UNRELATED, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ tcp PEER:53 > HOST:40000 }", UNRELATED, NULL);
	prog_expect(told, "out " OUT_ERROR "quote{ udp HOST:40000 > PEER:53 }", UNRELATED, NULL);
	told->now += 300 * PROG_HZ - 1;
	prog_expect(told, error, ERROR, NULL);
	told->now++;
	prog_expect(told, error, UNRELATED, NULL);
}

static void out_about_a_reply(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_replies);
}

/* ---- what is left of a quote --------------------------------------------------------------------- */

/* At every byte: an IP header, all its options and extension headers, and 8 bytes. */
static void tell_truncated(struct prog *told)
{
	static const struct {
		int family;
		const char *words;
		unsigned int least, whole;
	} rows[] = {
		{ 4, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }", 28, 36 },
		{ 4, "in " IN_ERROR "quote{ tcp HOST:443 > PEER:9 ack }", 28, 40 },
		{ 4, "in " IN_ERROR "quote{ sctp HOST:2905 > PEER:9 chunk=none }", 28, 32 },
		{ 4, "in " IN_ERROR "quote{ 47 HOST > PEER data=12 }", 28, 32 },
		{ 4, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 options=0101010101010101 }",
		  36, 44 },
		{ 4, "out " OUT_ERROR "quote{ udp PEER:9 > HOST:3478 mf }", 28, 36 },
		{ 6, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 }", 48, 56 },
		{ 6, "in " IN_ERROR "quote{ tcp HOST:443 > PEER:9 ack }", 48, 60 },
		{ 6, "in " IN_ERROR "quote{ 47 HOST > PEER data=12 }", 48, 52 },
		{ 6, "in " IN_ERROR "quote{ udp HOST:40000 > PEER:53 hop dst=16 frag+=0 ah }", 104,
		  112 },
		{ 6, "out " OUT_ERROR "quote{ udp PEER:9 > HOST:3478 frag+=0 }", 56, 64 },
	};
	char words[FRAME_TEXT_MAX];

	prog_expect(told, sent[0], OUTCOME_RULE, "udp-out");
	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		if (rows[i].family != told->family)
			continue;
		for (unsigned int left = 0; left <= rows[i].whole; left++) {
			snprintf(words, sizeof(words), "%s q:cut=%u", rows[i].words, left);
			prog_expect(told, words, left < rows[i].least ? UNRELATED : ERROR, NULL);
		}
	}
}

static void cut_off_anywhere(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_tell(&prog, tell_truncated);
}

/* Padding behind the IP packet is no part of the quote; nor is what a frame holds besides. */
static void padding_is_no_quote(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_reset(&prog);
	/* the IP header says that the packet ends within the quote */
	prog_expect(
		&prog,
		"in icmp 203.0.113.1 > 192.0.2.10 type=3 quote{ tcp 192.0.2.10:443 > 198.51.100.7:9 ack }",
		ERROR, NULL);
	prog_expect(&prog,
		    "in icmp 203.0.113.1 > 192.0.2.10 type=3 length=56"
		    " quote{ tcp 192.0.2.10:443 > 198.51.100.7:9 ack }",
		    ERROR, NULL);
	prog_expect(&prog,
		    "in icmp 203.0.113.1 > 192.0.2.10 type=3 length=55"
		    " quote{ tcp 192.0.2.10:443 > 198.51.100.7:9 ack }",
		    UNRELATED, NULL);
	prog_expect(&prog,
		    "in icmp 203.0.113.1 > 192.0.2.10 type=3 length=28"
		    " quote{ tcp 192.0.2.10:443 > 198.51.100.7:9 ack }",
		    UNRELATED, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_about_what_the_host_sent),
		cmocka_unit_test(in_about_any_protocol),
		cmocka_unit_test(in_about_a_services_answer),
		cmocka_unit_test(in_about_the_other_family),
		cmocka_unit_test(out_about_what_a_rule_lets_in),
		cmocka_unit_test(out_about_a_reply),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(padding_is_no_quote),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
