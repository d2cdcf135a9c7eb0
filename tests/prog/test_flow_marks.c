/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The negative cache in front of the flow table: it is asked, it is never wrong where it says no, and
 * hardly ever needless where it says maybe. Epochs of 8.192 s, so that tests cross many of them.
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
#include "user/kernel/state.h"

#define FLOWS_MAX 16384u /* 2,048 entries of flow_marks */
#define SHIFT 11u
#define EPOCH (1u << SHIFT)
#define FIRST 500u /* an epoch that tests begin in */

#define RULES                                                                                      \
	"rules:\n"                                                                                 \
	"  - {name: sip-in, direction: in, protocol: tcp, ports: 5061}\n"                          \
	"  - {name: web-out, direction: out, protocol: tcp, ports: 443}\n"                         \
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"                          \
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"                      \
	"  - {name: gre-out, direction: out, protocol: 47}\n"                                      \
	"  - {name: icmp-out, direction: out, protocol: icmp, types: [8]}\n"                       \
	"  - {name: icmpv6-out, direction: out, protocol: icmpv6, types: [128]}\n"

/* As long as an epoch lets them be, and longer. */
static const char fits[] =
	"policy: fits\n"
	"flows: {timeouts: {tcp: 8s, tcp-transitory: 8s, udp: 8s, icmp: 8s, other: 8s}}\n" RULES;
static const char too_long[] =
	"policy: too-long\n"
	"flows: {timeouts: {tcp: 1h, tcp-transitory: 8s, udp: 1h, icmp: 8s, other: 8s}}\n" RULES;

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open_sized(&prog, FLOWS_MAX, SHIFT);
	prog_policy(&prog, fits);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

static const struct {
	const char *out, *in, *rule;
} kinds[] = {
	{ "out tcp HOST:40000 > PEER:443 syn", "in tcp PEER:443 > HOST:40000 syn ack", "web-out" },
	{ "out tcp HOST:40001 > PEER:443 ack", "in tcp PEER:443 > HOST:40001 ack", "web-out" },
	{ "out udp HOST:40000 > PEER:53", "in udp PEER:53 > HOST:40000", "dns-out" },
	{ "out sctp HOST:40000 > PEER:2905 chunk=1", "in sctp PEER:2905 > HOST:40000", "sctp-out" },
	{ "out 47 HOST > PEER", "in 47 PEER > HOST", "gre-out" },
	{ "out PING HOST > PEER type=REQUEST echo=7", "in PING PEER > HOST type=REPLY echo=7",
	  NULL },
};

static const char *rule_of(const struct prog *told, size_t kind)
{
	if (kinds[kind].rule)
		return kinds[kind].rule;
	return told->family == 4 ? "icmp-out" : "icmpv6-out";
}

/* Made or refreshed at any place of an epoch, a flow answers for the whole of its timeout. */
static void tell_borders(struct prog *told)
{
	static const unsigned int places[] = { 0, 1, 47, 48, 49, EPOCH / 2, EPOCH - 2, EPOCH - 1 };
	const unsigned int lasts = 8 * PROG_HZ;

	for (size_t i = 0; i < PROG_COUNT(places) * PROG_COUNT(kinds); i++) {
		size_t kind = i / PROG_COUNT(places);
		const char *in = kinds[kind].in, *rule = rule_of(told, kind);
		uint64_t begin = (FIRST + i * 7) * EPOCH + places[i % PROG_COUNT(places)];

		told->now = begin;
		prog_expect(told, kinds[kind].out, OUTCOME_RULE, rule);
		prog_expect(told, in, OUTCOME_REPLY, rule);
		told->now = begin - 1; /* a clock may be a jiffy behind, and in another epoch */
		prog_expect(told, in, OUTCOME_REPLY, rule);
		told->now = begin + lasts - 1;
		prog_expect(told, in, OUTCOME_REPLY, rule);
		prog_expect(told, kinds[kind].out, OUTCOME_RULE, rule); /* refreshed */
		begin = told->now;
		told->now = (begin / EPOCH + 1) * EPOCH; /* the next border */
		if (told->now < begin + lasts)
			prog_expect(told, in, OUTCOME_REPLY, rule);
		told->now = begin + lasts - 1;
		prog_expect(told, in, OUTCOME_REPLY, rule);
		told->now = begin + lasts;
		prog_expect(told, in, OUTCOME_DROP_NO_RULE, NULL);
	}
}

