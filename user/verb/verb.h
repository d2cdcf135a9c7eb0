/* SPDX-License-Identifier: GPL-2.0-only */
/* A command is a page, main is a table: each verb is one file with one function and its help. */
#ifndef USER_VERB_VERB_H
#define USER_VERB_VERB_H

#include "user/base/diag.h"

/* What stands in front of the verb. */
struct invocation {
	const char *netns; /* --netns NAME, or NULL; already entered when a verb runs */
};

struct verb {
	const char *name;
	const char *summary; /* one line */
	const char *help;    /* the page behind --help */
	/* argv[0] is the verb. Returns the exit status. */
	int (*run)(int argc, char **argv, const struct invocation *invocation);
};

extern const struct verb verb_check;
extern const struct verb verb_apply;
extern const struct verb verb_confirm;
extern const struct verb verb_rollback;
extern const struct verb verb_block;
extern const struct verb verb_open;
extern const struct verb verb_resume;
extern const struct verb verb_detach;
extern const struct verb verb_status;
extern const struct verb verb_stats;
extern const struct verb verb_flows;
extern const struct verb verb_diff;
extern const struct verb verb_policies;
extern const struct verb verb_explain;
extern const struct verb verb_replay;
extern const struct verb verb_exporter;

#endif
