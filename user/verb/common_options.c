// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/duration.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/kernel/attach.h"
#include "user/verb/common.h"

/* All options of all verbs. `letter` also stands in the verbs' lists of what they take. */
static const struct option common_all[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "group", required_argument, NULL, 'g' },
	{ "hooks", required_argument, NULL, 'H' },
	{ "mode", required_argument, NULL, 'm' },
	{ "xdp", required_argument, NULL, 'x' },
	{ "tc", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "watch", no_argument, NULL, 'w' },
	{ "interval", required_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "all", no_argument, NULL, 'a' },
	{ "host", required_argument, NULL, 'o' },
	{ "only", required_argument, NULL, 'O' },
	{ "filter", required_argument, NULL, 'F' },
	{ "write", required_argument, NULL, 'W' },
	{ "diff", required_argument, NULL, 'D' },
	{ "summary", no_argument, NULL, 'S' },
	{ "rule", required_argument, NULL, 'r' },
	{ "address", required_argument, NULL, 'A' },
	{ "port", required_argument, NULL, 'p' },
	{ "protocol", required_argument, NULL, 'P' },
	{ "flush", no_argument, NULL, 'X' },
	{ "dry-run", no_argument, NULL, 'N' },
	{ "capture", required_argument, NULL, 'C' },
	{ "packet", required_argument, NULL, 'K' },
	{ "confirm", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, 'f' },
	{ "no-wait", no_argument, NULL, 'L' },
	{ "keep-session", no_argument, NULL, 'k' },
	{ "replace", no_argument, NULL, 'R' },
	{ "format", required_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* Options of the contract that a later version brings: refused by name, never ignored. */
static const char *const common_later[] = { "from" };

#define COMMON_CONFIRM_MOST (7u * 86400) /* seconds */

static const struct option *common_find(int letter)
{
	for (const struct option *option = common_all; option->name; option++)
		if (option->val == letter)
			return option;
	return NULL;
}

/* An error with what to do. */
static int common_hinted(int error, struct diags *diags, const char *hint)
{
	diag_hint(diags, "%s", hint);
	return error;
}

static int common_interface_read(const char *text, struct common_options *options,
				 struct diags *diags)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	struct common_interface *interface = &options->interfaces[options->interface_count];

	if (options->interface_count == GATE_INTERFACES_MAX)
		return common_hinted(diag_usage(diags, "-i", "a gate has at most %u interfaces",
						GATE_INTERFACES_MAX),
				     diags, "make a second gate for the others");
	if (!strchr(text, '/') && (!length || length >= INTERFACE_NAME_SIZE)) {
		diag_usage(diags, "-i", "'%s' is not an interface's name", text);
		diag_hint(diags, "it has 1 to %u characters: -i eth0, -i vnet0:inside",
			  INTERFACE_NAME_SIZE - 1);
		return -EINVAL;
	}
	*interface = (struct common_interface){ .facing = FACING_OUTSIDE };
	if (strchr(text, '/')) {
		interface->label = text;
		options->interface_count++;
		return 0;
	}
	memcpy(interface->name, text, length);
	if (colon) {
		interface->facing_given = true;
		if (strcmp(colon + 1, "inside") == 0) {
			interface->facing = FACING_INSIDE;
		} else if (strcmp(colon + 1, "outside") != 0) {
			diag_usage(diags, "-i", "'%s' is not a facing", colon + 1);
			diag_hint(diags,
				  "outside (the default: the internet is behind it) or inside "
				  "(the host is)");
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < options->interface_count; i++)
		if (strcmp(options->interfaces[i].name, interface->name) == 0)
			return common_hinted(diag_usage(diags, "-i", "%s is named twice",
							interface->name),
					     diags, "name each interface once");
	options->interface_count++;
	return 0;
}

static int common_group_read(const char *text, struct common_options *options, struct diags *diags)
{
	const char *equals = strchr(text, '=');
	struct policy_group_override *group;
	char *name;

	if (!equals || equals == text || !equals[1]) {
		diag_usage(diags, "--group", "'%s' is not NAME=ADDRESS,...", text);
		diag_hint(diags, "--group access-edge=192.0.2.10,2001:db8::10");
		return -EINVAL;
	}
	group = array_add(&options->groups, &options->group_count);
	name = strndup(text, (size_t)(equals - text));
	if (!group || !name) {
		free(name);
		return diag_system(diags, ENOMEM, "--group", "no memory");
	}
	group->name = name;
	group->members = equals + 1;
	return 0;
}

/* One of several words: its index, or -EINVAL with a diag. */
static int common_word(const char *option, const char *given, const char *const *words,
		       size_t count, struct diags *diags)
{
	char all[80] = "";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(given, words[i]) == 0)
			return (int)i;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " | " : "",
			 words[i]);
	}
	diag_usage(diags, option, "'%s' is none of %s", given, all);
	diag_hint(diags, "%s %s", option, words[0]);
	return -EINVAL;
}

