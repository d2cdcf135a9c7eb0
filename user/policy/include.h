/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which texts a policy is made of: what an `include` names, and that each text is read once. Whoever
 * reads the texts, one after the other, is user/policy/load.c.
 */
#ifndef USER_POLICY_INCLUDE_H
#define USER_POLICY_INCLUDE_H

#include "user/policy/draft.h"

/* Of one text. More than people write; what is deeper or more is a mistake in the making. */
#define INCLUDE_DEPTH_MAX 16          /* files, each included by the one before */
#define INCLUDE_TEXTS_MAX 256         /* of one policy, those that were given included */
#define INCLUDE_SIZE_MAX (16ul << 20) /* bytes, of one text and of all together */

/* Who names a text: an item of texts[includer]'s list; no item: it was given to the command. */
struct include_by {
	const struct yaml_node *item;
	size_t includer;
};

/* Is `name` always a file's, never a shipped policy's? */
bool include_is_path(const char *name);

/*
 * What stands under texts[includer]'s `include`: is it a list, and may it lead on? Errors go to the
 * draft: -EINVAL.
 */
int include_check(struct draft *draft, size_t includer, const struct yaml_node *list);

/* Finds what an item names and reads it; *source is the caller's. Errors go to the draft: -EINVAL. */
int include_find(struct draft *draft, const struct include_by *by, struct source **source);

/*
 * Takes a text into the draft, and `source` over, whatever the result. 1: it is new, texts[*index], and
 * is to be read; 0: it is there already, or is one too many or closes a circle, which is said; -ENOMEM.
 */
int include_add(struct draft *draft, struct source *source, const struct include_by *by,
		size_t *index);

#endif
