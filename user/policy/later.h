/* SPDX-License-Identifier: GPL-2.0-only */
/* What the policy language has and this version has not: refused by name, never ignored. */
#ifndef USER_POLICY_LATER_H
#define USER_POLICY_LATER_H

#include "user/policy/draft.h"

enum later_where {
	LATER_NOWHERE,
	LATER_POLICY,     /* a key of the policy */
	LATER_RULE,       /* a key of a rule */
	LATER_ESSENTIALS, /* an essential, which can only be false */
	LATER_FRAGMENTS,  /* a way with fragments */
};

/* Is `name` one of these things? */
bool later_has(enum later_where where, const char *name);

/* If it is: adds the error at `node`, and says so. */
bool later_refuse(struct draft *draft, enum later_where where, const char *name,
		  const struct yaml_node *node);

#endif