/* What is about captures. */
static int common_capture_value(int letter, const char *value, struct common_options *options,
				struct diags *diags)
{
	static const char *const verdicts[] = { "pass", "drop", "unknown" };
	const char **host;
	int word = 0;

	switch (letter) {
	case 'o':
		host = array_add(&options->hosts, &options->host_count);
		if (!host)
			return diag_system(diags, ENOMEM, "--host", NULL);
		*host = value;
		break;
	case 'O':
		word = common_word("--only", value, verdicts, 3, diags);
		options->only = word >= 0 ? verdicts[word] : NULL;
		break;
	case 'F':
		options->filter = value;
		break;
	case 'W':
		options->write = value;
		break;
	case 'D':
		options->diff = value;
		break;
	case 'C':
		options->capture = value;
		break;
	case 'K':
		if (number_parse(value, UINT64_MAX, &options->packet) || !options->packet) {
			diag_usage(diags, "--packet", "'%s' is no packet's number", value);
			diag_hint(diags, "they are counted from 1: --packet 17");
			return -EINVAL;
		}
		break;
	default:
		break;
	}
	return word < 0 ? word : 0;
}

/* An option with an argument. */
static int common_value(int letter, const char *value, struct common_options *options,
			struct diags *diags)
{
	static const char *const hooks[] = { "both", "xdp" };
	static const char *const modes[] = { "enforce", "monitor" };
	static const char *const xdps[] = { "auto", "native", "generic" };
	static const char *const tcs[] = { "auto", "tcx", "clsact" };
	static const char *const formats[] = { "table", "json", "prometheus", "openmetrics" };
	uint64_t seconds;
	int word = 0;

	switch (letter) {
	case 'i':
		return common_interface_read(value, options, diags);
	case 'g':
		return common_group_read(value, options, diags);
	case 'H':
		word = common_word("--hooks", value, hooks, 2, diags);
		options->hooks = word == 1 ? HOOKS_XDP : HOOKS_BOTH;
		options->hooks_given = true;
		break;
	case 'm':
		word = common_word("--mode", value, modes, 2, diags);
		options->mode = word == 1 ? MODE_MONITOR : MODE_ENFORCE;
		break;
	case 'x':
		word = common_word("--xdp", value, xdps, 3, diags);
		options->xdp = word == 2 ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
		options->xdp_given = word > 0;
		break;
	case 't':
		word = common_word("--tc", value, tcs, 3, diags);
		options->tc = word == 2 ? ATTACH_TC_CLSACT :
			      word == 1 ? ATTACH_TC_TCX :
					  ATTACH_TC_AUTO;
		break;
	case 'q':
		word = common_word("--format", value, formats, 4, diags);
		options->format = word >= 0 ? formats[word] : NULL;
		break;
	case 'r':
		options->rule = value;
		break;
	case 'A':
		options->address = value;
		break;
	case 'p':
		options->port = value;
		break;
	case 'P':
		options->protocol = value;
		break;
	case 'c':
		if (duration_parse(value, COMMON_CONFIRM_MOST, &seconds) || !seconds) {
			diag_usage(diags, "--confirm", "'%s' is not a time", value);
			diag_hint(diags, "1s to 7d: --confirm 60s, --confirm 5m");
			return -EINVAL;
		}
		options->confirm = seconds;
		break;
	case 'n':
		if (number_parse(value, 3600, &seconds) || !seconds) {
			diag_usage(diags, "--interval", "'%s' is not a number of seconds", value);
			diag_hint(diags, "1 to 3600: --interval 2");
			return -EINVAL;
		}
		options->interval = (unsigned int)seconds;
		break;
	default:
		return common_capture_value(letter, value, options, diags);
	}
	return word < 0 ? word : 0;
}

