// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrong verdicts while policies are exchanged: one CPU runs the real program without pause, on a packet that
 * both of two policies let pass and on one that both drop, by turns of a second; another CPU puts the two
 * policies into force by turns, as `apply` does, but for the pins. Their rules have the same names, but the
 * sets of addresses have other numbers and the tables other lists: whoever judges by a bit of each judges
 * wrongly. What was counted elsewhere than both policies say is wrong. To show that this can be seen, the same is
 * done once over the slot that is live.
 *
 *	build/bench/bench_swap [SECONDS] [--json FILE]       160 seconds: a billion packets
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/results.h"
#include "tests/lib/frame.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/image/image.h"
#include "user/kernel/clock.h"
#include "user/kernel/gate.h"
#include "user/kernel/object.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

#define SECONDS_DEFAULT 15u
#define SECONDS_MOST 3600u
#define SWAPS 100u     /* at least; times are shown of so many */
#define IN_PLACE 5u    /* swaps over the slot that is live */
#define TURN 20000000u /* packets of a call: between two the kernel waits for RCU */

static const char *const swap_policies[] = {
	"policy: one\n"
	"groups: {near: [192.0.2.0/24, 198.51.100.0/24], far: [203.0.113.0/24]}\n"
	"rules:\n"
	"  - {name: service-in, direction: in, protocol: udp, ports: 5061, from: near}\n"
	"  - {name: closed-in, direction: in, protocol: udp, ports: 9, from: far}\n"
	"  - {name: only-one-in, direction: in, protocol: tcp, ports: 1-30000}\n",
	"policy: two\n"
	"groups: {near: [192.0.2.0/24, 198.51.100.0/24], far: [203.0.113.0/24]}\n"
	"rules:\n"
	"  - {name: only-two-in, direction: in, protocol: udp, ports: 20000-50000, from: far}\n"
	"  - {name: closed-in, direction: in, protocol: udp, ports: 9, from: far}\n"
	"  - {name: service-in, direction: in, protocol: udp, ports: 5061, from: near}\n",
};

/* A packet on which both agree, and where it is counted. */
static const struct swap_packet {
	const char *words;
	const char *rule; /* NULL: dropped by its address */
} swap_packets[] = {
	{ "in udp 198.51.100.7:4000 > 192.0.2.10:5061 data=16", "service-in" },
	{ "in udp 198.51.100.7:4000 > 192.0.2.10:9 data=16", NULL },
};

/* All that both threads have. */
struct swap {
	struct object object;
	struct gate gate; /* the object's maps; pinned and attached nowhere */
	struct image images[2];
	atomic_bool ends;
	uint64_t offered, wrong; /* packets */
};

