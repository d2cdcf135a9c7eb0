/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a gate, for its report. */
#ifndef USER_VERB_COMMON_RULES_H
#define USER_VERB_COMMON_RULES_H

#include "user/kernel/gate.h"
#include "user/kernel/state.h"
#include "user/report/gate.h"

/*
 * What rules have counted that neither policy has any more. No packet counts for them, so it stays as long as the state
 * word does, and need not be read again.
 */
struct common_unnamed {
	bool is_known;
	struct rule_count counts[DIRECTION_COUNT];
};

/*
 * What is in force and what a rollback returns to: names, rules and what they have counted, and what no
 * rule of either has. What can't be believed of either policy is left out. `kept`, or NULL, is used
 * where it is known, and filled in where not. 0 or a negative errno.
 */
int common_rules(const struct gate *gate, const struct state *state, struct common_unnamed *kept,
		 struct report_gate *report);

#endif
