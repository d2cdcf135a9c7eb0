// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/verb/common.h"

static char *policies_list(void)
{
	autotext struct text text = { 0 };

	for (size_t i = 0; i < policy_builtin_count; i++) {
		const char *names[] = { policy_builtins[i].name };
		struct diags diags = { 0 };
		struct policy *policy = NULL;

		if (policy_load(names, 1, NULL, 0, &policy, &diags) == 0)
			text_format(&text, "%-28s %s%s\n", policy->name,
				    policy->description ? policy->description : "",
				    i == 0 ? " (the default)" : "");
		policy_free(policy);
		diags_clear(&diags);
	}
	return text_take(&text);
}

static char *policies_json(void)
{
	autofree struct report_text *policies = calloc(policy_builtin_count, sizeof(*policies));

	for (size_t i = 0; policies && i < policy_builtin_count; i++)
		policies[i] = (struct report_text){ policy_builtins[i].name,
						    policy_builtins[i].text,
						    policy_builtins[i].size };
	return policies ? report_policies_json(policies, policy_builtin_count) : NULL;
}

static int policies_print(const char *name, struct diags *diags)
{
	const struct policy_builtin *builtin = policy_builtin_find(name);
	struct suggestion suggestion = { .word = name };

	if (builtin)
		return common_print(strndup(builtin->text, builtin->size));
	for (size_t i = 0; i < policy_builtin_count; i++)
		suggestion_offer(&suggestion, policy_builtins[i].name);
	diag_usage(diags, "policies", "no policy '%s' is shipped", name);
	if (suggestion.name)
		diag_hint(diags, "did you mean '%s'?", suggestion.name);
	else
		diag_hint(diags, "list them: edgegate policies");
	return common_end(diags);
}

static int policies_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_policies, argc, argv, "j", &options, &diags);

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count > 1 || (options.argument_count && options.json)) {
		diag_usage(&diags, "policies", "it takes one name, or --json, or nothing");
		diag_hint(&diags, "edgegate policies lync-2013-public-im");
		return common_end(&diags);
	}
	if (options.argument_count)
		return policies_print(options.arguments[0], &diags);
	return common_print(options.json ? policies_json() : policies_list());
}

const struct verb verb_policies = {
	.name = "policies",
	.summary = "list the shipped policies, or print one",
	.help = "Usage: edgegate policies [NAME] [--json]\n"
		"\n"
		"Lists the policies that are compiled into the program. With NAME prints that one, as\n"
		"a file to start from:\n"
		"\n"
		"  edgegate policies lync-2013-public-im > /etc/edgegate/eth0.yaml\n"
		"\n"
		"      --json   all of them with their texts, as JSON\n"
		"  -h, --help   this page\n",
	.run = policies_run,
};
