// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/common_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000u
#define BETWEEN (SECOND / 10)
#define BAR_WIDTH 30u
#define LINE_BEGIN "\r\033[K"

static uint64_t progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void common_progress_begin(struct common_progress *progress, bool lines)
{
	/* a bar among lines that scroll by on the same terminal tells nothing */
	progress->wanted = isatty(STDERR_FILENO) && !(lines && isatty(STDOUT_FILENO));
	progress->drawn_at = progress_now() + SECOND;
}

void common_progress_step(struct common_progress *progress, uint64_t position, uint64_t packets)
{
	uint64_t now, done = progress->done + position;
	char bar[BAR_WIDTH + 1] = "";

	if (!progress->wanted)
		return;
	now = progress_now();
	if (now < progress->drawn_at)
		return;
	progress->drawn = true;
	progress->drawn_at = now + BETWEEN;
	if (!progress->size || done > progress->size) {
		fprintf(stderr, LINE_BEGIN "%" PRIu64 " packets", packets);
		return;
	}
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		bar[i] = (double)i / BAR_WIDTH < (double)done / (double)progress->size ? '#' : '.';
	fprintf(stderr, LINE_BEGIN "[%s] %3.0f %%  %" PRIu64 " packets", bar,
		100.0 * (double)done / (double)progress->size, packets);
}

void common_progress_end(struct common_progress *progress)
{
	if (progress->drawn)
		fputs(LINE_BEGIN, stderr);
	progress->drawn = false;
}
