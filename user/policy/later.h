/* SPDX-License-Identifier: GPL-2.0-only */
/* What the policy language has and this version has not: refused by name, never ignored. */
#ifndef USER_POLICY_LATER_H
#define USER_POLICY_LATER_H

#include "user/policy/draft.h"

enum later_where {
	LATER_NOWHERE,
	LATER_POLICY, /* a key of the policy */
	LATER_RULE,   /* a key of a rule */
};

/* If it is: adds the error at `node`, and says so. */
bool later_refuse(struct draft *draft, enum later_where where, const char *name,
		  const struct yaml_node *node);

#endif
