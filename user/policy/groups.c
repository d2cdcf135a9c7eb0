/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/policy/address.h"
#include "user/policy/members.h"
#include "user/policy/override.h"
#include "user/policy/value.h"
#include "user/policy/yaml_keys.h"

static int read_name(struct draft *draft, const struct yaml_node *key, char **name)
{
	if (!strcmp(key->text, "any")) {
		draft_error(draft, &key->place, "a group can't be named 'any'");
		diag_hint(draft->diags, "'any' means every address; choose another name");
		return -EINVAL;
	}
	if (address_is_meant(key->text)) {
		draft_error(draft, &key->place, "a group can't be named like an address: '%s'",
			    key->text);
		diag_hint(draft->diags, "put a letter into its name");
		return -EINVAL;
	}
	return value_name(draft, key, "a group", name);
}

static int read_member(struct draft *draft, const struct yaml_node *item, size_t item_count,
		       struct members *members)
{
	struct policy_prefix prefix;
	struct address_fault fault;

	if (item->kind == YAML_MAP && item->count && address_is_meant(item->pairs[0].key->text)) {
		draft_error(draft, &item->place, "to YAML this is a key, not an address");
		diag_hint(draft->diags, "quote an address that ends in a colon");
		return -EINVAL;
	}
	if (item->kind != YAML_SCALAR) {
		draft_error(draft, &item->place, "a group's member must be an address, not %s",
			    yaml_kind_name(item));
		diag_hint(draft->diags, "for example [192.0.2.10, 2001:db8::/32]");
		return -EINVAL;
	}
	if (!strcmp(item->text, "any")) {
		if (item_count == 1) {
			members->any = true;
			return 0;
		}
		draft_error(draft, &item->place, "'any' stands beside other members");
		diag_hint(draft->diags, "'any' is every address: leave one or the other out");
		return -EINVAL;
	}
	if (!address_is_meant(item->text)) {
		draft_error(draft, &item->place, "a group's member must be an address, not '%s'",
			    item->text);
		diag_hint(draft->diags, "groups hold addresses, prefixes or 'any', no names and "
					"no other groups");
		return -EINVAL;
	}
	if (address_parse(item->text, &prefix, &fault)) {
		draft_error(draft, &item->place, "%s", fault.why);
		diag_hint(draft->diags, "%s", fault.hint);
		return -EINVAL;
	}
	return members_add_prefix(members, &prefix);
}

static int read_members(struct draft *draft, const struct yaml_node *key,
			const struct yaml_node *node, struct policy_addresses *set)
{
	automembers struct members members = { 0 };
	int error = 0;

	if (node->kind == YAML_EMPTY || (node->kind == YAML_LIST && !node->count)) {
		draft_error(draft, &key->place, "group '%s' is empty", key->text);
		diag_hint(draft->diags, "give it addresses, or [any]");
		return -EINVAL;
	}
	if (node->kind != YAML_LIST) {
		draft_error(draft, &node->place, "a group must be a list, not %s",
			    yaml_kind_name(node));
		diag_hint(draft->diags, "write [%s]",
			  node->kind == YAML_SCALAR ? node->text : "192.0.2.10, 2001:db8::/32");
		return -EINVAL;
	}
	for (size_t i = 0; i < node->count; i++) {
		int wrong = read_member(draft, node->items[i], node->count, &members);

		if (wrong == -ENOMEM)
			return draft_no_memory(draft);
		if (wrong)
			error = wrong;
		else
			members_add_word(&members, node->items[i]->text);
	}
	if (!error && members_finish(&members, draft->store, set))
		return draft_no_memory(draft);
	return error;
}

void groups_read(struct draft *draft, const struct yaml_node *node)
{
	struct policy *policy = &draft->store->policy;

	if (node->kind != YAML_MAP) {
		draft_error(draft, &node->place,
			    "'groups' must be a map from names to lists, not %s",
			    yaml_kind_name(node));
		diag_hint(draft->diags, "for example 'edge: [192.0.2.10]'");
		draft->groups_missing = true;
		return;
	}
	if (yaml_keys_check(node, draft->diags))
		draft->failed = true;
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->pairs[i].key;
		struct policy_addresses set = { 0 };
		autofree char *name = NULL;
		struct policy_group *group;

		/* a group whose members are wrong is there nevertheless: rules may name it */
		if (yaml_keys_merges(key) || read_name(draft, key, &name)) {
			draft->groups_missing = true;
			continue;
		}
		read_members(draft, key, node->pairs[i].value, &set);
		group = array_add(&policy->groups, &policy->group_count);
		if (!group) {
			free(set.text);
			draft_no_memory(draft);
			return;
		}
		group->place = key->place;
		group->name = take_pointer(&name);
		group->members = set;
	}
}

/* By name, and among equals in the order of the texts. */
static int compare(const void *left, const void *right)
{
	const struct policy_group *a = *(const struct policy_group *const *)left;
	const struct policy_group *b = *(const struct policy_group *const *)right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a > b) - (a < b);
}

static bool same_set(const struct policy_addresses *a, const struct policy_addresses *b)
{
	return a->any == b->any && a->list == b->list; /* the store has one list of its kind */
}

static int make_index(struct draft *draft)
{
	const struct policy *policy = &draft->store->policy;

	free(draft->by_name);
	draft->by_name = calloc(policy->group_count + 1, sizeof(*draft->by_name));
	if (!draft->by_name)
		return draft_no_memory(draft);
	for (size_t i = 0; i < policy->group_count; i++)
		draft->by_name[i] = &policy->groups[i];
	qsort(draft->by_name, policy->group_count, sizeof(*draft->by_name), compare);
	return 0;
}

/* Of groups with one name the first stays; its name is taken from the others. */
static void drop_repeated(struct draft *draft)
{
	struct policy *policy = &draft->store->policy;
	size_t kept = 0;

	for (size_t i = 1, first = 0; i < policy->group_count; i++) {
		const struct policy_group *group = draft->by_name[i];
		const struct policy_group *before = draft->by_name[first];
		struct policy_group *extra = &policy->groups[group - policy->groups];

		if (strcmp(before->name, group->name)) {
			first = i;
			continue;
		}
		if (before->place.source != group->place.source &&
		    !same_set(&before->members, &group->members)) {
			draft_error(draft, &group->place,
				    "group '%s' has other members at " PLACE_FORMAT, group->name,
				    PLACE_ARGUMENTS(&before->place));
			diag_hint(draft->diags,
				  "make them the same, rename one, or say --group %s=...",
				  group->name);
		}
		free(extra->members.text);
		extra->members.text = NULL;
		free(extra->name);
		extra->name = NULL;
	}
	for (size_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i].name)
			policy->groups[kept++] = policy->groups[i];
	policy->group_count = kept;
}

void groups_settle(struct draft *draft, const struct policy_group_override *overrides, size_t count)
{
	if (make_index(draft))
		return;
	override_groups(draft, overrides, count);
	drop_repeated(draft);
	make_index(draft);
}

const struct policy_group *groups_find(const struct draft *draft, const char *name)
{
	size_t low = 0, high = draft->store->policy.group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, draft->by_name[middle]->name);

		if (!order)
			return draft->by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void groups_suggest(const struct draft *draft, struct suggestion *nearest)
{
	/* nobody would see it, and thousands of words against thousands of names take their time */
	if (draft->diags->count == DIAGS_KEPT)
		return;
	for (size_t i = 0; i < draft->store->policy.group_count; i++)
		suggestion_offer(nearest, draft->store->policy.groups[i].name);
}