__attribute__((noreturn)) static void swap_fail(const char *what, int error)
{
	fprintf(stderr, "bench_swap: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

static void swap_compile(struct swap *swap, size_t number)
{
	struct image_running running = { .kept = { swap->images[0].listing } };
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	if (policy_parse("bench", swap_policies[number], strlen(swap_policies[number]), &policy,
			 &diags) ||
	    image_compile(policy, &running, &swap->images[number], &diags))
		swap_fail("compile a policy", EINVAL);
	policy_free(policy);
}

static void swap_load(struct swap *swap)
{
	const struct state none = { .live = SLOT_NONE, .former = SLOT_NONE };
	struct object_wish wish = { .xdp = { true, true }, .multi_buffer = true };
	struct diags diags = { 0 };

	wish.flows_max = FLOWS_MAX_LEAST;
	if (clock_measure(&wish.hz) || object_load(&wish, &swap->object, "bench", &diags))
		swap_fail("load the programs", EINVAL);
	memcpy(swap->gate.maps, swap->object.maps, sizeof(swap->gate.maps));
	swap->gate.word = state_map(swap->object.maps[MAP_MEMORY]);
	if (!swap->gate.word)
		swap_fail("map the state", errno);
	*swap->gate.word = state_pack(&none);
	for (size_t i = 0; i < 2; i++)
		swap_compile(swap, i);
}

/* Stays on one CPU; the first is the publisher's. */
static void swap_settle(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		swap_fail("stay on a CPU", errno);
}

/* Packets that were counted so far where both policies say. */
static uint64_t swap_count(const struct swap *swap, const struct swap_packet *packet)
{
	const struct listing_row *row;
	struct gate_counts counts;
	uint64_t counted;
	int error = gate_read_counts(&swap->gate, &counts);

	if (error)
		swap_fail("read the counters", -error);
	row = packet->rule ? listing_find(swap->images[0].listing, packet->rule) : NULL;
	counted =
		row ? counts.rules[row->slot].forward.packets :
		      counts.outcomes[DIRECTION_IN * OUTCOME_COUNT + OUTCOME_DROP_ADDRESS].packets;
	gate_free_counts(&counts);
	return counted;
}

static void *swap_judge(void *data)
{
	static struct frame_bytes frames[2];
	struct swap *swap = data;

	swap_settle(1);
	for (size_t i = 0; i < 2; i++)
		frame_write(swap_packets[i].words, &frames[i]);
	for (size_t turn = 0; !atomic_load(&swap->ends); turn++) {
		const struct frame_bytes *frame = &frames[turn % 2];
		const uint64_t before = swap_count(swap, &swap_packets[turn % 2]);
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
			    .data_size_in = (uint32_t)frame->length, .repeat = (int)TURN);

		if (bpf_prog_test_run_opts(swap->object.xdp[DIRECTION_IN], &run))
			swap_fail("run the program", errno);
		swap->offered += TURN;
		swap->wrong += TURN - (swap_count(swap, &swap_packets[turn % 2]) - before);
	}
	return NULL;
}

static double swap_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Puts a policy into force. `in_place`: by writing to what is judged by. Milliseconds. */
static double swap_publish(struct swap *swap, const struct image *image, bool in_place)
{
	const double begin = swap_now();
	uint64_t word = *swap->gate.word;
	unsigned int slot = in_place ? state_unpack(word).live : state_free_slot(word);
	struct diags diags = { 0 };

	if (publish_fill(swap->gate.maps, NULL, slot, image, NULL, "bench", &diags))
		swap_fail("fill a slot", EINVAL);
	if (!in_place &&
	    !state_swap(swap->gate.word, word, state_published(word, slot, MODE_ENFORCE, 0)))
		swap_fail("swap", EAGAIN);
	return swap_now() - begin;
}

/* What came of some time of it. */
struct swap_sum {
	double offered, wrong;
	size_t swaps;
};

/* Exchanges until the time is over and there were enough; `times`: of the first SWAPS, or NULL. */
static struct swap_sum swap_run(struct swap *swap, unsigned int seconds, size_t least,
				bool in_place, double *times)
{
	const double end = swap_now() + seconds * 1e3;
	struct swap_sum sum = { 0 };
	pthread_t judge;
	double time;
	int error;

	swap->offered = swap->wrong = 0;
	atomic_store(&swap->ends, false);
	error = pthread_create(&judge, NULL, swap_judge, swap);
	if (error)
		swap_fail("begin a thread", error);
	for (; sum.swaps < least || swap_now() < end; sum.swaps++) {
		time = swap_publish(swap, &swap->images[(sum.swaps + 1) % 2], in_place);
		if (times && sum.swaps < SWAPS)
			times[sum.swaps] = time;
	}
	atomic_store(&swap->ends, true);
	pthread_join(judge, NULL);
	sum.offered = (double)swap->offered;
	sum.wrong = (double)swap->wrong;
	/* as it began */
	swap_publish(swap, &swap->images[0], in_place);
	return sum;
}

static void swap_tell(struct results *results, const struct swap_sum *sum,
		      const struct swap_sum *in_place, const double *idle, const double *busy)
{
	const double millions[] = { sum->offered / 1e6, in_place->offered / 1e6 };
	const double swaps = (double)sum->swaps;
	const struct results_row verdicts[] = {
		{ "wrong verdicts", &sum->wrong, RESULTS_VALUE_MOST, 0 },
		{ "packets judged, millions", &millions[0], RESULTS_NO_TARGET, 0 },
		{ "swaps", &swaps, RESULTS_NO_TARGET, 0 },
		{ "wrong, over the live slot (the control)", &in_place->wrong, RESULTS_NO_TARGET,
		  0 },
		{ "... of packets, millions", &millions[1], RESULTS_NO_TARGET, 0 },
	};
	const struct results_row times[] = {
		{ "swap, nothing else runs", idle, RESULTS_NO_TARGET, 0 },
		{ "swap, another CPU judges without pause", busy, RESULTS_NO_TARGET, 0 },
	};
	const struct results_table tables[] = {
		{ "verdicts while policies are exchanged", "packets", 1, 5, 5, verdicts },
		{ "fill a slot and make it live", "ms", SWAPS, 2, 0, times },
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		results_add(results, &tables[i]);
}

int main(int argc, char **argv)
{
	static struct swap swap = { .gate = GATE_CLOSED };
	bool has_seconds = argc > 1 && strncmp(argv[1], "--", 2) != 0;
	double idle[SWAPS], busy[SWAPS];
	struct swap_sum sum, in_place;
	uint64_t seconds = SECONDS_DEFAULT;
	struct results *results;

	if (has_seconds && (number_parse(argv[1], SECONDS_MOST, &seconds) || !seconds)) {
		fprintf(stderr, "usage: bench_swap [SECONDS] [--json FILE]\n");
		return 2;
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr, "bench_swap: left out: it takes two CPUs\n");
		return 0;
	}
	results = results_open("swap", argc - 1 - has_seconds, argv + 1 + has_seconds);
	swap_load(&swap);
	swap_settle(0);
	for (size_t i = 0; i < SWAPS; i++)
		idle[i] = swap_publish(&swap, &swap.images[i % 2], false);
	swap_publish(&swap, &swap.images[0], false);
	sum = swap_run(&swap, (unsigned int)seconds, SWAPS, false, busy);
	in_place = swap_run(&swap, 0, IN_PLACE, true, NULL);
	swap_tell(results, &sum, &in_place, idle, busy);
	if (!in_place.wrong)
		fprintf(stderr, "bench_swap: the control shows nothing: no verdict was wrong over "
				"the slot that is live\n");
	for (size_t i = 0; i < 2; i++)
		image_free(&swap.images[i]);
	state_unmap(&swap.gate.word);
	object_close(&swap.object);
	return results_close(results);
}
