/* SPDX-License-Identifier: GPL-2.0-only */
/* From names to a policy: find the texts, read each, and make one of them. */
#include <edgegate/abi.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/suggestion.h"
#include "user/policy/document.h"
#include "user/policy/draft.h"
#include "user/policy/expect.h"
#include "user/policy/groups.h"
#include "user/policy/overlaps.h"
#include "user/policy/rules.h"
#include "user/policy/scope.h"
#include "user/policy/settings.h"

#define TEXT_SIZE_MAX (16u << 20)

static int unknown_policy(const char *name, struct diags *diags)
{
	struct suggestion nearest = { .word = name };

	for (size_t i = 0; i < policy_builtin_count; i++)
		suggestion_offer(&nearest, policy_builtins[i].name);
	diag_policy(diags, NULL, "there is no policy '%s', and no file of this name", name);
	if (nearest.name)
		diag_hint(diags, "did you mean '%s'? `edgegate policies` lists what is shipped",
			  nearest.name);
	else
		diag_hint(diags, "`edgegate policies` lists what is shipped");
	return -EINVAL;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static int read_builtin(const struct policy_builtin *builtin, struct source **source,
			struct diags *diags)
{
	*source = source_new(builtin->name, builtin->text, builtin->size);
	return *source ? 0 : diag_system(diags, ENOMEM, builtin->name, "reading the policy");
}

static int read_source(const char *name, struct source **source, struct diags *diags)
{
	const struct policy_builtin *builtin;
	struct stat status;

	if (!strcmp(name, "-"))
		return source_read(NULL, TEXT_SIZE_MAX, source, diags);
	if (strchr(name, '/') || ends_in(name, ".yaml") || ends_in(name, ".yml"))
		return source_read(name, TEXT_SIZE_MAX, source, diags);
	builtin = policy_builtin_find(name);
	if (builtin)
		return read_builtin(builtin, source, diags);
	if (!stat(name, &status))
		return source_read(name, TEXT_SIZE_MAX, source, diags);
	return unknown_policy(name, diags);
}

/* Takes `source` over, whatever the result. Only want of memory ends the reading: -ENOMEM. */
static int add_source(struct draft *draft, struct source *source)
{
	struct policy *policy = &draft->store->policy;
	struct source **kept = array_add(&policy->sources, &policy->source_count);
	struct yaml_node **root;

	if (!kept) {
		source_release(source);
		return draft_no_memory(draft);
	}
	*kept = source;
	root = array_add(&draft->roots, &draft->root_count);
	if (!root)
		return draft_no_memory(draft);
	if (yaml_parse(source, root, draft->diags))
		draft->failed = true;
	else
		document_read(draft, *root);
	return 0;
}

/* All texts are in; now what needs all of them. */
static int finish(struct draft *draft, const struct policy_group_override *groups,
		  size_t group_count, struct policy **policy)
{
	struct policy *made = &draft->store->policy;

	/* the names in a text that couldn't be read would all be missed */
	for (size_t i = 0; i < draft->root_count; i++)
		if (!draft->roots[i])
			return -EINVAL;
	groups_settle(draft, groups, group_count);
	rules_check_names(draft);
	scope_resolve(draft);
	settings_finish(draft);
	expect_resolve(draft);
	if (draft->failed)
		return -EINVAL;
	scope_warn(draft);
	overlaps_warn(made, draft->diags);
	draft->store = NULL;
	*policy = made;
	return 0;
}

int policy_parse(const char *name, const char *text, size_t size, struct policy **policy,
		 struct diags *diags)
{
	struct draft draft cleanup(draft_free) = { .store = store_new(), .diags = diags };
	struct source *source = source_new(name, text, size);

	if (!draft.store || !source) {
		source_release(source);
		return draft_no_memory(&draft);
	}
	return add_source(&draft, source) ?: finish(&draft, NULL, 0, policy);
}

int policy_load(const char *const *names, size_t count, const struct policy_group_override *groups,
		size_t group_count, struct policy **policy, struct diags *diags)
{
	struct draft draft cleanup(draft_free) = { .store = store_new(), .diags = diags };
	const char *const shipped[] = { policy_builtins[0].name };
	bool missing = false, stdin_read = false;

	if (!draft.store)
		return draft_no_memory(&draft);
	if (!count) {
		names = shipped;
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		struct source *source = NULL;

		if (!strcmp(names[i], "-") && stdin_read) {
			draft.failed = missing = true;
			diag_usage(diags, "-", "standard input can be read only once");
			diag_hint(diags, "give the other policy as a file");
			continue;
		}
		stdin_read |= !strcmp(names[i], "-");
		if (read_source(names[i], &source, diags))
			draft.failed = missing = true;
		else if (add_source(&draft, source))
			return -ENOMEM;
	}
	return missing ? -EINVAL : finish(&draft, groups, group_count, policy);
}
