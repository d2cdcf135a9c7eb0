// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/base/jobs.h"

/* Who can't be asked, because there are more CPUs than the set has room for, has more than one. */
static bool jobs_has_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) || CPU_COUNT(&cpus) > 1;
}

static void *jobs_thread(void *data)
{
	struct job *job = data;

	job->result = job->run(job->data);
	return NULL;
}

/*
 * Signals are the caller's: its handlers run where they always have. But for those by which a thread is told of its
 * own faults, which a sanitizer, too, wants to hear of.
 */
static bool jobs_start(struct job *job, pthread_t *thread)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t others, before;
	bool started;

	sigfillset(&others);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&others, faults[i]);
	if (pthread_sigmask(SIG_SETMASK, &others, &before))
		return false;
	started = pthread_create(thread, NULL, jobs_thread, job) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

int jobs_run(struct job *jobs, size_t count)
{
	autofree pthread_t *threads = NULL;
	size_t started = 0;

	if (count > 1 && jobs_has_cpus())
		threads = calloc(count, sizeof(*threads));
	/* the last ones in threads; what can't be started is done here */
	while (threads && started + 1 < count &&
	       jobs_start(&jobs[count - 1 - started], &threads[started]))
		started++;
	for (size_t i = 0; i + started < count; i++)
		jobs_thread(&jobs[i]);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].result)
			return jobs[i].result;
	return 0;
}
