/* SPDX-License-Identifier: GPL-2.0-only */
/* A bar on standard error, where that is a terminal and it takes longer than a second. */
#ifndef USER_VERB_COMMON_PROGRESS_H
#define USER_VERB_COMMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct common_progress {
	bool wanted;
	bool drawn;
	uint64_t drawn_at; /* CLOCK_MONOTONIC, nanoseconds; at first a second from the beginning */
	uint64_t size;     /* of all captures, bytes; 0: not known */
	uint64_t done;     /* bytes of the captures that are through */
};

/* `lines`: packets are listed on standard output. */
void common_progress_begin(struct common_progress *progress, bool lines);

/* Draws at most ten times a second. `position`: in the current capture. */
void common_progress_step(struct common_progress *progress, uint64_t position, uint64_t packets);

/* Takes the bar away. */
void common_progress_end(struct common_progress *progress);

#endif
