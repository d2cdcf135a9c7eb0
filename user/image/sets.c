// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address sets. Rules that name the same addresses share a set; a prefix stands in the tries once for
 * each set that holds it, under the set's number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/image/internal.h"

#define SETS_DISTINCT_MAX 2000u /* spec section 1 */
_Static_assert(SETS_DISTINCT_MAX < SETS_MAX, "each has a shape");

/* A distinct set; its number is its index + 1. */
struct set {
	const struct policy_addresses *addresses;
	uint64_t hash;
};

struct sets {
	struct set *list;
	size_t count;
	size_t prefixes; /* in all */
};

static bool sets_equal(const struct policy_addresses *a, const struct policy_addresses *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].family != b->list[i].family || a->list[i].bits != b->list[i].bits ||
		    memcmp(a->list[i].address, b->list[i].address, sizeof(a->list[i].address)) != 0)
			return false;
	return true;
}

/* The number of a rule's set, a new one if need be; SET_ANY for any. Negative errno on failure. */
static int sets_number(struct sets *sets, const struct policy_rule *rule,
		       const struct policy_addresses *addresses, struct diags *diags)
{
	uint64_t hash;
	struct set *set;

	if (addresses->any)
		return SET_ANY;
	hash = hash_addresses(HASH_START, addresses);
	for (size_t i = 0; i < sets->count; i++)
		if (sets->list[i].hash == hash && sets_equal(sets->list[i].addresses, addresses))
			return (int)i + 1;
	if (sets->count == SETS_DISTINCT_MAX) {
		diag_policy(diags, &rule->place, "more than %u distinct address sets",
			    SETS_DISTINCT_MAX);
		diag_hint(diags,
			  "let rules share groups, or merge rules that differ in addresses only");
		return -EINVAL;
	}
	if (sets->prefixes + addresses->count > PREFIXES_MAX) {
		diag_policy(diags, &rule->place, "more than %u addresses and prefixes in all",
			    PREFIXES_MAX);
		diag_hint(diags, "merge neighbouring prefixes into shorter ones");
		return -EINVAL;
	}
	set = array_add(&sets->list, &sets->count);
	if (!set)
		return diag_system(diags, ENOMEM, "compile the policy",
				   "its addresses need memory");
	*set = (struct set){ addresses, hash };
	sets->prefixes += addresses->count;
	return (int)sets->count;
}

/* A single address need not be looked up in a trie. */
static void sets_add_shape(struct set_shape *shape, const struct policy_prefix *prefix)
{
	__u8 *size = prefix->family == 4 ? &shape->size4 : &shape->size6;
	void *address = prefix->family == 4 ? (void *)&shape->address4 : shape->address6;
	bool is_one = *size == SET_NONE && prefix->bits == (prefix->family == 4 ? 32 : 128);

	*size = is_one ? SET_ONE : SET_MORE;
	memset(address, 0, prefix->family == 4 ? 4 : 16);
	if (is_one)
		memcpy(address, prefix->address, prefix->family == 4 ? 4 : 16);
}

static int sets_emit(const struct sets *sets, struct image *image, struct diags *diags)
{
	image->prefixes4 = calloc(sets->prefixes + 1, sizeof(*image->prefixes4));
	image->prefixes6 = calloc(sets->prefixes + 1, sizeof(*image->prefixes6));
	if (!image->prefixes4 || !image->prefixes6)
		return diag_system(diags, ENOMEM, "compile the policy",
				   "its addresses need memory");
	for (size_t i = 0; i < sets->count; i++) {
		const struct policy_addresses *addresses = sets->list[i].addresses;

		for (size_t n = 0; n < addresses->count; n++) {
			const struct policy_prefix *prefix = &addresses->list[n];
			struct prefix4 *four = &image->prefixes4[image->prefix4_count];
			struct prefix6 *six = &image->prefixes6[image->prefix6_count];

			sets_add_shape(&image->generation->shapes[i + 1], prefix);
			if (prefix->family == 4) {
				four->length = PREFIX_SET_BITS + prefix->bits;
				four->set = (uint32_t)i + 1;
				memcpy(&four->address, prefix->address, sizeof(four->address));
				image->prefix4_count++;
			} else {
				six->length = PREFIX_SET_BITS + prefix->bits;
				six->set = (uint32_t)i + 1;
				memcpy(six->address, prefix->address, sizeof(six->address));
				image->prefix6_count++;
			}
		}
	}
	return 0;
}

static void sets_free(struct sets *sets)
{
	free(sets->list);
}

int sets_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		 struct diags *diags)
{
	cleanup(sets_free) struct sets sets = { 0 };

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct rule_scope *scope = &image->generation->scopes[slots[i]];
		int from, to;

		from = sets_number(&sets, rule, &rule->from, diags);
		if (from < 0)
			return from;
		to = sets_number(&sets, rule, &rule->to, diags);
		if (to < 0)
			return to;
		scope->order = (uint16_t)i;
		scope->from = (uint16_t)from;
		scope->to = (uint16_t)to;
	}
	return sets_emit(&sets, image, diags);
}
