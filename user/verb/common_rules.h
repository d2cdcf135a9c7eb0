/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a gate, for its report. */
#ifndef USER_VERB_COMMON_RULES_H
#define USER_VERB_COMMON_RULES_H

#include "user/kernel/gate.h"
#include "user/kernel/state.h"
#include "user/report/gate.h"

/*
 * What is in force and what a rollback returns to: names, rules and their part of `counts`, and what no
 * rule of either has counted. What can't be believed of either policy is left out. 0 or a negative errno.
 */
int common_rules(const struct gate *gate, const struct gate_counts *counts,
		 const struct state *state, struct report_gate *report);

#endif
