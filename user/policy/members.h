/* SPDX-License-Identifier: GPL-2.0-only */
/* An address set that grows: words, prefixes, other sets. */
#ifndef USER_POLICY_MEMBERS_H
#define USER_POLICY_MEMBERS_H

#include "user/base/text.h"
#include "user/policy/draft.h"

/* Zero-initialised is empty. */
struct members {
	bool any;
	struct policy_prefix *list;
	size_t count;
	struct text text; /* the words, as written */
};

void members_free(struct members *members);

#define automembers cleanup(members_free)

void members_add_word(struct members *members, const char *word);
int members_add_prefix(struct members *members, const struct policy_prefix *prefix);
int members_add_set(struct members *members, const struct policy_addresses *set);

/* The set, as policies have it: `text` is the caller's, the list the store's. Empties `members`. */
int members_finish(struct members *members, struct store *store, struct policy_addresses *set);

#endif
