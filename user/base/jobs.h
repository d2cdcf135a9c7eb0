/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work in parts that don't wait for each other, each in a thread of its own where this process has more
 * than one CPU. With one it is done in the order of the list: for tests that count system calls.
 */
#ifndef USER_BASE_JOBS_H
#define USER_BASE_JOBS_H

#include <stddef.h>

/* May neither print nor write what another job reads or writes. 0 or a negative errno. */
typedef int (*job_function)(void *data);

struct job {
	job_function run;
	void *data;
	int result; /* what `run` said */
};

/* Returns when all are done, whatever they said: the result of the first in the list that is not 0. */
int jobs_run(struct job *jobs, size_t count);

#endif
