/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs that change a gate's state by one store have in common: confirm, rollback, block, open, resume. */
#ifndef USER_VERB_COMMON_CHANGE_H
#define USER_VERB_COMMON_CHANGE_H

#include "user/kernel/change.h"
#include "user/verb/common.h"

/* One gate, opened to be changed. */
struct common_change {
	struct common_options options;
	struct gate gate;
	const char *interface; /* as it was named */
	const char *what;      /* the verb, for diagnostics */
};

#define COMMON_CHANGE(verb)                                                                        \
	{                                                                                          \
		.gate = GATE_CLOSED, .what = (verb)                                                \
	}

/*
 * Reads `-i IFACE` and the further options `allowed`, and opens the gate. 0; more than 0: the exit
 * status after --help, plus 1; negative: diagnostics say what is wrong.
 */
int common_change_open(struct common_change *change, const struct verb *verb, int argc, char **argv,
		       const char *allowed, struct diags *diags);
void common_change_free(struct common_change *change);

/* "policy NAME is in force on eth0", or what else is: the gate as it is now. Caller frees. */
char *common_change_says(const struct common_change *change);

/* "10:02:11": when a moment of CLOCK_BOOTTIME, in milliseconds, was or will be. Caller frees. */
char *common_change_time(uint64_t moment);

#endif
