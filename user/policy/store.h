/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy owns. Lists of prefixes are kept once, however many groups and rules have them:
 * a thousand rules on a group of 100,000 prefixes share one list.
 */
#ifndef USER_POLICY_STORE_H
#define USER_POLICY_STORE_H

#include "user/policy/policy.h"

struct store_list {
	uint64_t hash;
	struct policy_prefix *list;
	size_t count;
};

struct store {
	struct policy policy; /* first: what the rest of the program sees */
	struct store_list *lists;
	size_t list_count;
	size_t prefix_count; /* of all lists */
	size_t *buckets;     /* hash table of indexes into `lists`, from 1; 0: free */
	size_t bucket_count; /* a power of two */
};

/* An empty policy with the default settings; NULL: no memory. Freed by policy_free(). */
struct store *store_new(void);

/* What a rule owns: its strings and its ports; the address lists are the store's. */
void store_free_rule(struct policy_rule *rule);

/*
 * Sorts a list, drops what stands twice, and gives the one list with these contents, which the
 * store owns. Takes *list over, whatever the result. -ENOMEM.
 */
int store_prefixes(struct store *store, struct policy_prefix **list, size_t *count);

#endif
