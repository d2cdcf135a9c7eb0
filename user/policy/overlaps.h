/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules that can never match, because an earlier one takes all that they are about. */
#ifndef USER_POLICY_OVERLAPS_H
#define USER_POLICY_OVERLAPS_H

#include "user/policy/policy.h"

/*
 * Warns of them. What it says is so; where policies are very large it gives up before it has found
 * all of them, and says that too.
 */
void overlaps_warn(const struct policy *policy, struct diags *diags);

#endif
