/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floods: nothing that arrives from outside ever creates, evicts or prolongs a flow (spec 3.3). A million
 * distinct tuples, then floods of everything else that keeps state; the flows before are those after,
 * each with all that is kept of it, and their replies still pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "tests/lib/shots.h"

#define FLOWS_MAX 16384u
#define MILLION 1000000u

/* The shipped default's shape: out rules whose ports a flood may come from, and open services. */
static const char policy[] =
	"policy: floods\n"
	"essentials: {ping: true, dhcp: true}\n"
	"rules:\n"
	"  - {name: sip-in, direction: in, protocol: tcp, ports: [443, 5061]}\n"
	"  - {name: stun-in, direction: in, protocol: udp, ports: 3478}\n"
	"  - {name: once-in, direction: in, protocol: udp, ports: 9000, limit: {rate: 5/m, per: source}}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 2905}\n"
	"  - {name: sip-out, direction: out, protocol: tcp, ports: [443, 5061]}\n"
	"  - {name: rtp-out, direction: out, protocol: tcp, ports: 50000-59999}\n"
	"  - {name: stun-out, direction: out, protocol: udp, ports: 3478}\n"
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"
	"  - {name: gre-out, direction: out, protocol: 47}\n";

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open_sized(&prog, FLOWS_MAX, PROG_EPOCH_SHIFT);
	prog_policy(&prog, policy);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* ---- conversations that are there before -------------------------------------------------------- */

#define CONVERSATIONS 200u

static const char *const outs[] = { "out tcp HOST:1 > PEER:443 ack", "out udp HOST:1 > PEER:3478",
				    "out tcp HOST:1 > PEER:50007 ack",
				    "out sctp HOST:1 > PEER:2905" };
static const char *const ins[] = { "in tcp PEER:443 > HOST:1 ack", "in udp PEER:3478 > HOST:1",
				   "in tcp PEER:50007 > HOST:1 ack", "in sctp PEER:2905 > HOST:1" };

static void all_of_them(const char *const *words, size_t port_at, unsigned int count)
{
	static struct shot shot;

	for (unsigned int kind = 0; kind < PROG_COUNT(outs) * 2; kind++) {
		shots_make(&shot, words[kind / 2], kind & 1 ? 6 : 4);
		for (unsigned int i = 0; i < count; i++) {
			uint8_t *at = shot.frame.bytes + shot.ports + port_at;

			at[0] = (uint8_t)((10000 + i) >> 8);
			at[1] = (uint8_t)(10000 + i);
			if (!shots_fire(&prog, &shot))
				fail_msg("%s, local port %u: dropped", words[kind / 2], 10000 + i);
		}
	}
}

static struct snapshot begin(void)
{
	shots_seed(88172645463325252ull);
	prog_reset(&prog);
	shots_at(&prog, PROG_SHORT);
	all_of_them(outs, 0, CONVERSATIONS);
	prog.now += PROG_HZ; /* what a flood prolonged would show */
	shots_at(&prog, PROG_SHORT);
	return shots_flows(&prog);
}

static void expect_unharmed(struct snapshot *before)
{
	shots_expect_same(&prog, before);
	shots_at(&prog, PROG_SHORT);
	all_of_them(ins, 2, CONVERSATIONS);
	prog_check_sum(&prog);
}

/* ---- floods ------------------------------------------------------------------------------------ */

static const char *const templates[] = {
	"in tcp PEER:1 > HOST:1 syn",     "in tcp PEER:1 > HOST:1 syn ack",
	"in tcp PEER:1 > HOST:1 ack",     "in tcp PEER:1 > HOST:1 ack psh data=9",
	"in tcp PEER:1 > HOST:1 rst",     "in tcp PEER:1 > HOST:1 fin ack",
	"in udp PEER:1 > HOST:1 data=12", "in udp PEER:1 > HOST:1",
	"in sctp PEER:1 > HOST:1",        "in sctp PEER:1 > HOST:1 chunk=1",
};

/* Open services, what out rules name, and anything. */
static unsigned int some_port(void)
{
	static const uint16_t known[] = { 443, 5061, 3478, 2905, 9000 };
	uint32_t random = shots_chance();

	switch (random >> 30) {
	case 0:
		return known[random % PROG_COUNT(known)];
	case 1:
		return 50000 + random % 10000;
	default:
		return 1 + random % 65535;
	}
}

