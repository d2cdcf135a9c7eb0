/* SPDX-License-Identifier: GPL-2.0-only */
/* --group NAME=MEMBERS: the command line's word on who is in a group. */
#ifndef USER_POLICY_OVERRIDE_H
#define USER_POLICY_OVERRIDE_H

#include "user/policy/draft.h"

/* Called by groups_settle(), when groups can be found. Errors are errors of usage. */
void override_groups(struct draft *draft, const struct policy_group_override *overrides,
		     size_t count);

#endif
