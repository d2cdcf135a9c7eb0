/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a text. */
#ifndef USER_POLICY_RULES_H
#define USER_POLICY_RULES_H

#include "user/policy/draft.h"

/* Adds what stands under a text's `rules`; their from and to wait in the draft's scopes. */
void rules_read(struct draft *draft, const struct yaml_node *node);

/* When all texts are read: no name twice. */
void rules_check_names(struct draft *draft);

#endif