static void a_million_tuples(void **state)
{
	static struct shot shots[PROG_COUNT(templates) * 2];
	struct snapshot before = begin();
	unsigned int passed = 0;

	(void)state;
	assert_int_equal(before.count, CONVERSATIONS * PROG_COUNT(outs) * 2);
	assert_int_equal(before.of4, before.count / 2);
	for (unsigned int i = 0; i < PROG_COUNT(shots); i++)
		shots_make(&shots[i], templates[i / 2], i & 1 ? 6 : 4);
	for (unsigned int i = 0; i < MILLION; i++) {
		struct shot *shot = &shots[i % PROG_COUNT(shots)];

		if (i == MILLION * 9 / 10)
			shots_at(&prog, PROG_LONG);
		shots_remote(shot, i); /* no two have the same source */
		shots_ports(shot, some_port(), some_port());
		passed += shots_fire(&prog, shot);
	}
	/* some came to open services */
	assert_in_range(passed, MILLION / 50, MILLION / 2);
	expect_unharmed(&before);
}

/* The tuples of conversations that are there, one thing changed: the cache says maybe at best. */
static void neighbours_of_live_flows(void **state)
{
	static struct shot shot;
	struct snapshot before = begin();

	(void)state;
	for (unsigned int kind = 0; kind < PROG_COUNT(ins) * 2; kind++) {
		shots_make(&shot, ins[kind / 2], kind & 1 ? 6 : 4);
		for (unsigned int i = 0; i < 4000; i++) {
			uint8_t *at = shot.frame.bytes + shot.ports + 2;

			at[0] = (uint8_t)((10000 + CONVERSATIONS + i) >> 8);
			at[1] = (uint8_t)(10000 + CONVERSATIONS + i);
			assert_false(shots_fire(&prog, &shot));
		}
	}
	expect_unharmed(&before);
}

static size_t entries(enum object_map map)
{
	uint8_t key[64], next[64];
	void *from = NULL;
	size_t count = 0;

	for (; bpf_map_get_next_key(prog.object.maps[map], from, next) == 0; count++)
		from = memcpy(key, next, sizeof(key));
	return count;
}

/* Everything else from outside that leaves something behind, or asks what is there. */
static void all_that_keeps_state(void **state)
{
	static const char *const words[] = {
		"in tcp PEER:1 > HOST:443 syn FIRST data=4",
		"in udp PEER:1 > HOST:3478 data=16 FIRST",
		"in udp PEER:1 > HOST:9000", /* a bucket each */
		"in PING PEER > HOST type=REQUEST echo=7",
		"in PING PEER > HOST type=REPLY echo=7",
		"in PING PEER > HOST type=UNREACHABLE quote{ tcp HOST:443 > PEER:9 ack }",
		"in PING PEER > HOST type=EXCEEDED quote{ udp HOST:9 > PEER:3478 data=8 }",
		"in 47 PEER > HOST",
		"in udp PEER:67 > HOST:68",
		"in udp PEER:547 > HOST:546",
	};
	static struct shot shot;
	struct snapshot before = begin();
	unsigned int passed[PROG_COUNT(words)] = { 0 };

	(void)state;
	for (unsigned int kind = 0; kind < PROG_COUNT(words) * 2; kind++) {
		shots_make(&shot, words[kind / 2], kind & 1 ? 6 : 4);
		for (unsigned int i = 0; i < (kind < 6 ? 45000 : 8000); i++) {
			shots_remote(&shot, (uint64_t)kind << 20 | i);
			passed[kind / 2] += shots_fire(&prog, &shot);
		}
	}
	/* it went where it was meant to go */
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(passed[i], 90000);
	assert_int_equal(passed[3], 16000);
	assert_int_equal(passed[4], 0);
	assert_int_equal(passed[7], 0);
	/* their tables are full, and no larger than they may be */
	assert_in_range(entries(MAP_FRAGMENTS), FRAGMENTS_MAX / 2, FRAGMENTS_MAX);
	assert_in_range(entries(MAP_LIMIT_SOURCES), LIMIT_SOURCES_MAX / 2, LIMIT_SOURCES_MAX);
	expect_unharmed(&before);
}

