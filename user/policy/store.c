/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/store.h"

#include <edgegate/abi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/policy/address.h"
#include "user/policy/expect.h"

#define LEAST_BUCKETS 64

struct store *store_new(void)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store)
		store->policy.settings = (struct policy_settings){
			.link_control = true,
			.arp = true,
			.neighbor_discovery = true,
			.icmp_errors = true,
			.dhcp = true,
			.fragments_track = true,
			.flows_max = FLOWS_MAX_DEFAULT,
			.timeouts = {
				[TIMEOUT_TCP] = 2 * 3600 + 4 * 60,
				[TIMEOUT_TCP_TRANSITORY] = 4 * 60,
				[TIMEOUT_UDP] = 5 * 60,
				[TIMEOUT_ICMP] = 60,
				[TIMEOUT_OTHER] = 10 * 60,
			},
		};
	return store;
}

/* FNV-1a over the fields that count; struct policy_prefix may have padding. */
static uint64_t hash_prefixes(const struct policy_prefix *list, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ list[i].bits ^ (uint64_t)list[i].family << 8) * 0x100000001b3ull;
		for (size_t j = 0; j < (list[i].family == 4 ? 4 : 16); j++)
			hash = (hash ^ list[i].address[j]) * 0x100000001b3ull;
	}
	return hash;
}

static bool same_prefixes(const struct store_list *kept, const struct policy_prefix *list,
			  size_t count, uint64_t hash)
{
	if (kept->hash != hash || kept->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (address_compare(&kept->list[i], &list[i]))
			return false;
	return true;
}

/* The bucket that has the list, or the free one where it belongs. */
static size_t *find_bucket(struct store *store, const struct policy_prefix *list, size_t count,
			   uint64_t hash)
{
	size_t mask = store->bucket_count - 1;

	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		size_t *bucket = &store->buckets[at];

		if (!*bucket || same_prefixes(&store->lists[*bucket - 1], list, count, hash))
			return bucket;
	}
}

/* At most half of the buckets are in use, so that a search ends soon. */
static int reserve_bucket(struct store *store)
{
	size_t wanted = store->bucket_count ? store->bucket_count * 2 : LEAST_BUCKETS;
	size_t *buckets;

	if (store->list_count < store->bucket_count / 2)
		return 0;
	buckets = calloc(wanted, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	free(store->buckets);
	store->buckets = buckets;
	store->bucket_count = wanted;
	for (size_t i = 0; i < store->list_count; i++) {
		const struct store_list *kept = &store->lists[i];

		*find_bucket(store, kept->list, kept->count, kept->hash) = i + 1;
	}
	return 0;
}

int store_prefixes(struct store *store, struct policy_prefix **list, size_t *count)
{
	autofree struct policy_prefix *sorted = take_pointer(list);
	struct store_list *kept;
	size_t *bucket;
	uint64_t hash;
	size_t length = 0;

	if (*count)
		qsort(sorted, *count, sizeof(*sorted), address_compare);
	for (size_t i = 0; i < *count; i++)
		if (!length || address_compare(&sorted[length - 1], &sorted[i]))
			sorted[length++] = sorted[i];
	if (reserve_bucket(store))
		return -ENOMEM;
	hash = hash_prefixes(sorted, length);
	bucket = find_bucket(store, sorted, length, hash);
	if (!*bucket) {
		kept = array_add(&store->lists, &store->list_count);
		if (!kept)
			return -ENOMEM;
		kept->hash = hash;
		kept->list = take_pointer(&sorted);
		kept->count = length;
		store->prefix_count += length;
		*bucket = store->list_count;
	}
	*list = store->lists[*bucket - 1].list;
	*count = length;
	return 0;
}

static void free_rule(struct policy_rule *rule)
{
	free(rule->name);
	free(rule->ports);
	free(rule->from.text);
	free(rule->to.text);
	free(rule->note);
	free(rule->ports_text);
	free(rule->peers);
	free(rule->peers_text);
}

void policy_free(struct policy *policy)
{
	struct store *store = (struct store *)policy; /* its first member */

	if (!policy)
		return;
	for (size_t i = 0; i < policy->group_count; i++) {
		free(policy->groups[i].name);
		free(policy->groups[i].members.text);
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		free_rule(&policy->rules[i]);
	expect_free(policy);
	for (size_t i = 0; i < policy->source_count; i++)
		source_release(policy->sources[i]);
	for (size_t i = 0; i < store->list_count; i++)
		free(store->lists[i].list);
	free(policy->name);
	free(policy->description);
	free(policy->groups);
	free(policy->rules);
	free(policy->sources);
	free(store->lists);
	free(store->buckets);
	free(store);
}
