// SPDX-License-Identifier: GPL-2.0-only
#include "user/base/moment.h"

#include <time.h>

double moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
