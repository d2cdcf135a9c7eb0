// SPDX-License-Identifier: GPL-2.0-only
/* Time: one call, a case, and the rounds of a table. */
#include "tests/bench/measure_run.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/parking.h"
#include "tests/lib/prog.h"
#include "user/base/cleanup.h"

#define FIXED 2u     /* repeats of the call whose time is taken off */
#define CHECKS 1000u /* packets whose outcome is looked at */
/*
 * Turns from one baseline to the next: a round's is the mean of several, for a virtual machine's speed changes
 * within a round by more than what is looked for.
 */
#define BASELINE_EACH 4u
#define SHUFFLE "build/tests/lib/shuffle.bpf.o"

/* Programs of shuffle.bpf.c by what they change. */
static const char *const changers[] = {
	[MEASURE_TUPLES] = "shuffle_packet",
	[MEASURE_PORTS] = "shuffle_ports",
	[MEASURE_GATES] = "shuffle_gates",
	[MEASURE_SENT] = "shuffle_sent",
};

/* The only object of this kind that there is. */
static struct bpf_object *shuffler;

void measure_run_open(void)
{
	cpu_set_t allowed, one;
	int cpu = CPU_SETSIZE - 1;

	shuffler = bpf_object__open_file(SHUFFLE, NULL);
	if (!shuffler || bpf_object__load(shuffler))
		measure_fail("load " SHUFFLE, errno);
	/* the last: interrupts come to the first more often; if it can't be, figures are noisier */
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	while (cpu > 0 && !CPU_ISSET(cpu, &allowed))
		cpu--;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void measure_run_close(void)
{
	bpf_object__close(shuffler);
	shuffler = NULL;
}

/* ---- one call ---------------------------------------------------------------------------------- */

static double measure_cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double measure_run_call(int program, const struct frame_bytes *frame, unsigned int count)
{
	const struct sched_param first = { .sched_priority = 1 }, last = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = (int)count);
	double begin, time;
	int error;

	/* fewer interruptions; without it the figures are only noisier */
	sched_setscheduler(0, SCHED_FIFO, &first);
	begin = measure_cpu_time();
	error = bpf_prog_test_run_opts(program, &run);
	time = measure_cpu_time() - begin;
	sched_setscheduler(0, SCHED_OTHER, &last);
	if (error)
		measure_fail("run a program", errno);
	/* XDP_ABORTED is 0, which at tc is TC_ACT_OK: nobody's answer here */
	if (run.retval == XDP_ABORTED || run.retval == TC_ACT_TRAP)
		measure_fail("reach the program that is measured", EINVAL);
	return time;
}

double measure_run_time(int program, const struct frame_bytes *frame, unsigned int repeats)
{
	double fixed = measure_run_call(program, frame, FIXED);

	return (measure_run_call(program, frame, repeats) - fixed) / (repeats - FIXED);
}

/* ---- a case ------------------------------------------------------------------------------------ */

static int measure_entry(const struct measure_case *one)
{
	struct bpf_program *program;

	if (one->change == MEASURE_SAME)
		return one->program;
	program = bpf_object__find_program_by_name(shuffler, changers[one->change]);
	return bpf_program__fd(program);
}

static int measure_variables(void)
{
	return bpf_object__find_map_fd_by_name(shuffler, ".bss");
}

/* Where a case's packets begin, and what they come to. */
static void measure_aim(const struct measure_case *one, uint32_t at)
{
	int targets = bpf_object__find_map_fd_by_name(
		shuffler, one->change == MEASURE_SENT ? "shuffle_target_tc" : "shuffle_target");
	uint32_t gates = one->change == MEASURE_GATES ? one->shuffle.count : 1, zero = 0;
	struct shuffle shuffle = one->shuffle;

	shuffle.at = at;
	for (uint32_t i = 0; i < gates; i++)
		if (bpf_map_update_elem(targets, &i, one->gates ? &one->gates[i] : &one->program,
					BPF_ANY))
			measure_fail("put a program behind the one that changes packets", errno);
	if (bpf_map_update_elem(measure_variables(), &zero, &shuffle, BPF_ANY))
		measure_fail("say how packets change", errno);
}

/* The next packet's number. */
static uint32_t measure_reached(void)
{
	struct shuffle shuffle;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(measure_variables(), &zero, &shuffle))
		measure_fail("ask how far packets are", errno);
	return shuffle.at;
}

void measure_run_first(const struct measure_case *one, struct frame_bytes *frame)
{
	if (one->first) {
		frame_write(one->first, frame);
		measure_run_call(one->first_program, frame, 1);
	}
	frame_write(one->words, frame);
}

/* Nanoseconds a packet. *at goes on from run to run: what is to be new has to stay so. */
static double measure_once(const struct measure_case *one, unsigned int repeats, uint32_t *at)
{
	static struct frame_bytes frame;
	double time;

	measure_run_first(one, &frame);
	if (one->change != MEASURE_SAME)
		measure_aim(one, *at);
	time = measure_run_time(measure_entry(one), &frame, repeats);
	if (one->change != MEASURE_SAME)
		*at = measure_reached();
	return time;
}

