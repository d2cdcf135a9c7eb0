// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command costs, from its start until it has ended: clocked COMMAND [ARGUMENT]... 3>FILE writes to
 * descriptor 3 a line of four: milliseconds of wall time, milliseconds of CPU time of it and its children, the
 * peak of its resident memory in MiB, its exit status. The command has our standard files.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double clocked_ms(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage usage;
	int status, error;
	pid_t child;

	if (argc < 2) {
		fprintf(stderr, "usage: clocked COMMAND [ARGUMENT]... 3>FILE\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	/* no fork: the peak of the child begins with ours, and that is small */
	error = posix_spawnp(&child, argv[1], NULL, NULL, argv + 1, environ);
	while (!error && wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR)
			error = errno;
	if (error) {
		fprintf(stderr, "clocked: %s: %s\n", argv[1], strerror(error));
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	dprintf(3, "%.3f %.3f %.2f %d\n",
		(double)(end.tv_sec - begin.tv_sec) * 1e3 +
			(double)(end.tv_nsec - begin.tv_nsec) / 1e6,
		clocked_ms(&usage.ru_utime) + clocked_ms(&usage.ru_stime),
		(double)usage.ru_maxrss / 1024, status);
	return status;
}
