/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/scope.h"

#include <edgegate/abi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/policy/address.h"
#include "user/policy/groups.h"
#include "user/policy/members.h"
#include "user/policy/protocol.h"

/*
 * The image compiler has the limit for what the kernel takes (PREFIXES_MAX); this one only keeps
 * rules that mix a large group with others from eating the memory.
 */
#define STORED_MAX (10 * PREFIXES_MAX)

static int unknown_group(struct draft *draft, const struct yaml_node *node)
{
	struct suggestion nearest = { .word = node->text };

	/* it may well be the one that is wrong itself, which was said already */
	if (draft->groups_missing)
		return -EINVAL;
	groups_suggest(draft, &nearest);
	draft_error(draft, &node->place, "there is no group '%s'", node->text);
	if (nearest.name)
		diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
	else if (strchr(node->text, '.'))
		diag_hint(draft->diags, "names of hosts are not looked up: write their addresses");
	else
		diag_hint(draft->diags, "groups stand under 'groups'; addresses look like "
					"192.0.2.1, 192.0.2.0/24 or 2001:db8::/32");
	return -EINVAL;
}

/* One word of a list of `count`. */
static int read_word(struct draft *draft, const struct yaml_node *node, const char *what,
		     size_t count, struct members *members)
{
	const struct policy_group *group;
	struct policy_prefix prefix;
	struct address_fault fault;

	if (node->kind == YAML_MAP && node->count && address_is_meant(node->pairs[0].key->text)) {
		draft_error(draft, &node->place, "to YAML this is a key, not an address");
		diag_hint(draft->diags, "quote an address that ends in a colon");
		return -EINVAL;
	}
	if (node->kind != YAML_SCALAR) {
		draft_error(draft, &node->place, "'%s' must be a group or an address, not %s", what,
			    yaml_kind_name(node));
		diag_hint(draft->diags, "for example 'any', 192.0.2.0/24, or a list of such");
		return -EINVAL;
	}
	members_add_word(members, node->text);
	if (!strcmp(node->text, "any")) {
		members->any = true;
		if (count == 1)
			return 0;
		draft_error(draft, &node->place, "'any' stands beside other addresses");
		diag_hint(draft->diags, "'any' is every address: leave one or the other out");
		return -EINVAL;
	}
	if (address_is_meant(node->text)) {
		if (!address_parse(node->text, &prefix, &fault))
			return members_add_prefix(members, &prefix);
		draft_error(draft, &node->place, "%s", fault.why);
		diag_hint(draft->diags, "%s", fault.hint);
		return -EINVAL;
	}
	group = groups_find(draft, node->text);
	if (!group)
		return unknown_group(draft, node);
	if (group->members.any && count > 1)
		diag_warning(draft->diags, &node->place, NULL,
			     "group '%s' is any address, so the rest of the list says nothing",
			     group->name);
	return members_add_set(members, &group->members);
}

/* Rules that say the same share the work: a set that was made from the same words, or NULL. */
static const struct policy_addresses *find_made(const struct policy *policy, size_t rules,
						const char *text)
{
	for (size_t i = 0; i < rules; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->from.text && !strcmp(rule->from.text, text))
			return &rule->from;
		if (rule->to.text && !strcmp(rule->to.text, text))
			return &rule->to;
	}
	return NULL;
}

static int copy_made(struct draft *draft, const struct policy_addresses *made,
		     struct policy_addresses *set)
{
	char *text = strdup(made->text);

	if (!text)
		return draft_no_memory(draft);
	*set = *made;
	set->text = text;
	return 0;
}

static int read_single(struct draft *draft, const struct yaml_node *node, const char *what,
		       struct policy_addresses *set)
{
	const struct policy_group *group = groups_find(draft, node->text);
	automembers struct members members = { 0 };
	int error;

