/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a gate is slow to find, because tables are walked or a policy is read back: live flows, entries
 * of tables, drift. A command looks; who is asked again and again keeps what it found for a while.
 */
#ifndef USER_VERB_COMMON_SLOW_H
#define USER_VERB_COMMON_SLOW_H

#include "user/verb/common.h"
#include "user/verb/common_rules.h"

/*
 * How long it may be shown, seconds; who looks ahead does so at half that age. Flows are walked at most every
 * 10 s: spec section 4.
 */
#define SLOW_FLOWS_KEPT 20.0
#define SLOW_DRIFT_KEPT 120.0

/* Of one gate, as it was found. */
struct common_slow {
	char directory[PINS_PATH_SIZE];
	uint64_t created_at;
	uint64_t word;             /* of another policy it says nothing */
	double flows_at, drift_at; /* when, of slow_clock(); 0: never */
	uint64_t flows[2];         /* of IPv4, of IPv6 */
	struct report_table tables[REPORT_TABLES];
	uint32_t drifted;
	struct common_unnamed unnamed;
	bool is_seen; /* since the last common_recent_sweep() */
};

/* Of all. Zero-initialised is empty. */
struct common_recent {
	struct common_slow *list;
	size_t count;
	/* when set, what is about to be too old is looked for already, until that moment of slow_clock() */
	double looks_ahead_until;
};

/* Seconds of CLOCK_MONOTONIC. */
double slow_clock(void);

/*
 * What is kept of a gate and is of this state word; nothing yet where it is new. Without `recent` it is `fresh`, which is
 * empty. NULL: no memory.
 */
struct common_slow *common_slow_of(struct common_recent *recent, const struct gate *gate,
				   uint64_t word, struct common_slow *fresh);

/* Fills in those figures, new ones or such as are kept. 0 or a negative errno. */
int common_slow(const struct gate *gate, uint64_t word, const struct common_gates *how,
		struct common_slow *slow, struct report_gate *report);

/* Forgets gates that nobody has come across since it was called last. */
void common_recent_sweep(struct common_recent *recent);
void common_recent_free(struct common_recent *recent);

#endif
