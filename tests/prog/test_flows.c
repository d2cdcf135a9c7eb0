/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows: who makes, refreshes and uses them, and when they end on the set clock (spec 3.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

static const char policy[] =
	"policy: flows\n"
	"flows: {timeouts: {tcp: 2h4m, tcp-transitory: 4m, udp: 5m, icmp: 1m, other: 10m}}\n"
	"rules:\n"
	"  - {name: sip-in, direction: in, protocol: tcp, ports: 5061}\n"
	"  - {name: stun-in, direction: in, protocol: udp, ports: 3478}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 3868}\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: [443, 5061]}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
	"  - {name: gre-out, direction: out, protocol: 47}\n"
	"  - {name: icmp-out, direction: out, protocol: icmp, types: [8, 13]}\n"
	"  - {name: icmpv6-out, direction: out, protocol: icmpv6, types: [128, 139]}\n";

PROG_FIXTURE(policy);

#define SYN_OUT "out tcp HOST:40000 > PEER:443 syn"
#define ACK_OUT "out tcp HOST:40000 > PEER:443 ack"
#define ACK_IN "in tcp PEER:443 > HOST:40000 ack"

static const char *ping_rule(const struct prog *told)
{
	return told->family == 4 ? "icmp-out" : "icmpv6-out";
}

/* Only the exact reverse of what was sent is a reply. */
static void tell_reverse(struct prog *told)
{
	static const char *const others[] = {
		"in tcp OTHER:443 > HOST:40000 syn ack",
		"in tcp PEER:443 > OTHER:40000 syn ack",
		"in tcp PEER:443 > HOST:40001 syn ack",
		"in tcp PEER:444 > HOST:40000 syn ack",
		"in tcp PEER:5061 > HOST:40000 syn ack",
		"in udp PEER:443 > HOST:40000",
		"in sctp PEER:443 > HOST:40000",
		"in 47 PEER > HOST",
		/* an opening packet is no reply */
		"in tcp PEER:443 > HOST:40000 syn",
		"in tcp PEER:443 > HOST:40000 syn urg",
		"in tcp PEER:443 > HOST:40000 syn psh ece cwr",
	};

	prog_expect(told, ACK_IN, OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, SYN_OUT, OUTCOME_RULE, "web-out");
	for (size_t i = 0; i < PROG_COUNT(others); i++)
		prog_expect(told, others[i], OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:40000 syn ack", OUTCOME_REPLY, "web-out");
	prog_expect(told, ACK_IN, OUTCOME_REPLY, "web-out");
	prog_expect(told, "in tcp PEER:443 > HOST:40000 fin ack", OUTCOME_REPLY, "web-out");
	prog_expect(told, "in tcp PEER:443 > HOST:40000 rst", OUTCOME_REPLY, "web-out");
	/* nor may a flow be used from its own side for another packet */
	prog_expect(told, "out tcp HOST:443 > PEER:40000 syn ack", OUTCOME_DROP_NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
}

static void only_the_exact_reverse_is_a_reply(void **state)
{
	(void)state;
	prog_tell(&prog, tell_reverse);
}

/* To the jiffy: the last one at which a reply passes is the one before the timeout is over. */
static void expect_end(struct prog *told, const char *in, const char *rule, unsigned int seconds)
{
	uint64_t begin = told->now;

	told->now = begin + (uint64_t)seconds * PROG_HZ - 1;
	prog_expect(told, in, OUTCOME_REPLY, rule);
	told->now = begin + (uint64_t)seconds * PROG_HZ;
	prog_expect(told, in, OUTCOME_DROP_NO_RULE, NULL);
	told->now = begin + (uint64_t)seconds * PROG_HZ * 10;
	prog_expect(told, in, OUTCOME_DROP_NO_RULE, NULL);
}

static void tell_timeouts(struct prog *told)
{
	const struct {
		const char *out, *in, *rule;
		unsigned int seconds;
	} rows[] = {
		{ "out udp HOST:40000 > PEER:53", "in udp PEER:53 > HOST:40000", "dns-out", 300 },
		{ "out PING HOST > PEER type=REQUEST echo=7",
		  "in PING PEER > HOST type=REPLY echo=7", ping_rule(told), 60 },
		{ "out 47 HOST > PEER", "in 47 PEER > HOST", "gre-out", 600 },
		{ "out sctp HOST:40000 > PEER:2905 chunk=1", "in sctp PEER:2905 > HOST:40000",
		  "sctp-out", 600 },
		{ SYN_OUT, ACK_IN, "web-out", 240 },
		{ ACK_OUT, ACK_IN, "web-out", 7440 },
	};

	for (size_t i = 0; i < PROG_COUNT(rows); i++) {
		uint64_t begin = told->now;
		struct flow flow;

		prog_expect(told, rows[i].in, OUTCOME_DROP_NO_RULE, NULL);
		prog_expect(told, rows[i].out, OUTCOME_RULE, rows[i].rule);
		assert_true(prog_flow(told, rows[i].out, &flow));
		assert_int_equal(flow.created, begin);
		assert_int_equal(flow.last_seen, begin);
		expect_end(told, rows[i].in, rows[i].rule, rows[i].seconds);
		/* inbound packets have left it as it was */
		assert_true(prog_flow(told, rows[i].in, &flow));
		assert_int_equal(flow.last_seen, begin);

		/* a flow that is over begins anew; outbound packets refresh it, a whole timeout long */
		prog_expect(told, rows[i].out, OUTCOME_RULE, rows[i].rule);
		prog_expect(told, rows[i].in, OUTCOME_REPLY, rows[i].rule);
		assert_true(prog_flow(told, rows[i].out, &flow));
		assert_int_equal(flow.created, told->now);
		begin = told->now;
		prog_wait(told, rows[i].seconds - 1);
		prog_expect(told, rows[i].in, OUTCOME_REPLY, rows[i].rule);
		prog_expect(told, rows[i].out, OUTCOME_RULE, rows[i].rule);
		assert_true(prog_flow(told, rows[i].out, &flow));
		assert_int_equal(flow.last_seen, told->now);
		/* what opens begins anew, others go on */
		assert_int_equal(flow.created, i == 3 || i == 4 ? told->now : begin);
		expect_end(told, rows[i].in, rows[i].rule, rows[i].seconds);
		told->now += 1;
		prog_expect(told, rows[i].in, OUTCOME_DROP_NO_RULE, NULL);
	}
	assert_int_equal(prog_flows(told), 5);
}

static void flows_end_at_their_timeout(void **state)
{
	(void)state;
	prog_tell(&prog, tell_timeouts);
}

/* The other CPU may have seen the next jiffy. */
static void tell_clocks(struct prog *told)
{
	prog_expect(told, "out udp HOST:40000 > PEER:53", OUTCOME_RULE, "dns-out");
	told->now -= 1;
	prog_expect(told, "in udp PEER:53 > HOST:40000", OUTCOME_REPLY, "dns-out");
	/* 32 bits of jiffies are not enough */
	told->now = 0xfffffff0u;
	prog_expect(told, "out udp HOST:40000 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_wait(told, 1);
	prog_expect(told, "in udp PEER:53 > HOST:40000", OUTCOME_REPLY, "dns-out");
	told->now += 1ull << 32;
	prog_expect(told, "in udp PEER:53 > HOST:40000", OUTCOME_DROP_NO_RULE, NULL);
}

static void clocks_may_differ_by_a_jiffy(void **state)
{
	(void)state;
	prog_tell(&prog, tell_clocks);
}

static void tell_nothing_from_outside(struct prog *told)
{
	static const char *const arrivals[] = {
		"in tcp PEER:40000 > HOST:5061 syn",     "in tcp PEER:40000 > HOST:5061 ack",
		"in udp PEER:40000 > HOST:3478",         "in tcp PEER:443 > HOST:5061 ack",
		"in tcp PEER:5061 > HOST:5061 ack",      "in udp PEER:53 > HOST:3478",
		"in sctp PEER:2905 > HOST:3868 chunk=1",
	};
	static const char *const answers[] = {
		"out tcp HOST:5061 > PEER:40000 syn ack", "out tcp HOST:5061 > PEER:40000 ack",
		"out udp HOST:3478 > PEER:40000",         "out tcp HOST:5061 > PEER:443 ack",
		"out tcp HOST:5061 > PEER:5061 syn ack",  "out udp HOST:3478 > PEER:53",
		"out sctp HOST:3868 > PEER:2905 chunk=2",
	};
	static const char *const rules[] = { "sip-in", "sip-in",  "stun-in", "sip-in",
					     "sip-in", "stun-in", "sctp-in" };

	for (size_t i = 0; i < PROG_COUNT(arrivals); i++) {
		prog_expect(told, arrivals[i], OUTCOME_RULE, rules[i]);
		prog_expect(told, answers[i], OUTCOME_REPLY, rules[i]);
	}
	prog_expect(told, "in tcp PEER:443 > HOST:40000 ack", OUTCOME_DROP_NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 0);
}

static void nothing_from_outside_makes_a_flow(void **state)
{
	(void)state;
	prog_tell(&prog, tell_nothing_from_outside);
}

/* Identifiers stand in place of ports; of ICMP only echo has replies. */
static void tell_echoes(struct prog *told)
{
	bool four = told->family == 4;

	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=7", OUTCOME_RULE,
		    ping_rule(told));
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=7", OUTCOME_REPLY, ping_rule(told));
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=8", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=1792", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in PING OTHER > HOST type=REPLY echo=7", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=REQUEST echo=7", OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=3 echo=7", OUTCOME_DROP_UNRELATED_ICMP, NULL);
	/* the other family's numbers */
	prog_expect(told,
		    four ? "in icmp PEER > HOST type=129 echo=7" :
			   "in icmpv6 PEER > HOST type=0 echo=7",
		    OUTCOME_DROP_NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
	/* a rule for another type: it goes out, and that is all */
	prog_expect(told,
		    four ? "out icmp HOST > PEER type=13 echo=9" :
			   "out icmpv6 HOST > PEER type=139 echo=9",
		    OUTCOME_RULE, ping_rule(told));
	prog_expect(told,
		    four ? "in icmp PEER > HOST type=14 echo=9" :
			   "in icmpv6 PEER > HOST type=140 echo=9",
		    OUTCOME_DROP_NO_RULE, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=9", OUTCOME_DROP_NO_RULE, NULL);
	assert_int_equal(prog_flows(told), 1);
}

static void echoes_go_by_their_identifier(void **state)
{
	(void)state;
	prog_tell(&prog, tell_echoes);
}

/* A full table loses one of the least recently used; what arrives from outside evicts nothing. */
static void tell_full(struct prog *told)
{
	char words[FRAME_TEXT_MAX];

	prog_expect(told, "out udp HOST:40000 > PEER:53", OUTCOME_RULE, "dns-out");
	for (unsigned int i = 0; i < 300; i++) {
		snprintf(words, sizeof(words), "in udp PEER:%u > HOST:3478", 1000 + i);
		prog_expect(told, words, OUTCOME_RULE, "stun-in");
		snprintf(words, sizeof(words), "in tcp PEER:443 > HOST:%u ack", 1000 + i);
		prog_expect(told, words, OUTCOME_DROP_NO_RULE, NULL);
	}
	assert_int_equal(prog_flows(told), 1);
	prog_expect(told, "in udp PEER:53 > HOST:40000", OUTCOME_REPLY, "dns-out");
	for (unsigned int i = 0; i < 2 * PROG_FLOWS_MAX; i++) {
		snprintf(words, sizeof(words), "out udp HOST:%u > PEER:53", 1000 + i);
		prog_expect(told, words, OUTCOME_RULE, "dns-out");
	}
	assert_in_range(prog_flows(told), PROG_FLOWS_MAX / 4, PROG_FLOWS_MAX);
	/* the last one is there */
	snprintf(words, sizeof(words), "in udp PEER:53 > HOST:%u", 1000 + 2 * PROG_FLOWS_MAX - 1);
	prog_expect(told, words, OUTCOME_REPLY, "dns-out");
}

static void a_full_table_goes_on(void **state)
{
	(void)state;
	prog_reset(&prog);
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		int family = prog.family;

		prog_reset(&prog);
		prog.family = family;
		prog.hooks[DIRECTION_IN] = PROG_XDP;
		prog.hooks[DIRECTION_OUT] = PROG_TC;
		prog.ways = PROG_SHORT;
		tell_full(&prog);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_exact_reverse_is_a_reply),
		cmocka_unit_test(flows_end_at_their_timeout),
		cmocka_unit_test(clocks_may_differ_by_a_jiffy),
		cmocka_unit_test(nothing_from_outside_makes_a_flow),
		cmocka_unit_test(echoes_go_by_their_identifier),
		cmocka_unit_test(a_full_table_goes_on),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
