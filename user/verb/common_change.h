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
};

/*
 * What a verb does to the gate. 0, and *said is what to print of it (owned; NULL: no memory); or negative
 * with a diag. Warnings stand in `diags` either way.
 */
typedef int common_change_act(struct common_change *change, char **said, struct diags *diags);

/* Reads `-i IFACE` and the further options `allowed`, opens the gate, and acts. Returns the exit status. */
int common_change_run(const struct verb *verb, int argc, char **argv, const char *allowed,
		      common_change_act *act);

/* "policy NAME is in force on eth0", or what else is: the gate as it is now. Caller frees. */
char *common_change_says(const struct common_change *change);

/* "10:02:11": when a moment of CLOCK_BOOTTIME, in milliseconds, was or will be. Caller frees. */
char *common_change_time(uint64_t moment);

#endif
