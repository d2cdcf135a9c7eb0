// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/verb/common.h"
#include "user/verb/common_judge.h"

static void check_policy_free(struct policy **policy)
{
	policy_free(*policy);
}

static size_t check_tuples(const struct image *image, enum direction direction)
{
	size_t count = 0;

	for (size_t i = 0; i < image->tuple_count; i++)
		if (image->tuples[i].key.direction == direction)
			count++;
	return count;
}

static char *check_text(const struct policy *policy, const struct image *image, size_t run)
{
	cleanup(report_gate_free) struct report_gate report = { 0 };
	struct report_style style = common_style();
	autotext struct text text = { 0 };
	autofree char *table = NULL;

	if (common_describe(policy, &report))
		return NULL;
	table = report_port_table(report.rules, report.rule_count, &style);
	if (!table)
		return NULL;
	text_format(&text, "%s%s%s\n\n%s\n", policy->name, policy->description ? ": " : "",
		    policy->description ? policy->description : "", table);
	text_format(&text,
		    "valid: %zu rules; %zu tuples open in, %zu out; %zu addresses and prefixes; "
		    "policy hash %016llx\n",
		    policy->rule_count, check_tuples(image, DIRECTION_IN),
		    check_tuples(image, DIRECTION_OUT), image->prefix4_count + image->prefix6_count,
		    (unsigned long long)image->listing->policy_hash);
	if (run)
		text_format(&text, "%zu expectation%s: as expected\n", run, run == 1 ? "" : "s");
	else if (policy->expectation_count)
		text_format(&text, "%zu expectation%s: not run; that takes root\n",
			    policy->expectation_count, policy->expectation_count == 1 ? "" : "s");
	return text_take(&text);
}

static char *check_json(const struct policy *policy, const struct image *image, size_t run)
{
	cleanup(report_gate_free) struct report_gate report = { 0 };
	struct report_check check = {
		.policy = policy->name,
		.policy_hash = image->listing->policy_hash,
		.tuples = { check_tuples(image, DIRECTION_IN), check_tuples(image, DIRECTION_OUT) },
		.prefixes = image->prefix4_count + image->prefix6_count,
		.expectations = policy->expectation_count,
		.expectations_run = run,
	};

	if (common_describe(policy, &report))
		return NULL;
	check.rules = report.rules;
	check.rule_count = report.rule_count;
	return report_check_json(&check);
}

static int check_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(check_policy_free) struct policy *policy = NULL;
	cleanup(image_free) struct image image = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	const struct image_running fresh = { 0 };
	size_t run = 0;
	int error = common_options_read(&verb_check, argc, argv, "gj", &options, &diags);

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	error = policy_load(options.arguments, options.argument_count, options.groups,
			    options.group_count, &policy, &diags);
	if (!error)
		error = image_compile(policy, &fresh, &image, &diags);
	if (!error)
		error = common_expect(policy, &image, true, "check", &run, &diags);
	if (error)
		return common_end(&diags);
	common_end(&diags);
	return common_print(options.json ? check_json(policy, &image, run) :
					   check_text(policy, &image, run));
}

const struct verb verb_check = {
	.name = "check",
	.summary = "validate a policy and print what it compiles to",
	.help = "Usage: edgegate check [POLICY...] [--group NAME=ADDRESS,...] [--json]\n"
		"\n"
		"POLICY is a file, - for standard input, or a shipped policy's name; several are read\n"
		"as one, in that order, each behind what it includes (`include: [host-basics]`; files\n"
		"relative to the one that names them). Without any it is the built-in default,\n"
		"lync-2013-public-im.\n"
		"Needs no privilege and changes nothing. With privilege (root) the policy's `expect`\n"
		"lines are run on the real program as well. Exit status: 0 valid, 2 not.\n"
		"\n"
		"      --group NAME=ADDRESS,...   the group's members, in place of the policy's\n"
		"      --json                     the summary as JSON\n"
		"  -h, --help                     this page\n",
	.run = check_run,
};
