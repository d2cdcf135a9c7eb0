/* SPDX-License-Identifier: GPL-2.0-only */
/* Which packets were asked for, and what is done with them: counted, listed, written, compared. */
#ifndef USER_VERB_REPLAY_SHOW_H
#define USER_VERB_REPLAY_SHOW_H

#include "user/packet/writer.h"
#include "user/report/replay.h"
#include "user/verb/replay_judge.h"

/* Zero-initialised but for what is borrowed: options and judges. */
struct replay_show {
	const struct common_options *options;
	struct replay_judge *judges; /* with --diff two, else one */
	size_t judge_count;
	const char *capture; /* the current one's name, for lines; NULL: there is only one */
	struct writer *writer;
	struct text lines;
	struct report_replay_totals totals;
	struct report_replay_change *changes; /* --diff; grown by array_add() */
	size_t change_count;
	bool unwritable; /* standard output, and that was said */
};

/* Of all packets of a chunk, which were judged. 0, or a negative errno and diagnostics. */
int replay_show_chunk(struct replay_show *show, const struct chunk *chunk, struct diags *diags);

/* Tables, or with --summary --json the last line. Returns 0, or a negative errno and diagnostics. */
int replay_show_end(struct replay_show *show, uint64_t now, struct diags *diags);
void replay_show_free(struct replay_show *show);

#endif