static void flows_last_over_borders(void **state)
{
	(void)state;
	prog_tell(&prog, tell_borders);
}

/* All words; returns how many bits are set in words of this epoch. */
static unsigned int bits_of(uint64_t epoch)
{
	int fd = prog.object.maps[MAP_FLOW_MARKS];
	struct flow_marks marks;
	unsigned int bits = 0;

	for (uint32_t i = 0; bpf_map_lookup_elem(fd, &i, &marks) == 0; i++)
		for (int half = 0; half < 2; half++)
			if (marks.words[half] >> MARKS_EPOCH_SHIFT == (epoch & 0xffff))
				bits += (unsigned int)__builtin_popcountll(marks.words[half] << 16);
	return bits;
}

/* A frame whose local port is set: to write each anew takes longer than to judge it. */
static uint32_t send(const char *words, unsigned int port)
{
	static struct frame_bytes frame;
	static const char *written;
	static int family;
	char varied[FRAME_TEXT_MAX];
	size_t at;

	if (words != written || family != prog.family) {
		frame_vary(words, prog.family, "", varied);
		frame_write(varied, &frame);
		written = words;
		family = prog.family;
	}
	at = (family == 4 ? 34 : 54) + (frame.out ? 0 : 2);
	frame.bytes[at] = (uint8_t)(port >> 8);
	frame.bytes[at + 1] = (uint8_t)port;
	return DECISION_OUTCOME(prog_decide(&prog, PROG_XDP, PROG_SHORT, &frame));
}

static const char dns_out[] = "out udp HOST:1 > PEER:53";
static const char dns_in[] = "in udp PEER:53 > HOST:1";
#define MANY 1600u

/* So many flows that nearly every word is shared: what one epoch takes over, another doesn't lose. */
static void words_are_taken_over(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		prog_reset(&prog);
		prog.family = family;
		for (uint64_t epoch = FIRST; epoch < FIRST + 6; epoch++) {
			prog.now = epoch * EPOCH + EPOCH - 20;
			for (unsigned int i = 0; i < MANY; i++)
				assert_int_equal(send(dns_out, 1000 + (i + epoch % 2 * 800)),
						 OUTCOME_RULE);
			/* those of two epochs, and no more; how many meet depends on the seeds */
			assert_in_range(bits_of(epoch), MANY * 3 / 4, MANY);
			for (unsigned int i = 0; i < MANY; i++)
				assert_int_equal(send(dns_in, 1000 + (i + epoch % 2 * 800)),
						 OUTCOME_REPLY);
			prog.now = (epoch + 1) * EPOCH;
			for (unsigned int i = 0; i < MANY; i++)
				assert_int_equal(send(dns_in, 1000 + (i + epoch % 2 * 800)),
						 OUTCOME_REPLY);
		}
		assert_int_equal(bits_of(FIRST), 0);
	}
	prog_check_sum(&prog);
	/* 16 bits of an epoch come again after 65,536 of them: then an old bit may be needless, no more */
	prog.now += 65535ull * EPOCH;
	for (unsigned int i = 0; i < 2 * MANY; i++) {
		assert_int_equal(send(dns_in, 900 + i), OUTCOME_DROP_NO_RULE);
		assert_int_equal(send(dns_out, 900 + i), OUTCOME_RULE);
		assert_int_equal(send(dns_in, 900 + i), OUTCOME_REPLY);
	}
	prog_check_sum(&prog);
}

