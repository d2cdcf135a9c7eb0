/* SPDX-License-Identifier: GPL-2.0-only */
/* Work in several threads: all of it is done, once, and what the first failure in the list says is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/jobs.h"

#define WORKS 8

static struct work {
	int answers;
	int times;
	int order; /* how many were begun before it */
	pthread_t thread;
	bool hears_signals;
} works[WORKS];
static int begun;

static int threads_left = INT_MAX; /* that can be made */

/* Stands before the C library's: of threads there may be no more. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) the C library has its own names */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *data)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");

	return threads_left-- > 0 ? real(thread, attributes, run, data) : EAGAIN;
}

static int work_do(void *data)
{
	struct work *work = data;
	sigset_t blocked;

	work->times++;
	work->order = __atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	work->thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	work->hears_signals = !sigismember(&blocked, SIGTERM) && !sigismember(&blocked, SIGINT);
	assert_false(sigismember(&blocked, SIGSEGV)); /* a fault is one's own */
	return work->answers;
}

/* Its result, and that each was done once. */
static int works_run(struct job jobs[WORKS], size_t count)
{
	int result;

	begun = 0;
	for (size_t i = 0; i < WORKS; i++) {
		works[i] = (struct work){ .answers = works[i].answers };
		jobs[i] = (struct job){ work_do, &works[i], 1 };
	}
	result = jobs_run(jobs, count);
	for (size_t i = 0; i < WORKS; i++) {
		assert_int_equal(works[i].times, i < count);
		assert_int_equal(jobs[i].result, i < count ? works[i].answers : 1);
	}
	return result;
}

static void all_are_done_once(void **state)
{
	struct job jobs[WORKS];

	(void)state;
	memset(works, 0, sizeof(works));
	for (size_t count = 0; count <= WORKS; count++)
		assert_int_equal(works_run(jobs, count), 0);
}

static void the_first_failure_is_told(void **state)
{
	struct job jobs[WORKS];

	(void)state;
	memset(works, 0, sizeof(works));
	works[2].answers = -ENOMEM;
	works[6].answers = -EIO;
	assert_int_equal(works_run(jobs, WORKS), -ENOMEM);
	assert_int_equal(works_run(jobs, 2), 0);
	works[2].answers = 0;
	assert_int_equal(works_run(jobs, WORKS), -EIO);
}

static void one_cpu_keeps_the_order(void **state)
{
	struct job jobs[WORKS];
	cpu_set_t before, one;
	int cpu = 0;

	(void)state;
	memset(works, 0, sizeof(works));
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(works_run(jobs, WORKS), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	for (int i = 0; i < WORKS; i++) {
		assert_int_equal(works[i].order, i);
		assert_true(pthread_equal(works[i].thread, pthread_self()));
	}
}

static void what_gets_no_thread_is_done_all_the_same(void **state)
{
	struct job jobs[WORKS];

	(void)state;
	memset(works, 0, sizeof(works));
	works[WORKS - 1].answers = -EIO;
	for (int some = 0; some < WORKS; some++) {
		threads_left = some;
		assert_int_equal(works_run(jobs, WORKS), -EIO);
	}
	threads_left = INT_MAX;
}

/* Threads, and handlers of signals run in none of them. */
static void more_cpus_share_it(void **state)
{
	struct job jobs[WORKS];
	cpu_set_t cpus;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip();
	memset(works, 0, sizeof(works));
	assert_int_equal(works_run(jobs, WORKS), 0);
	assert_true(pthread_equal(works[0].thread, pthread_self()));
	assert_true(works[0].hears_signals);
	for (int i = 1; i < WORKS; i++) {
		assert_false(pthread_equal(works[i].thread, pthread_self()));
		assert_false(works[i].hears_signals);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_done_once),
		cmocka_unit_test(the_first_failure_is_told),
		cmocka_unit_test(one_cpu_keeps_the_order),
		cmocka_unit_test(what_gets_no_thread_is_done_all_the_same),
		cmocka_unit_test(more_cpus_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
