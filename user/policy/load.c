/* SPDX-License-Identifier: GPL-2.0-only */
/* From names to a policy: find the texts, read each, and make one of them. */
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
#include "user/policy/include.h"
#include "user/policy/overlaps.h"
#include "user/policy/rules.h"
#include "user/policy/scope.h"
#include "user/policy/settings.h"

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
		return source_read(NULL, INCLUDE_SIZE_MAX, source, diags);
	if (include_is_path(name))
		return source_read(name, INCLUDE_SIZE_MAX, source, diags);
	builtin = policy_builtin_find(name);
	if (builtin)
		return read_builtin(builtin, source, diags);
	if (!stat(name, &status))
		return source_read(name, INCLUDE_SIZE_MAX, source, diags);
	return unknown_policy(name, diags);
}

/* Who names a text that isn't included. */
static const struct include_by given;

static int read_includes(struct draft *draft, size_t includer, const struct yaml_node *list);

/*
 * A text, behind what it includes. Takes `source` over, whatever the result. Only want of memory ends
 * the reading: -ENOMEM. Calls itself for each include, INCLUDE_DEPTH_MAX deep.
 */
static int read_text(struct draft *draft, struct source *source, const struct include_by *by)
{
	struct document document;
	struct yaml_node *root;
	size_t index;
	int error = include_add(draft, source, by, &index);

	if (error != 1)
		return error;
	if (yaml_parse(source, &root, draft->diags)) {
		draft->failed = true;
		return 0;
	}
	draft->texts[index].root = root;
	if (document_open(draft, root, &document))
		return 0;
	error = read_includes(draft, index, document.values[DOCUMENT_INCLUDE].value);
	if (!error)
		document_read(draft, &document, index == 0);
	return error;
}

static int read_includes(struct draft *draft, size_t includer, const struct yaml_node *list)
{
	if (!list)
		return 0;
	if (include_check(draft, includer, list)) {
		draft->texts_missing = true;
		return 0;
	}
	draft->texts[includer].open = true;
	for (size_t i = 0; i < list->count && !draft->texts_full; i++) {
		const struct include_by by = { .item = list->items[i], .includer = includer };
		struct source *source = NULL;
		int error = include_find(draft, &by, &source);

		if (error && error != -ENOMEM)
			draft->texts_missing = true;
		else if (error || read_text(draft, source, &by))
			return -ENOMEM;
	}
	draft->texts[includer].open = false;
	return 0;
}

/* All texts are in; now what needs all of them. */
static int finish(struct draft *draft, const struct policy_group_override *groups,
		  size_t group_count, struct policy **policy)
{
	struct policy *made = &draft->store->policy;

	/* the names in a text that couldn't be read would all be missed */
	if (draft->texts_missing)
		return -EINVAL;
	for (size_t i = 0; i < draft->text_count; i++)
		if (!draft->texts[i].root)
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
	struct draft draft cleanup(draft_free) = {
		.store = store_new(),
		.diags = diags,
		.no_files = true,
	};
	struct source *source = source_new(name, text, size);

	if (!draft.store || !source) {
		source_release(source);
		return draft_no_memory(&draft);
	}
	return read_text(&draft, source, &given) ?: finish(&draft, NULL, 0, policy);
}

int policy_load(const char *const *names, size_t count, const struct policy_group_override *groups,
		size_t group_count, struct policy **policy, struct diags *diags)
{
	struct draft draft cleanup(draft_free) = { .store = store_new(), .diags = diags };
	const char *const shipped[] = { policy_builtins[0].name };
	bool stdin_read = false;

	if (!draft.store)
		return draft_no_memory(&draft);
	if (!count) {
		names = shipped;
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		struct source *source = NULL;

		if (!strcmp(names[i], "-") && stdin_read) {
			draft.failed = draft.texts_missing = true;
			diag_usage(diags, "-", "standard input can be read only once");
			diag_hint(diags, "give the other policy as a file");
			continue;
		}
		stdin_read |= !strcmp(names[i], "-");
		if (read_source(names[i], &source, diags))
			draft.failed = draft.texts_missing = true;
		else if (read_text(&draft, source, &given))
			return -ENOMEM;
	}
	return finish(&draft, groups, group_count, policy);
}