/* Flows made while a policy doesn't use the cache are known when another does. */
static void tell_on_and_off(struct prog *told)
{
	told->now = FIRST * EPOCH;
	prog_policy(told, fits);
	prog_policy(told, too_long);
	for (size_t i = 0; i < PROG_COUNT(kinds); i++)
		prog_expect(told, kinds[i].out, OUTCOME_RULE, rule_of(told, i));
	told->now += 8 * PROG_HZ - 1;
	prog_rollback(told);
	for (size_t i = 0; i < PROG_COUNT(kinds); i++)
		prog_expect(told, kinds[i].in, OUTCOME_REPLY, rule_of(told, i));
	/* and what is over by the one policy is not by the other, whose timeouts are longer */
	told->now += 1000 * PROG_HZ;
	for (size_t i = 0; i < PROG_COUNT(kinds); i++)
		prog_expect(told, kinds[i].in, OUTCOME_DROP_NO_RULE, NULL);
	prog_rollback(told);
	prog_expect(told, kinds[1].in, OUTCOME_REPLY, "web-out");
	prog_expect(told, kinds[2].in, OUTCOME_REPLY, "dns-out");
	prog_expect(told, kinds[2].out, OUTCOME_RULE, "dns-out");
	prog_rollback(told);
	prog_expect(told, kinds[2].in, OUTCOME_REPLY, "dns-out");
	prog_expect(told, kinds[1].in, OUTCOME_DROP_NO_RULE, NULL);
}

static void marks_are_set_while_they_are_not_asked(void **state)
{
	(void)state;
	prog_tell(&prog, tell_on_and_off);
	prog_policy(&prog, fits);
}

/* A flow that no packet of the host has made: what comes in as this frame is its reply. */
static void put_flow(const struct frame_bytes *frame)
{
	const struct flow flow = { .last_seen = prog.now, .created = prog.now };
	const uint8_t *ip = frame->bytes + 14;
	struct flow6_key six = { .protocol = 17 };
	struct flow4_key four = { .protocol = 17 };

	if (prog.family == 6) {
		memcpy(six.local, ip + 24, 16);
		memcpy(six.remote, ip + 8, 16);
		memcpy(&six.remote_port, ip + 40, 2);
		memcpy(&six.local_port, ip + 42, 2);
	} else {
		memcpy(&four.local, ip + 16, 4);
		memcpy(&four.remote, ip + 12, 4);
		memcpy(&four.remote_port, ip + 20, 2);
		memcpy(&four.local_port, ip + 22, 2);
	}
	assert_int_equal(bpf_map_update_elem(
				 prog.object.maps[prog.family == 6 ? MAP_FLOWS6 : MAP_FLOWS4],
				 prog.family == 6 ? (void *)&six : (void *)&four, &flow, BPF_ANY),
			 0);
}

#define TRIALS 2000u
#define MARKED 1600u /* in this epoch, and as many in the one before */

/*
 * Flows are put into the table past the cache: each whose reply passes is a "maybe" that was needless.
 * 1,600 bits of 2,048 words of 48, in two epochs: of 2,000 tuples 65 should be. Of a tuple
 * one part alone is another than that of what is marked, and has to be enough.
 */
static unsigned int needless(unsigned int part)
{
	static struct frame_bytes frame;
	char varied[FRAME_TEXT_MAX];
	unsigned int passed = 0;

	frame_vary("in udp PEER:53 > HOST:1000", prog.family, "", varied);
	frame_write(varied, &frame);
	for (unsigned int i = 0; i < TRIALS; i++) {
		uint32_t random = (uint32_t)rand() | 0x10000;
		uint8_t *ip = frame.bytes + 14;

		if (part == 0) /* the last bytes of the address outside */
			memcpy(ip + (prog.family == 6 ? 20 : 14), &random,
			       prog.family == 6 ? 4 : 2);
		else if (part == 1) /* of the host's: its first ones */
			memcpy(ip + (prog.family == 6 ? 26 : 17), &random,
			       prog.family == 6 ? 4 : 3);
		else if (part == 2) /* the host's port */
			memcpy(ip + (prog.family == 6 ? 42 : 22), &(uint16_t){ 1 | random >> 8 },
			       2);
		put_flow(&frame);
		if (DECISION_OUTCOME(prog_decide(&prog, PROG_XDP, PROG_SHORT, &frame)) ==
		    OUTCOME_REPLY)
			passed++;
	}
	return passed;
}

