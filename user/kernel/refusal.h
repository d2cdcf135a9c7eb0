/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why programs were not loaded, of all that libbpf says about it: the last line of the verifier's log
 * that is no statistics, which may be the end of megabytes; where there is no log, what libbpf itself
 * found. Then libbpf goes on: that the program, the object and the skeleton could not be loaded either.
 */
#ifndef USER_KERNEL_REFUSAL_H
#define USER_KERNEL_REFUSAL_H

#include <stdbool.h>

/* Zeroed: nothing was said. */
struct refusal {
	char reason[400];   /* one line, without its end; with the verifier "PROGRAM: WHY" */
	bool from_verifier; /* nothing that is said later is nearer to the cause */
};

/* One message of libbpf's, of level LIBBPF_WARN, as it is: of one line, or of a whole log. */
void refusal_hear(struct refusal *refusal, const char *message);

#endif
