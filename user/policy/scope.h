/* SPDX-License-Identifier: GPL-2.0-only */
/* Between whom a rule is: from and to, when all groups are known. */
#ifndef USER_POLICY_SCOPE_H
#define USER_POLICY_SCOPE_H

#include "user/policy/draft.h"

/* Fills from and to of every rule. Errors go to the draft. */
void scope_resolve(struct draft *draft);

/* Warns of rules whose addresses no packet of their protocol has; for a policy that is right. */
void scope_warn(struct draft *draft);

#endif
