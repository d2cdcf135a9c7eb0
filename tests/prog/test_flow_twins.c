/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two gates, one with the negative cache in front of its flows and one without, get the same packets at
 * the same moments: whatever happens, both decide the same. And both CPUs at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/prog.h"

#define SHIFT 11u
#define EPOCH (1u << SHIFT)

#define RULES                                                                                      \
	"rules:\n"                                                                                 \
	"  - {name: sip-in, direction: in, protocol: tcp, ports: 5061}\n"                          \
	"  - {name: web-out, direction: out, protocol: tcp, ports: 440-449}\n"                     \
	"  - {name: dns-out, direction: out, protocol: udp, ports: 50-59}\n"                       \
	"  - {name: sctp-out, direction: out, protocol: sctp, ports: 2905}\n"                      \
	"  - {name: gre-out, direction: out, protocol: 47}\n"

static const char *const policies[] = {
	"policy: a\n"
	"essentials: {ping: true}\n"
	"flows: {timeouts: {tcp: 8s, tcp-transitory: 4s, udp: 5s, icmp: 1s, other: 7s}}\n" RULES,
	/* its timeouts don't fit an epoch */
	"policy: b\n"
	"essentials: {ping: true}\n"
	"flows: {timeouts: {tcp: 60s, tcp-transitory: 4s, udp: 30s, icmp: 9s, other: 7s}}\n" RULES,
	"policy: c\n"
	"flows: {timeouts: {tcp: 3s, tcp-transitory: 3s, udp: 2s, icmp: 8s, other: 1s}}\n"
	"rules:\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"
	"  - {name: web-out, direction: out, protocol: tcp, ports: 443}\n",
};

static struct prog with, without;

static int open_gates(void **state)
{
	(void)state;
	prog_open_sized(&with, PROG_FLOWS_MAX, SHIFT);
	prog_open_sized(&without, PROG_FLOWS_MAX, SHIFT);
	without.without_marks = true;
	prog_policy(&with, policies[0]);
	prog_policy(&without, policies[0]);
	return 0;
}

static int close_gates(void **state)
{
	(void)state;
	prog_close(&with);
	prog_close(&without);
	return 0;
}

static unsigned int below(unsigned int limit)
{
	return (unsigned int)rand() % limit;
}

/* A packet of some conversation, or of none, in either direction. */
static void any_packet(char *words, size_t size)
{
	static const char *const flags[] = { "syn", "ack", "ack", "ack psh", "fin ack", "rst" };
	static const char *const hosts[] = { "HOST", "PEER" };
	unsigned int out = below(3) > 0, local = 40000 + below(3), kind = below(16);
	const char *from = hosts[!out], *to = hosts[out], *more = "";
	const char *direction = out ? "out" : "in", *protocol = "tcp";
	unsigned int remote = 442 + below(3);

	if (kind < 1) {
		snprintf(words, size, "%s 47 %s > %s", direction, from, to);
		return;
	}
	if (kind < 3) {
		snprintf(words, size, "%s PING %s > %s type=%s echo=%u", direction, from, to,
			 below(4) == 0 || out ? "REQUEST" : "REPLY", below(3));
		return;
	}
	if (kind < 4) {
		snprintf(words, size,
			 "%s PING %s > %s type=UNREACHABLE quote{ udp %s:%u > %s:%u data=4 }",
			 direction, from, to, to, out ? 53 : local, from, out ? local : 53);
		return;
	}
	if (kind < 5) {
		protocol = "sctp";
		remote = 2905;
		more = below(2) ? "chunk=1" : "";
	} else if (kind < 10) {
		protocol = "udp";
		remote = 52 + below(3);
	} else {
		more = flags[below(PROG_COUNT(flags))];
	}
	snprintf(words, size, "%s %s %s:%u > %s:%u %s", direction, protocol, from,
		 out ? local : remote, to, out ? remote : local, more);
}

/* A little, a timeout or so, or to the very border of an epoch. */
static uint64_t later(uint64_t now)
{
	switch (below(60)) {
	case 0:
		return now + below(PROG_HZ);
	case 1:
		return now + below(9) * PROG_HZ + below(3) - 1;
	case 2:
		return (now / EPOCH + 1) * EPOCH - below(2);
	case 3:
		return now + below(5) * EPOCH;
	case 4:
		return below(50) ? now + 1 : now + (65536ull - below(3)) * EPOCH;
	default:
		return now + below(2);
	}
}

static void change_policy(void)
{
	const char *text = policies[below(PROG_COUNT(policies))];

	if (below(2)) {
		prog_rollback(&with);
		prog_rollback(&without);
	} else {
		prog_policy(&with, text);
		prog_policy(&without, text);
	}
}

#define STEPS 25000u

