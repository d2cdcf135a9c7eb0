// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets cost when each is another one, with 100,000 flows in the table: floods, and the flows' own
 * packets in turn, with the negative cache (bpf/marks.h) and without. Each case runs behind a small
 * program that changes the packet (tests/lib/shuffle.bpf.c); the bare case is that and a drop. Measured
 * like bench_prog: CPU time, cases in turn, medians; only differences in one run mean something.
 *
 *	build/bench/bench_flood [ROUNDS [REPEATS]]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/frame.h"
#include "tests/lib/shuffle.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/image/image.h"
#include "user/kernel/clock.h"
#include "user/kernel/object.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

#define FLOWS 100000u
#define FLOOD 65536u /* tuples of a flood */
#define FLOOD_FIRST (1u << 20)
#define ROUNDS_DEFAULT 11u
#define REPEATS_DEFAULT 1000000u
#define ROUNDS_MOST 1000u
#define SHUFFLE "build/tests/lib/shuffle.bpf.o"

enum program { BARE, IN_WITH, IN_WITHOUT, OUT_WITH, OUT_WITHOUT, PROGRAMS };

static const struct flood_case {
	const char *name;
	enum program program;
	uint32_t first, count, remote; /* shuffle's */
} cases[] = {
	{ "bare XDP_DROP", BARE, FLOOD_FIRST, FLOOD, 0 },
	{ "random tuples", IN_WITH, FLOOD_FIRST, FLOOD, 0 },
	{ "random tuples, without marks", IN_WITHOUT, FLOOD_FIRST, FLOOD, 0 },
	{ "forged replies", IN_WITH, FLOOD_FIRST, FLOOD, 3478 },
	{ "forged replies, without marks", IN_WITHOUT, FLOOD_FIRST, FLOOD, 3478 },
	{ "replies by flows in turn", IN_WITH, 0, FLOWS, 3478 },
	{ "replies by flows in turn, without", IN_WITHOUT, 0, FLOWS, 3478 },
	{ "reply by one flow", IN_WITH, 0, 1, 3478 },
	{ "reply by one flow, without marks", IN_WITHOUT, 0, 1, 3478 },
	{ "out, flows in turn", OUT_WITH, 0, FLOWS, 3478 },
	{ "out, one flow", OUT_WITH, 0, 1, 3478 },
};
#define CASES (sizeof(cases) / sizeof(*cases))

static struct frame_bytes frame;

__attribute__((noreturn)) static void bench_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

static int bench_bare(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP,
		    .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bare", "GPL", code, 2, &options);

	if (fd < 0)
		bench_fail("load the bare program", errno);
	return fd;
}

/* The default policy, in force on a gate that is attached nowhere. */
static void bench_load(struct object *object, bool with_marks)
{
	struct state state = { .live = 0, .former = SLOT_NONE };
	struct object_wish wish = { .xdp = { true, true }, .multi_buffer = true };
	struct image_running running = { 0 };
	struct policy *policy = NULL;
	struct image image = { 0 };
	struct diags diags = { 0 };
	uint64_t *word;
	int error = clock_measure(&wish.hz) ?: policy_load(NULL, 0, NULL, 0, &policy, &diags);

	if (!error) {
		wish.flows_max = FLOWS_MAX_DEFAULT;
		wish.epoch_shift = object_epoch_shift(wish.hz, image_longest_timeout(policy));
		if (with_marks)
			running.epoch = (1ull << wish.epoch_shift) / wish.hz;
		error = image_compile(policy, &running, &image, &diags)     ?:
				object_load(&wish, object, "bench", &diags) ?:
				publish_fill(object->maps, NULL, 0, &image, NULL, "bench", &diags);
	}
	if (error)
		bench_fail("load the programs", -error);
	word = state_map(object->maps[MAP_MEMORY]);
	if (!word)
		bench_fail("map the state", errno);
	*word = state_pack(&state);
	state_unmap(&word);
	image_free(&image);
	policy_free(policy);
}

/* Runs `program` behind the one that changes packets. Nanoseconds of CPU time. */
static double bench_run(const struct bpf_object *changer, int program,
			const struct shuffle *shuffle, unsigned int repeats)
{
	int target = bpf_object__find_map_fd_by_name(changer, "shuffle_target");
	int variables = bpf_object__find_map_fd_by_name(changer, ".bss");
	struct bpf_program *code = bpf_object__next_program(changer, NULL);
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.length, .repeat = (int)repeats);
	struct timespec begin, end;
	uint32_t zero = 0;

	if (bpf_map_update_elem(target, &zero, &program, BPF_ANY) ||
	    bpf_map_update_elem(variables, &zero, shuffle, BPF_ANY))
		bench_fail("set what is measured", errno);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	if (bpf_prog_test_run_opts(bpf_program__fd(code), &run))
		bench_fail("run a program", errno);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	if (run.retval == XDP_ABORTED)
		bench_fail("reach the program that is measured", EINVAL);
	return (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
}

