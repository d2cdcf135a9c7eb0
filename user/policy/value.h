/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single values out of nodes. Each gives 0, or -EINVAL with an error at the node that says what is
 * there and what would be right. `what` is the key that the value belongs to.
 */
#ifndef USER_POLICY_VALUE_H
#define USER_POLICY_VALUE_H

#include "user/policy/draft.h"

/* Is it text at all? `example` says what would be right. */
int value_scalar(struct draft *draft, const struct yaml_node *node, const char *what,
		 const char *example);

/* [a-z0-9][a-z0-9.-]{0,62}, the name of `owner` ("a rule"); *name is the caller's. */
int value_name(struct draft *draft, const struct yaml_node *node, const char *owner, char **name);

/* Free text on one line: what is blank becomes one space; *text is the caller's. */
int value_text(struct draft *draft, const struct yaml_node *node, const char *what, char **text);

/* true or false, and nothing else that YAML 1.1 knew. */
int value_boolean(struct draft *draft, const struct yaml_node *node, const char *what, bool *value);

int value_number(struct draft *draft, const struct yaml_node *node, const char *what,
		 uint64_t least, uint64_t most, uint64_t *value);

/* Seconds, from 1 to `most`. */
int value_duration(struct draft *draft, const struct yaml_node *node, const char *what,
		   uint64_t most, uint64_t *seconds);

/* One of some words, by its index. */
int value_choice(struct draft *draft, const struct yaml_node *node, const char *what,
		 const char *const *words, size_t count, unsigned int *index);

#endif
