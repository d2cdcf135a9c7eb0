/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy would have done to a capture: packet by packet, in total, and beside another policy. */
#ifndef USER_REPORT_REPLAY_H
#define USER_REPORT_REPLAY_H

#include "user/base/text.h"
#include "user/report/gate.h"

/* Why a packet got no verdict: the capture has less of it than its headers. */
#define REPORT_REPLAY_TRUNCATED "truncated"

/* What became of a packet. OUTCOME_UNDECIDED: no verdict. The rule's name is borrowed. */
struct report_replay_verdict {
	enum outcome outcome;
	const char *rule; /* of OUTCOME_RULE and OUTCOME_REPLY */
};

/* "pass", "drop" or "unknown". */
const char *report_replay_word(enum outcome outcome);

struct report_replay_packet {
	const char *capture; /* its name; NULL where there is only one */
	uint64_t number;     /* in its capture, from 1 */
	enum direction direction;
	struct report_replay_verdict verdict;
	const struct report_replay_verdict *other; /* of --diff; or NULL */
};

/* Appends a line of JSON: an object of the contract's keys. */
void report_replay_line(const struct report_replay_packet *packet, struct text *text);

/* All of a replay. Counts are of the packets that were asked for. */
struct report_replay_totals {
	uint64_t read; /* packets of the captures */
	struct count packets[DIRECTION_COUNT];
	struct count truncated[DIRECTION_COUNT]; /* of these: without a verdict */
	uint64_t nanoseconds;                    /* that passed in the captures */
	bool narrowed;                           /* by --only, --filter or --diff */
};

/* A line or two on what was read. The caller's to free; NULL: no memory. */
char *report_replay_totals(const struct report_replay_totals *totals);

/* An object of the shape of `stats --json`, in one line, and what got no verdict. */
char *report_replay_summary_json(const struct report_gate *gates, size_t count,
				 const struct report_replay_totals *totals);

/* Packets that two policies judge differently, in the same way. */
struct report_replay_change {
	enum direction direction;
	struct report_replay_verdict verdicts[2];
	struct count count;
};

/* A table of them, most packets first: sorts `changes`. `policies` are the two policies' names. */
char *report_replay_changes(struct report_replay_change *changes, size_t count,
			    const char *const policies[2], const struct report_style *style);

#endif