static void marks_are_asked(void **state)
{
	struct gate_memory *memory = (struct gate_memory *)prog.word; /* its first member */

	(void)state;
	/* the same each time the test is run */
	srand(5);
	for (size_t i = 0; i < MARKS_SEEDS; i++)
		memory->seeds[i] = (uint64_t)rand() << 62 ^ (uint64_t)rand() << 31 ^
				   (uint64_t)rand();
	for (unsigned int turn = 0; turn < 6; turn++) {
		prog_reset(&prog);
		prog.family = turn & 1 ? 6 : 4;
		prog_policy(&prog, fits);
		prog.now = FIRST * EPOCH;
		assert_int_equal(needless(turn / 2), 0); /* nothing is marked: "no" every time */
		for (unsigned int i = 0; i < MARKED; i++)
			send(dns_out, 2 * i + 2);
		prog.now += EPOCH;
		for (unsigned int i = 0; i < MARKED; i++)
			send(dns_out, 2 * i + 2 + 2 * MARKED);
		/* of ports in a row there is no telling how they meet, only how often on average */
		assert_in_range(needless(turn / 2), turn < 4 ? 40 : 1, turn < 4 ? 90 : 300);
		prog.now += 2ull * EPOCH;
		assert_int_equal(needless(turn / 2), 0);
		/* the same with a policy that doesn't ask */
		prog_policy(&prog, too_long);
		assert_int_equal(needless(turn / 2), TRIALS);
	}
	prog_policy(&prog, fits);
	prog_check_sum(&prog);
}

/* One object's programs over maps of another size, as another version might have made them. */
static void maps_may_be_of_any_size(void **state)
{
	const struct object_wish wish = { .xdp = { true, true },
					  .testing = true,
					  .hz = PROG_HZ,
					  .flows_max = 65536,
					  .epoch_shift = SHIFT,
					  .map_fds = prog.object.maps };
	struct object own = prog.object, other;
	struct diags diags = { 0 };
	struct gate_memory *memory = (struct gate_memory *)prog.word; /* its first member */
	uint64_t seeds[MARKS_SEEDS];

	(void)state;
	prog_reset(&prog);
	memcpy(seeds, memory->seeds, sizeof(seeds));
	assert_int_equal(object_load(&wish, &other, "load", &diags), 0);
	assert_memory_equal(seeds, memory->seeds, sizeof(seeds));
	for (unsigned int i = 0; i < 300; i++) {
		prog.object = i & 1 ? own : other;
		assert_int_equal(send(dns_out, 1000 + i), OUTCOME_RULE);
		assert_int_equal(send(dns_in, 1000 + i), OUTCOME_REPLY);
		prog.object = i & 1 ? other : own;
		assert_int_equal(send(dns_in, 1000 + i), OUTCOME_REPLY);
	}
	prog.object = own;
	object_close(&other);
	prog_check_sum(&prog);
}

/* Each gate has numbers of its own. */
static void seeds_are_random(void **state)
{
	const struct gate_memory *memory = (const struct gate_memory *)prog.word;
	static struct prog second;

	(void)state;
	prog_open_sized(&second, FLOWS_MAX, SHIFT);
	for (size_t i = 0; i < MARKS_SEEDS; i++) {
		const struct gate_memory *others = (const struct gate_memory *)second.word;

		assert_int_not_equal(memory->seeds[i], others->seeds[i]);
		for (size_t other = 0; other < i; other++)
			assert_int_not_equal(memory->seeds[i], memory->seeds[other]);
	}
	prog_close(&second);
}

static void an_epoch_is_no_shorter_than_asked(void **state)
{
	static const uint32_t hz[] = { 100, 250, 256, 300, 1000, 1024 };

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(hz); i++) {
		for (uint32_t seconds = 1; seconds <= 30 * 86400; seconds += 1 + seconds / 3) {
			uint64_t jiffies = (uint64_t)hz[i] * seconds;
			uint32_t shift = object_epoch_shift(hz[i], seconds);

			assert_true(1ull << shift >= jiffies);
			assert_true(1ull << shift <= 2 * jiffies);
		}
		assert_true(1ull << object_epoch_shift(hz[i], 0) >= (uint64_t)hz[i] * 30 * 86400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_are_random), /* first: another test sets them */
		cmocka_unit_test(flows_last_over_borders),
		cmocka_unit_test(words_are_taken_over),
		cmocka_unit_test(marks_are_set_while_they_are_not_asked),
		cmocka_unit_test(marks_are_asked),
		cmocka_unit_test(maps_may_be_of_any_size),
		cmocka_unit_test(an_epoch_is_no_shorter_than_asked),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