static void common_flag(int letter, struct common_options *options)
{
	if (letter == 'j')
		options->json = true;
	else if (letter == 'w')
		options->watch = true;
	else if (letter == 'y')
		options->yes = true;
	else if (letter == 'a')
		options->all = true;
	else if (letter == 'S')
		options->summary = true;
	else if (letter == 'X')
		options->flush = true;
	else if (letter == 'N')
		options->dry_run = true;
	else if (letter == 'f')
		options->force = true;
	else if (letter == 'L')
		options->no_wait = true;
	else if (letter == 'k')
		options->keep_session = true;
	else if (letter == 'R')
		options->replace = true;
}

/* What getopt did not know: a later version's, a slip of the pen, or another verb's. */
static int common_unknown(const struct verb *verb, const char *word, const char *allowed,
			  struct diags *diags)
{
	struct suggestion suggestion = { 0 };
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	suggestion.word = name + strspn(name, "-");
	for (size_t i = 0; i < sizeof(common_later) / sizeof(*common_later); i++) {
		if (strcmp(common_later[i], suggestion.word) != 0)
			continue;
		diag_usage(diags, verb->name, "'%s' is not in this version of edgegate", name);
		diag_hint(diags, "leave it out; a later version brings it");
		return -EINVAL;
	}
	for (const struct option *option = common_all; option->name; option++)
		if (strchr(allowed, option->val))
			suggestion_offer(&suggestion, option->name);
	diag_usage(diags, verb->name, "it takes no option '%s'", name);
	if (suggestion.name)
		diag_hint(diags, "did you mean --%s? all of them: edgegate %s --help",
			  suggestion.name, verb->name);
	else
		diag_hint(diags, "all that it takes: edgegate %s --help", verb->name);
	return -EINVAL;
}

int common_options_read(const struct verb *verb, int argc, char **argv, const char *allowed,
			struct common_options *options, struct diags *diags)
{
	int letter, error = 0;

	*options = (struct common_options){ .interval = 2 };
	opterr = 0;
	optind = 1;
	while (!error && (letter = getopt_long(argc, argv, ":i:hyj", common_all, NULL)) != -1) {
		const struct option *option = common_find(letter);

		if (letter == 'h') {
			return common_print(strdup(verb->help)) ? 2 : 1;
		}
		if (letter == ':') {
			diag_usage(diags, verb->name, "'%s' needs a value", argv[optind - 1]);
			diag_hint(diags, "see edgegate %s --help", verb->name);
			error = -EINVAL;
		} else if (!option || !strchr(allowed, letter)) {
			error = common_unknown(verb, argv[optind - 1], allowed, diags);
		} else if (option->has_arg == required_argument) {
			error = common_value(letter, optarg, options, diags);
		} else {
			common_flag(letter, options);
		}
	}
	for (size_t i = 0; !error && i < options->interface_count; i++) {
		if (!options->interfaces[i].label || strcmp(verb->name, "detach") == 0)
			continue;
		diag_usage(diags, "-i", "'%s' is not an interface's name",
			   options->interfaces[i].label);
		diag_hint(diags, "for one in another namespace: edgegate --netns NAME %s -i IFACE",
			  verb->name);
		error = -EINVAL;
	}
	options->arguments = (const char *const *)argv + optind;
	options->argument_count = (size_t)(argc - optind);
	return error;
}

void common_options_free(struct common_options *options)
{
	for (size_t i = 0; i < options->group_count; i++)
		free((char *)options->groups[i].name);
	free(options->groups);
	options->groups = NULL;
	options->group_count = 0;
	free(options->hosts);
	options->hosts = NULL;
	options->host_count = 0;
}