	/* a group alone: its list is there already */
	if (group && group->members.text) {
		struct policy_addresses made = group->members;

		made.text = group->name;
		return copy_made(draft, &made, set);
	}
	error = read_word(draft, node, what, 1, &members);
	if (error == -ENOMEM || (!error && members_finish(&members, draft->store, set)))
		return draft_no_memory(draft);
	return error;
}

static int read_list(struct draft *draft, const struct yaml_node *node, const char *what,
		     size_t rule, struct policy_addresses *set)
{
	automembers struct members members = { 0 };
	const struct policy_addresses *made;
	autotext struct text words = { 0 };
	int error = 0;

	if (!node->count) {
		draft_error(draft, &node->place, "an empty list in '%s'", what);
		diag_hint(draft->diags, "write any, or leave '%s' out", what);
		return -EINVAL;
	}
	for (size_t i = 0; i < node->count; i++) {
		text_add(&words, i ? ", " : "");
		text_add(&words, node->items[i]->text);
	}
	if (words.failed)
		return draft_no_memory(draft);
	made = find_made(&draft->store->policy, rule, words.bytes);
	if (made)
		return copy_made(draft, made, set);
	for (size_t i = 0; i < node->count; i++) {
		int wrong = read_word(draft, node->items[i], what, node->count, &members);

		if (wrong == -ENOMEM)
			return draft_no_memory(draft);
		error = wrong ?: error;
	}
	if (!error && members_finish(&members, draft->store, set))
		return draft_no_memory(draft);
	return error;
}

static void resolve(struct draft *draft, const struct yaml_node *node, const char *what,
		    size_t rule, struct policy_addresses *set)
{
	static const struct policy_addresses any = { .any = true, .text = (char *)"any" };

	if (!node)
		copy_made(draft, &any, set);
	else if (node->kind == YAML_LIST)
		read_list(draft, node, what, rule, set);
	else
		read_single(draft, node, what, set);
}

void scope_resolve(struct draft *draft)
{
	struct policy *policy = &draft->store->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];

		resolve(draft, draft->scopes[i].from, "from", i, &rule->from);
		resolve(draft, draft->scopes[i].to, "to", i, &rule->to);
		if (draft->store->prefix_count <= STORED_MAX)
			continue;
		draft_error(draft, &rule->place,
			    "the address sets up to this rule have more than %u prefixes in all",
			    STORED_MAX);
		diag_hint(draft->diags, "use one group for what several rules have in common");
		return;
	}
}

/* 1: IPv4, 2: IPv6. */
static unsigned int families(const struct policy_addresses *set)
{
	unsigned int found = 0;

	if (set->any)
		return 3;
	/* sorted by family: the ends tell */
	if (set->count && set->list[0].family == 4)
		found |= 1;
	if (set->count && set->list[set->count - 1].family == 6)
		found |= 2;
	return found;
}

void scope_warn(struct draft *draft)
{
	static const char *const names[] = { "no", "IPv4", "IPv6", "all" };
	const struct policy *policy = &draft->store->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		unsigned int carried = protocol_families(rule->protocol);
		unsigned int from = families(&rule->from);
		unsigned int to = families(&rule->to);
		bool is_from = !(from & carried);
		bool is_to = !(to & carried);

		if (from & to & carried)
			continue;
		if (is_from || is_to) {
			const struct draft_scope *scope = &draft->scopes[i];
			const struct yaml_node *node = is_from ? scope->from : scope->to;
			const char *name = protocol_name(rule->protocol);

			diag_warning(draft->diags, &node->place, NULL,
				     "rule '%s' can never match: %s is %s only, and '%s' has %s "
				     "addresses only",
				     rule->name, name ? name : "protocol 51", names[carried],
				     is_from ? "from" : "to", names[is_from ? from : to]);
		} else {
			diag_warning(
				draft->diags, &rule->place, NULL,
				"rule '%s' can never match: 'from' has %s addresses only, 'to' "
				"%s ones",
				rule->name, names[from], names[to]);
		}
	}
}
