// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/leash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEASH_LOOKS 100 /* 10 ms each */

int leash_make(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) ? -errno : 0;
}

int leash_take(int end)
{
	struct pollfd closed = { .fd = end };

	/* nothing is ever written: that it is readable is that it is closed */
	if (fcntl(end, F_SETOWN, getpid()) || fcntl(end, F_SETSIG, SIGKILL) ||
	    fcntl(end, F_SETFL, O_ASYNC | O_NONBLOCK))
		return -errno;
	/* it was before that */
	return poll(&closed, 1, 0) > 0 ? -EPIPE : 0;
}

static bool leash_has_ended(pid_t led)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < LEASH_LOOKS; i++) {
		if (waitpid(led, NULL, WNOHANG))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

void leash_end(int end, pid_t led)
{
	const bool has_ended = leash_has_ended(led);

	close(end);
	if (!has_ended)
		leash_has_ended(led);
}
