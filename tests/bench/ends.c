// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/ends.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"

void ends_fail(const char *what)
{
	fprintf(stderr, "bench: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

void ends_enter(const char *netns)
{
	char path[PATH_MAX];
	autoclose int fd = -1;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		ends_fail(path);
}

void ends_pin(int cpu)
{
	cpu_set_t set;

	if (cpu >= sysconf(_SC_NPROCESSORS_ONLN))
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* without it the figures are only noisier */
	sched_setaffinity(0, sizeof(set), &set);
}

uint64_t ends_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t ends_worked(void)
{
	autofclose FILE *file = fopen("/proc/self/schedstat", "re");
	uint64_t waited;

	/* on the processor, and waiting for it; a kernel may lack the file */
	if (!file || fscanf(file, "%*u %" SCNu64, &waited) != 1)
		waited = 0;
	return ends_now() - waited;
}

int ends_open(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/net/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		ends_fail(path);
	return fd;
}

/* From the beginning, as it is now. */
static void ends_read(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size - 1 &&
	       (got = pread(fd, text + length, size - 1 - length, (off_t)length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
}

uint64_t ends_received(int fd, const char *interface)
{
	char text[4096], word[32], *line;
	uint64_t packets;

	ends_read(fd, text, sizeof(text));
	snprintf(word, sizeof(word), "%s:", interface);
	line = strstr(text, word);
	if (!line || sscanf(line + strlen(word), "%*u %" SCNu64, &packets) != 1) {
		errno = ENODEV;
		ends_fail("find an interface's counters");
	}
	return packets;
}

uint64_t ends_reached(int fd)
{
	uint64_t datagrams, nobody, errors;
	char text[4096], *line;

	ends_read(fd, text, sizeof(text));
	/* the first has the names: InDatagrams NoPorts InErrors */
	line = strstr(text, "\nUdp:");
	line = line ? strstr(line + 1, "\nUdp:") : NULL;
	if (!line || sscanf(line, "\nUdp: %" SCNu64 " %" SCNu64 " %" SCNu64, &datagrams, &nobody,
			    &errors) != 3) {
		errno = EPROTO;
		ends_fail("read the counters of UDP");
	}
	return datagrams + nobody + errors;
}
