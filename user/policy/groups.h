/* SPDX-License-Identifier: GPL-2.0-only */
/* Named address sets: of the texts, and of the command line. */
#ifndef USER_POLICY_GROUPS_H
#define USER_POLICY_GROUPS_H

#include "user/base/suggestion.h"
#include "user/policy/draft.h"

/* Adds what stands under a text's `groups`. Errors go to the draft. */
void groups_read(struct draft *draft, const struct yaml_node *node);

/*
 * When all texts are read: replaces members by those of the command line, finds groups that two
 * texts set differently, leaves one of each name, and makes them findable.
 */
void groups_settle(struct draft *draft, const struct policy_group_override *overrides,
		   size_t count);

/* NULL: there is none of this name. */
const struct policy_group *groups_find(const struct draft *draft, const char *name);

void groups_suggest(const struct draft *draft, struct suggestion *nearest);

#endif
