/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/override.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/policy/address.h"
#include "user/policy/groups.h"
#include "user/policy/members.h"

static int wrong(struct draft *draft, const char *what, const char *why, const char *hint)
{
	draft->failed = true;
	diag_usage(draft->diags, what, "%s", why);
	if (*hint)
		diag_hint(draft->diags, "%s", hint);
	return -EINVAL;
}

/* `words` is cut up. */
static int parse(struct draft *draft, const char *what, char *words, struct policy_addresses *set)
{
	automembers struct members members = { 0 };
	bool several = strchr(words, ',');

	for (char *word; (word = strsep(&words, ","));) {
		struct policy_prefix prefix;
		struct address_fault fault;

		members_add_word(&members, word);
		if (!*word)
			return wrong(draft, what, "an address is missing",
				     "write NAME=ADDRESS,ADDRESS,... or NAME=any");
		if (!strcmp(word, "any") && several)
			return wrong(draft, what, "'any' stands beside other members",
				     "'any' is every address: leave one or the other out");
		if (!strcmp(word, "any")) {
			members.any = true;
			continue;
		}
		if (address_parse(word, &prefix, &fault))
			return wrong(draft, what, fault.why, fault.hint);
		if (members_add_prefix(&members, &prefix))
			return draft_no_memory(draft);
	}
	if (members_finish(&members, draft->store, set))
		return draft_no_memory(draft);
	return 0;
}

static void unknown(struct draft *draft, const char *what, const char *name)
{
	struct suggestion nearest = { .word = name };
	const struct policy *policy = &draft->store->policy;

	groups_suggest(draft, &nearest);
	draft->failed = true;
	diag_usage(draft->diags, what, "the policy has no group '%s'", name);
	if (nearest.name)
		diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
	else if (policy->group_count)
		diag_hint(draft->diags, "it has '%s'%s", policy->groups[0].name,
			  policy->group_count > 1 ? " and others" : "");
	else
		diag_hint(draft->diags, "it has no groups at all");
}

/* Every group of that name, for all texts that have it. */
static int replace(struct draft *draft, const char *name, const struct policy_addresses *set)
{
	struct policy *policy = &draft->store->policy;

	for (size_t i = 0; i < policy->group_count; i++) {
		struct policy_addresses *members = &policy->groups[i].members;
		char *text;

		if (strcmp(policy->groups[i].name, name))
			continue;
		text = strdup(set->text);
		if (!text)
			return draft_no_memory(draft);
		free(members->text);
		*members = *set;
		members->text = text;
	}
	return 0;
}

void override_groups(struct draft *draft, const struct policy_group_override *overrides,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = overrides[i].name;
		autofree char *what = text_print("--group %s=%s", name, overrides[i].members);
		autofree char *words = strdup(overrides[i].members);
		struct policy_addresses set = { 0 };
		bool again = false;

		if (!what || !words) {
			draft_no_memory(draft);
			return;
		}
		for (size_t j = 0; j < i; j++)
			again |= !strcmp(overrides[j].name, name);
		if (again)
			wrong(draft, what, "this group is given twice",
			      "write all members in one, with commas");
		else if (!groups_find(draft, name))
			unknown(draft, what, name);
		else if (!parse(draft, what, words, &set))
			replace(draft, name, &set);
		free(set.text);
	}
}
