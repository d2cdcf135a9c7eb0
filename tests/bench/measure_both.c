// SPDX-License-Identifier: GPL-2.0-only
/* One program on two CPUs at the same time: what they share costs. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/measure_run.h"
#include "tests/bench/parking.h"
#include "user/base/cleanup.h"

#define CPUS 2
#define BOTH_MOST 1.05

/* One thread. */
struct both_thread {
	const struct measure_case *one;
	const struct frame_bytes *frame;
	pthread_barrier_t *barrier;
	unsigned int repeats;
	int cpu;
	double time; /* nanoseconds a packet */
};

static void *both_run(void *data)
{
	struct both_thread *thread = data;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(thread->cpu, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		measure_fail("run on a CPU of one's own", errno);
	/* a short one first: what is cold or to be written anew is so no more */
	measure_run_call(thread->one->program, thread->frame, thread->repeats / 16 + 1);
	pthread_barrier_wait(thread->barrier);
	thread->time = measure_run_time(thread->one->program, thread->frame, thread->repeats);
	return NULL;
}

/* On so many of the CPUs, from `first` on, at once; the mean of their times. */
static double both_measure(struct both_thread *threads, unsigned int count)
{
	pthread_t ids[CPUS];
	pthread_barrier_t barrier;
	double sum = 0;

	if (pthread_barrier_init(&barrier, NULL, count))
		measure_fail("begin at once", EAGAIN);
	for (unsigned int i = 0; i < count; i++) {
		threads[i].barrier = &barrier;
		if (pthread_create(&ids[i], NULL, both_run, &threads[i]))
			measure_fail("start a thread", EAGAIN);
	}
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(ids[i], NULL);
		sum += threads[i].time;
	}
	pthread_barrier_destroy(&barrier);
	return sum / count;
}

/* The first CPUs that there are; threads don't inherit where their maker has settled. */
static unsigned int both_find_cpus(int cpus[CPUS])
{
	cpu_set_t one, before;
	unsigned int count = 0;

	if (sched_getaffinity(0, sizeof(before), &before))
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && count < CPUS; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			cpus[count++] = cpu;
	}
	sched_setaffinity(0, sizeof(before), &before);
	return count;
}

void measure_both(struct measure *measure, const char *title, const struct measure_case *one,
		  bool has_target)
{
	static struct frame_bytes frame;
	autofree double *values = calloc(2 * (size_t)measure->rounds, sizeof(*values));
	double *alone = values, *both = values + measure->rounds;
	const struct results_row rows[] = {
		{ "alone, mean of both CPUs", alone, RESULTS_NO_TARGET, 0 },
		{ "both at once", both, has_target ? RESULTS_RATIO_MOST : RESULTS_NO_TARGET,
		  BOTH_MOST },
	};
	const struct results_table table = { title, "ns", measure->rounds, 2, 0, rows };
	struct both_thread threads[CPUS];
	int cpus[CPUS];

	if (!values)
		measure_fail("measure", ENOMEM);
	if (both_find_cpus(cpus) < CPUS) {
		printf("left out, for there is one CPU: %s\n", title);
		return;
	}
	measure_run_check(one);
	measure_run_first(one, &frame);
	parking_put(one->program);
	for (int i = 0; i < CPUS; i++)
		threads[i] = (struct both_thread){
			one, &frame, NULL, measure->repeats, cpus[i], 0,
		};
	for (unsigned int round = 0; round < measure->rounds; round++) {
		if (round % 2)
			both[round] = both_measure(threads, CPUS);
		alone[round] = 0;
		for (int i = 0; i < CPUS; i++)
			alone[round] += both_measure(&threads[i], 1) / CPUS;
		if (!(round % 2))
			both[round] = both_measure(threads, CPUS);
	}
	parking_clear();
	results_add(measure->results, &table);
}