/* What the host answers strangers makes no flow either, though an out rule names their ports (3.3, order). */
static void answers_to_a_flood(void **state)
{
	static const struct {
		const char *in, *out[3];
	} rows[] = {
		{ "in tcp PEER:1 > HOST:443 syn",
		  { "out tcp HOST:443 > PEER:1 syn ack", "out tcp HOST:443 > PEER:1 rst ack",
		    "out tcp HOST:443 > PEER:1 ack" } },
		{ "in tcp PEER:1 > HOST:5061 syn",
		  { "out tcp HOST:5061 > PEER:1 syn ack", "out tcp HOST:5061 > PEER:1 rst",
		    "out tcp HOST:5061 > PEER:1 fin ack" } },
		/* a port is closed after all: the host's RST makes none by the out rule alone */
		{ "in tcp PEER:1 > HOST:7 ack",
		  { "out tcp HOST:7 > PEER:1 rst", "out tcp HOST:7 > PEER:1 rst ack",
		    "out tcp HOST:7 > PEER:1 syn ack" } },
	};
	static struct shot in, out;
	struct snapshot before = begin();

	(void)state;
	for (unsigned int i = 0; i < PROG_COUNT(rows) * 3 * 2; i++) {
		unsigned int row = i / 6;

		shots_make(&in, rows[row].in, i & 1 ? 6 : 4);
		shots_make(&out, rows[row].out[i / 2 % 3], i & 1 ? 6 : 4);
		for (unsigned int n = 0; n < 6000; n++) {
			uint64_t who = (uint64_t)i << 16 | n;
			unsigned int port = 50000 + shots_chance() % 10000;

			shots_remote(&in, who);
			memcpy(in.frame.bytes + in.ports, &(uint16_t){ __builtin_bswap16(port) },
			       2);
			shots_remote(&out, who);
			memcpy(out.frame.bytes + out.ports + 2,
			       &(uint16_t){ __builtin_bswap16(port) }, 2);
			assert_int_equal(shots_fire(&prog, &in), row < 2);
			assert_true(shots_fire(&prog, &out));
		}
	}
	expect_unharmed(&before);
}

/* As many flows as the table takes: a flood evicts none of them, and each still has its replies. */
static void a_full_table_stays_full(void **state)
{
	static struct shot shots[4], reply;
	struct snapshot before;
	unsigned int kept = 0;

	(void)state;
	shots_seed(42);
	prog_reset(&prog);
	shots_at(&prog, PROG_SHORT);
	for (int family = 4; family <= 6; family += 2) {
		shots_make(&shots[0], "out udp HOST:1 > PEER:3478", family);
		for (unsigned int i = 0; i < FLOWS_MAX + FLOWS_MAX / 2; i++) {
			shots_ports(&shots[0], 10000 + i, 3478);
			shots_fire(&prog, &shots[0]);
		}
	}
	before = shots_flows(&prog);
	assert_in_range(before.of4, FLOWS_MAX * 3 / 4, FLOWS_MAX);
	assert_in_range(before.count - before.of4, FLOWS_MAX * 3 / 4, FLOWS_MAX);
	prog.now += 2;
	shots_at(&prog, PROG_SHORT);
	for (unsigned int i = 0; i < 4; i++)
		shots_make(&shots[i],
			   i & 1 ? "in udp PEER:1 > HOST:1" : "in tcp PEER:1 > HOST:1 ack",
			   i & 2 ? 6 : 4);
	for (unsigned int i = 0; i < 100000; i++) {
		shots_remote(&shots[i & 3], i);
		shots_ports(&shots[i & 3], i & 1 ? 3478 : 50000 + i % 9999, some_port());
		shots_fire(&prog, &shots[i & 3]);
	}
	shots_expect_same(&prog, &before);
	before = shots_flows(&prog);
	for (int family = 4; family <= 6; family += 2) {
		shots_make(&reply, "in udp PEER:3478 > HOST:1", family);
		for (unsigned int i = 0; i < FLOWS_MAX + FLOWS_MAX / 2; i++) {
			shots_ports(&reply, 3478, 10000 + i);
			kept += shots_fire(&prog, &reply);
		}
	}
	assert_int_equal(kept, before.count);
	shots_expect_same(&prog, &before);
	prog_check_sum(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_tuples),
		cmocka_unit_test(neighbours_of_live_flows),
		cmocka_unit_test(all_that_keeps_state),
		cmocka_unit_test(answers_to_a_flood),
		cmocka_unit_test(a_full_table_stays_full),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
