/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of image_compile(), each a function of what the ones before it made. */
#ifndef USER_IMAGE_INTERNAL_H
#define USER_IMAGE_INTERNAL_H

#include "user/base/hash.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

/* slots.c: a counter slot for each rule, by its index in the policy. Caller frees *slots. */
int slots_assign(const struct policy *policy, const struct image_running *running, uint16_t **slots,
		 struct diags *diags);

/* Does a rule take every packet of its tuples? */
static inline bool rule_takes_all(const struct policy_rule *rule)
{
	return rule->from.any && rule->to.any && !rule->peer_count;
}

/* Does it ask more of a packet that it takes? */
static inline bool rule_has_extra(const struct policy_rule *rule)
{
	return rule->limit.count || rule->payload != POLICY_PAYLOAD_ANY;
}

/* peers.c: the ports of the other end, into the scopes; limits and payload classes. */
int peers_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		  struct diags *diags);

/* sets.c: numbers the distinct address sets, fills the image's prefixes and scopes. */
int sets_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		 struct diags *diags);

/* tuples.c: ranges to tuples, candidate lists and the flat table. */
int tuples_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		   struct diags *diags);

/* listing_build.c: the block that people are shown. */
int listing_build(const struct policy *policy, const uint16_t *slots,
		  const struct image_running *running, struct image *image, struct diags *diags);

/* All members of an address set. */
static inline uint64_t hash_addresses(uint64_t hash, const struct policy_addresses *addresses)
{
	hash = hash_add(hash, &addresses->any, sizeof(addresses->any));
	for (size_t i = 0; i < addresses->count; i++) {
		const struct policy_prefix *prefix = &addresses->list[i];

		hash = hash_add(hash, &prefix->family, sizeof(prefix->family));
		hash = hash_add(hash, &prefix->bits, sizeof(prefix->bits));
		hash = hash_add(hash, prefix->address, sizeof(prefix->address));
	}
	return hash;
}

#endif