void measure_run(const struct measure_case *one, unsigned int count)
{
	static struct frame_bytes frame;

	measure_run_first(one, &frame);
	if (one->change != MEASURE_SAME)
		measure_aim(one, one->shuffle.first);
	measure_run_call(measure_entry(one), &frame, count);
}

/* ---- outcomes ---------------------------------------------------------------------------------- */

static void measure_outcomes(const struct object *object, uint64_t packets[OUTCOME_COUNT])
{
	autofree struct rule_count *rules = calloc(RULE_SLOTS, sizeof(*rules));
	struct count outcomes[OUTCOME_COUNTERS];

	if (!rules)
		measure_fail("read counters", ENOMEM);
	memset(packets, 0, OUTCOME_COUNT * sizeof(*packets));
	prog_read_sums(object->maps[MAP_RULE_COUNTS], 0, RULE_SLOTS, sizeof(*rules),
		       (uint64_t *)rules);
	prog_read_sums(object->maps[MAP_OUTCOME_COUNTS], 0, OUTCOME_COUNTERS, sizeof(*outcomes),
		       (uint64_t *)outcomes);
	for (size_t i = 0; i < OUTCOME_COUNTERS; i++)
		packets[i % OUTCOME_COUNT] += outcomes[i].packets;
	for (size_t i = 0; i < RULE_SLOTS; i++) {
		packets[OUTCOME_RULE] += rules[i].forward.packets;
		packets[OUTCOME_REPLY] += rules[i].reply.packets;
	}
}

static const char *measure_outcome_label(enum outcome outcome)
{
	static const char *const labels[] = {
#define MEASURE_LABEL(symbol, label, class, help) [OUTCOME_##symbol] = #class " " label,
		OUTCOMES(MEASURE_LABEL)
#undef MEASURE_LABEL
	};

	return labels[outcome];
}

void measure_run_check(const struct measure_case *one)
{
	uint64_t before[OUTCOME_COUNT], after[OUTCOME_COUNT];

	if (one->outcome == OUTCOME_UNDECIDED)
		return;
	measure_outcomes(one->object, before);
	measure_run(one, CHECKS);
	measure_outcomes(one->object, after);
	if ((after[one->outcome] - before[one->outcome]) * 10 >= CHECKS * 9)
		return;
	fprintf(stderr, "bench: '%s' isn't what it is called: its packets should be '%s'\n",
		one->name, measure_outcome_label(one->outcome));
	for (int i = 1; i < OUTCOME_COUNT; i++)
		if (after[i] != before[i])
			fprintf(stderr, "  %llu were '%s'\n",
				(unsigned long long)(after[i] - before[i]),
				measure_outcome_label((enum outcome)i));
	exit(1);
}

/* ---- a table ----------------------------------------------------------------------------------- */

/* One round; turn after turn the next case, of which `round` is the first. */
static void measure_round(const struct measure *measure, const struct measure_case *cases,
			  size_t count, size_t baseline, uint32_t *at, unsigned int round,
			  double *values)
{
	unsigned int baselines = 0;
	double base = 0;

	for (size_t turn = 0; turn < count; turn++) {
		size_t i = (turn + round) % count;
		unsigned int repeats = measure->repeats;

		if (baseline < count && turn % BASELINE_EACH == 0) {
			base += measure_once(&cases[baseline], measure->repeats, &at[baseline]);
			baselines++;
		}
		if (i == baseline)
			continue;
		if (cases[i].fewer)
			repeats = repeats / cases[i].fewer + FIXED + 1;
		values[i * measure->rounds + round] = measure_once(&cases[i], repeats, &at[i]);
	}
	if (baselines)
		values[baseline * measure->rounds + round] = base / baselines;
}

static void measure_rounds(const struct measure *measure, const struct measure_case *cases,
			   size_t count, size_t baseline, double *values)
{
	autofree uint32_t *at = calloc(count, sizeof(*at));

	if (!at)
		measure_fail("measure", ENOMEM);
	for (size_t i = 0; i < count; i++)
		at[i] = cases[i].shuffle.first;
	for (unsigned int round = 0; round < measure->rounds; round++)
		measure_round(measure, cases, count, baseline, at, round, values);
}

void measure_table(struct measure *measure, const char *title, const struct measure_case *cases,
		   size_t count, size_t baseline)
{
	autofree double *values = calloc(count * measure->rounds, sizeof(*values));
	autofree struct results_row *rows = calloc(count, sizeof(*rows));
	const struct results_table table = { title, "ns", measure->rounds, count, baseline, rows };

	if (!values || !rows)
		measure_fail("measure", ENOMEM);
	for (size_t i = 0; i < count; i++) {
		measure_run_check(&cases[i]);
		parking_put(measure_entry(&cases[i]));
		rows[i] = (struct results_row){ cases[i].name, &values[i * measure->rounds],
						cases[i].target, cases[i].target_value };
	}
	measure_rounds(measure, cases, count, baseline, values);
	parking_clear();
	results_add(measure->results, &table);
}