static double bench_case(const struct bpf_object *changer, const int *programs,
			 const struct flood_case *one, unsigned int repeats)
{
	bool out = one->program == OUT_WITH || one->program == OUT_WITHOUT;
	const struct shuffle shuffle = { .at = one->first,
					 .first = one->first,
					 .count = one->count,
					 .out = out,
					 .remote = one->remote };
	double fixed;

	frame_write(out ? "out udp 192.0.2.10:1 > 198.51.100.7:1 data=16" :
			  "in udp 198.51.100.7:1 > 192.0.2.10:1 data=16",
		    &frame);
	fixed = bench_run(changer, programs[one->program], &shuffle, 2);
	return (bench_run(changer, programs[one->program], &shuffle, repeats) - fixed) /
	       (repeats - 2);
}

static size_t bench_flows(const struct object *object)
{
	struct flow4_key key, next;
	size_t count = 0;

	for (void *from = NULL; bpf_map_get_next_key(object->maps[MAP_FLOWS4], from, &next) == 0;
	     count++) {
		key = next;
		from = &key;
	}
	return count;
}

static int bench_compare(const void *one, const void *two)
{
	const double *a = one, *b = two;

	return *a < *b ? -1 : *a > *b;
}

static void bench_print(double *times, unsigned int rounds)
{
	double bare = 0;

	printf("%-36s %8s %8s %8s %8s %8s\n", "nanoseconds a packet", "median", "25 %", "75 %",
	       "added", "ratio");
	for (size_t i = 0; i < CASES; i++) {
		double *row = &times[i * rounds], median;

		qsort(row, rounds, sizeof(*row), bench_compare);
		median = row[rounds / 2];
		if (cases[i].program == BARE)
			bare = median;
		printf("%-36s %8.1f %8.1f %8.1f %+8.1f %8.2f\n", cases[i].name, median,
		       row[rounds / 4], row[rounds * 3 / 4], median - bare, median / bare);
	}
}

static unsigned int bench_argument(int argc, char **argv, int index, uint64_t most,
				   unsigned int otherwise)
{
	uint64_t value = otherwise;

	if (argc > index && (number_parse(argv[index], most, &value) || value < 3)) {
		fprintf(stderr, "usage: bench_flood [ROUNDS [REPEATS]]\n");
		exit(2);
	}
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	unsigned int rounds = bench_argument(argc, argv, 1, ROUNDS_MOST, ROUNDS_DEFAULT);
	unsigned int repeats = bench_argument(argc, argv, 2, 100000000, REPEATS_DEFAULT);
	const struct sched_param first_in = { .sched_priority = 1 };
	const struct flood_case fill[] = { { "", OUT_WITH, 0, FLOWS, 3478 },
					   { "", OUT_WITHOUT, 0, FLOWS, 3478 } };
	autofree double *times = calloc(CASES * rounds, sizeof(*times));
	struct object with, without;
	struct bpf_object *changer = bpf_object__open_file(SHUFFLE, NULL);
	int programs[PROGRAMS];

	if (!times || !changer || bpf_object__load(changer))
		bench_fail("load " SHUFFLE, errno);
	bench_load(&with, true);
	bench_load(&without, false);
	programs[BARE] = bench_bare();
	programs[IN_WITH] = with.xdp[DIRECTION_IN];
	programs[IN_WITHOUT] = without.xdp[DIRECTION_IN];
	programs[OUT_WITH] = with.xdp[DIRECTION_OUT];
	programs[OUT_WITHOUT] = without.xdp[DIRECTION_OUT];
	for (int i = 0; i < 2; i++)
		bench_case(changer, programs, &fill[i], FLOWS);
	printf("%zu and %zu flows\n", bench_flows(&with), bench_flows(&without));
	/* fewer interruptions; without it the figures are only noisier */
	sched_setscheduler(0, SCHED_FIFO, &first_in);
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t turn = 0; turn < CASES; turn++) {
			size_t at = (turn + round) % CASES;

			times[at * rounds + round] =
				bench_case(changer, programs, &cases[at], repeats);
		}
	bench_print(times, rounds);
	object_close(&with);
	object_close(&without);
	bpf_object__close(changer);
	return 0;
}
