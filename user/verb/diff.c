// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"
#include "user/verb/common.h"
#include "user/verb/common_diff.h"

#define ATTEMPTS 10

static void diff_policy_free(struct policy **policy)
{
	policy_free(*policy);
}

/* What a text compiles to. */
static int diff_compile(const struct common_options *options, const char *const *names,
			size_t count, struct image *image, struct diags *diags)
{
	cleanup(diff_policy_free) struct policy *policy = NULL;
	const struct image_running fresh = { 0 };
	int error =
		policy_load(names, count, options->groups, options->group_count, &policy, diags);

	return error ? error : image_compile(policy, &fresh, image, diags);
}

/* What is in force on an interface. */
static int diff_in_force(const char *interface, struct image *image, struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	int error = common_find_gate(interface, "diff", &gate, diags);

	if (error)
		return error;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		uint64_t word = state_settled(gate.word);

		image_free(image);
		error = readback(&gate, state_unpack(word).live, image);
		if (word == state_settled(gate.word))
			break;
		error = -EAGAIN;
	}
	if (error == -ENOENT) {
		diag_system(diags, 0, "diff", "no policy is in force on %s", interface);
		diag_hint(diags, "put one into force: edgegate apply -i %s", interface);
	} else if (error) {
		diag_system(diags, -error, "diff", "cannot read what is in force on %s", interface);
		diag_hint(diags, "try again, as root");
	}
	return error;
}

static int diff_usage(const struct common_options *options, struct diags *diags)
{
	bool in_force = options->interface_count > 0;

	if (options->interface_count > 1 || (!in_force && options->argument_count != 2)) {
		diag_usage(diags, "diff", "it needs two policies, or one -i and what to compare");
		diag_hint(diags, "edgegate diff old.yaml new.yaml; edgegate diff -i eth0 new.yaml");
		return -EINVAL;
	}
	if (!in_force && strcmp(options->arguments[0], "-") == 0 &&
	    strcmp(options->arguments[1], "-") == 0) {
		diag_usage(diags, "diff", "standard input is one policy, not two");
		diag_hint(diags, "name a file for the other");
		return -EINVAL;
	}
	return 0;
}

static int diff_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(image_free) struct image before = { 0 }, after = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_diff, argc, argv, "igj", &options, &diags);
	autofree char *changes = NULL;

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	error = diff_usage(&options, &diags);
	if (!error && options.interface_count) {
		error = diff_compile(&options, options.arguments, options.argument_count, &after,
				     &diags);
		if (!error)
			error = diff_in_force(options.interfaces[0].name, &before, &diags);
	} else if (!error) {
		error = diff_compile(&options, options.arguments, 1, &before, &diags);
		if (!error)
			error = diff_compile(&options, options.arguments + 1, 1, &after, &diags);
	}
	if (error)
		return common_end(&diags);
	common_end(&diags);
	changes = common_diff(&before, &after, options.json);
	if (!changes || options.json)
		return common_print(take_pointer(&changes));
	return common_print(
		text_print("%s -> %s\n%s", listing_string(before.listing, before.listing->policy),
			   listing_string(after.listing, after.listing->policy), changes));
}

const struct verb verb_diff = {
	.name = "diff",
	.summary = "what changes from one policy to another",
	.help = "Usage: edgegate diff POLICY POLICY [--group NAME=ADDRESS,...] [--json]\n"
		"       edgegate diff -i IFACE [POLICY...] [--group NAME=ADDRESS,...] [--json]\n"
		"\n"
		"Rule by rule what is new (+), gone (-) or not the same (~), with what it said and says;\n"
		"settings; and the tuples (direction, protocol, port) that open and close in all.\n"
		"Changes nothing. With -i the first policy is what is in force there, and the second\n"
		"one what apply would be given.\n"
		"\n"
		"POLICY is a file, - for standard input, or a shipped policy's name. Exit status: 0 they\n"
		"could be compared, the same or not.\n"
		"\n"
		"  -i, --interface IFACE          compare with what is in force on it\n"
		"      --group NAME=ADDRESS,...   the group's members, in place of the policies'\n"
		"      --json                     as JSON (docs/json.md)\n"
		"  -h, --help                     this page\n"
		"\n"
		"  edgegate diff lync-2013-public-im lync-2013-public-im-relay\n"
		"  edgegate diff -i eth0 edge.yaml host-basics\n",
	.run = diff_run,
};