static void same_with_and_without(void **state)
{
	static struct frame_bytes frame;
	unsigned int counts[OUTCOME_COUNT] = { 0 };
	char words[FRAME_TEXT_MAX], varied[FRAME_TEXT_MAX];

	(void)state;
	srand(20);
	prog_policy(&with, policies[1]);
	prog_policy(&without, policies[1]);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int hook = below(4) ? PROG_XDP : PROG_TC,
			     way = below(4) ? PROG_SHORT : PROG_LONG;
		uint32_t one, other;

		if (below(300) == 0)
			change_policy();
		with.now = without.now = later(with.now);
		any_packet(words, sizeof(words));
		frame_vary(words, below(2) ? 6 : 4, "", varied);
		frame_write(varied, &frame);
		one = prog_decide(&with, hook, way, &frame);
		other = prog_decide(&without, hook, way, &frame);
		counts[DECISION_OUTCOME(one)]++;
		if (one != other)
			fail_msg("step %u, at %llu, epoch %llu and %llu: %s: %#x, without %#x",
				 step, (unsigned long long)with.now,
				 (unsigned long long)(with.now / EPOCH),
				 (unsigned long long)(with.now % EPOCH), varied, one, other);
	}
	/* it was about something: many flows were found, and many were over */
	assert_in_range(counts[OUTCOME_REPLY], STEPS / 20, STEPS);
	assert_in_range(counts[OUTCOME_DROP_NO_RULE], STEPS / 20, STEPS);
	assert_in_range(counts[OUTCOME_PASS_PING], STEPS / 100, STEPS);
	assert_in_range(counts[OUTCOME_PASS_ICMP_ERROR], STEPS / 500, STEPS);
	assert_in_range(counts[OUTCOME_DROP_UNRELATED_ICMP], STEPS / 500, STEPS);
}

/* ---- both CPUs ----------------------------------------------------------------------------------- */

#define EACH 4u       /* flows of a thread: few, or one's bit would hide that another's is lost */
#define EPOCHS 20000u /* that begin with both at once */

static atomic_uint begun, finished; /* epochs; is the other thread through with it */

static void wait_for(atomic_uint *what, unsigned int value)
{
	for (unsigned int i = 0; atomic_load(what) != value; i++)
		if (i > 1000)
			sched_yield();
}

/* The packets of the flows of one of the two. */
static void send_all(struct frame_bytes *frame, unsigned int who)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = 1);

	for (unsigned int i = 0; i < EACH; i++) {
		unsigned int port = 1000 + who * EACH + i;

		frame->bytes[34] = (uint8_t)(port >> 8);
		frame->bytes[35] = (uint8_t)port;
		bpf_prog_test_run_opts(with.object.xdp[DIRECTION_OUT], &run);
	}
}

/* On a CPU of its own, epoch after epoch: all packets race for one word with those of the main thread. */
static void *sender(void *argument)
{
	for (unsigned int epoch = 1; epoch <= EPOCHS; epoch++) {
		wait_for(&begun, epoch);
		send_all(argument, 1);
		atomic_fetch_add(&finished, 1);
	}
	return NULL;
}

static unsigned int answered(void)
{
	static struct frame_bytes frame;
	unsigned int count = 0;

	frame_write("in udp 198.51.100.7:53 > 192.0.2.10:1", &frame);
	for (unsigned int i = 0; i < 2 * EACH; i++) {
		frame.bytes[36] = (uint8_t)((1000 + i) >> 8);
		frame.bytes[37] = (uint8_t)(1000 + i);
		count += DECISION_OUTCOME(prog_decide(&with, PROG_XDP, PROG_SHORT, &frame)) ==
			 OUTCOME_REPLY;
	}
	return count;
}

static void race_once(struct frame_bytes *frame)
{
	struct testrun test = { .now = with.now };
	uint32_t zero = 0;

	bpf_map_update_elem(with.object.maps[MAP_TESTRUN], &zero, &test, BPF_ANY);
	atomic_store(&finished, 0);
	atomic_fetch_add(&begun, 1);
	/* not always the same one first */
	for (volatile unsigned int i = below(3000); i > 0; i--)
		;
	send_all(frame, 0);
	wait_for(&finished, 1);
	with.packets += 2ull * EACH;
}

/* Over the maps of a gate, but for a negative cache of a single entry. */
static struct object one_entry(const struct object *own)
{
	struct object_wish wish = { .xdp = { true, true },
				    .testing = true,
				    .hz = PROG_HZ,
				    .flows_max = PROG_FLOWS_MAX,
				    .epoch_shift = SHIFT };
	struct object loaded;
	struct diags diags = { 0 };
	int maps[MAP_COUNT];

	memcpy(maps, own->maps, sizeof(maps));
	maps[MAP_FLOW_MARKS] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "flow_marks", 4,
					      sizeof(struct flow_marks), 1, NULL);
	wish.map_fds = maps;
	assert_int_equal(object_load(&wish, &loaded, "load", &diags), 0);
	close(maps[MAP_FLOW_MARKS]); /* it has descriptors of its own */
	assert_int_not_equal(loaded.maps[MAP_FLOW_MARKS], maps[MAP_FLOW_MARKS]);
	return loaded;
}

static void both_cpus_at_once(void **state)
{
	static struct frame_bytes frames[2];
	struct object own = with.object, raced = one_entry(&own);
	unsigned int lost = 0;
	pthread_t thread;

	(void)state;
	prog_reset(&with);
	prog_policy(&with, policies[0]);
	with.object = raced;
	for (int i = 0; i < 2; i++)
		frame_write("out udp 192.0.2.10:1 > 198.51.100.7:53", &frames[i]);
	assert_int_equal(pthread_create(&thread, NULL, sender, &frames[1]), 0);
	for (unsigned int epoch = 0; epoch < EPOCHS; epoch++) {
		race_once(&frames[0]);
		lost += 2 * EACH - answered();
		with.now += EPOCH + below(3) * EPOCH;
	}
	pthread_join(thread, NULL);
	with.object = own;
	object_close(&raced);
	if (lost)
		fail_msg("%u replies were lost", lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_with_and_without),
		cmocka_unit_test(both_cpus_at_once),
	};

	return cmocka_run_group_tests(tests, open_gates, close_gates);
}
