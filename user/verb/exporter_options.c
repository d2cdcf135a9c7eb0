// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/exporter_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/verb/common.h"

#define EXPORTER_INTERVAL_MOST 86400u /* seconds */

static const struct option exporter_all[] = {
	{ "listen", required_argument, NULL, 'l' },
	{ "tls-cert", required_argument, NULL, 'c' },
	{ "tls-key", required_argument, NULL, 'k' },
	{ "auth-basic", required_argument, NULL, 'b' },
	{ "auth-bearer", required_argument, NULL, 't' },
	{ "user", required_argument, NULL, 'u' },
	{ "textfile", required_argument, NULL, 'f' },
	{ "interval", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int exporter_unknown(const char *word, struct diags *diags)
{
	struct suggestion suggestion = { 0 };
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	suggestion.word = name + strspn(name, "-");
	for (const struct option *option = exporter_all; option->name; option++)
		suggestion_offer(&suggestion, option->name);
	diag_usage(diags, "exporter", "it takes no option '%s'", name);
	if (suggestion.name)
		diag_hint(diags, "did you mean --%s? all of them: edgegate exporter --help",
			  suggestion.name);
	else
		diag_hint(diags, "all that it takes: edgegate exporter --help");
	return -EINVAL;
}

static int exporter_auth(enum auth_kind kind, const char *file, struct exporter_options *options,
			 struct diags *diags)
{
	if (options->auth) {
		diag_usage(diags, "exporter", "it takes one --auth-basic or one --auth-bearer");
		diag_hint(diags, "a file may have several lines, for several users or tokens");
		return -EINVAL;
	}
	options->auth = kind;
	options->auth_file = file;
	return 0;
}

static int exporter_value(int letter, const char *value, struct exporter_options *options,
			  struct diags *diags)
{
	uint64_t seconds;

	switch (letter) {
	case 'l':
		options->listen = value;
		if (!listen_parse(value, &options->place))
			return 0;
		diag_usage(diags, "--listen", "'%s' is not ADDRESS:PORT", value);
		diag_hint(diags,
			  "--listen 127.0.0.1:9979, --listen '[::1]:9979'; no names but localhost");
		return -EINVAL;
	case 'c':
		options->certificate = value;
		break;
	case 'k':
		options->key = value;
		break;
	case 'b':
		return exporter_auth(AUTH_BASIC, value, options, diags);
	case 't':
		return exporter_auth(AUTH_BEARER, value, options, diags);
	case 'u':
		options->user = value;
		break;
	case 'f':
		options->textfile = value;
		break;
	case 'n':
		if (!number_parse(value, EXPORTER_INTERVAL_MOST, &seconds) && seconds) {
			options->interval = (unsigned int)seconds;
			return 0;
		}
		diag_usage(diags, "--interval", "'%s' is not a number of seconds", value);
		diag_hint(diags, "1 to %u: --interval 15", EXPORTER_INTERVAL_MOST);
		return -EINVAL;
	default:
		break;
	}
	return 0;
}

/* What only makes sense together. */
static int exporter_check(const struct exporter_options *options, int left, struct diags *diags)
{
	const bool serves = options->listen || options->certificate || options->key ||
			    options->auth || options->user;

	if (left) {
		diag_usage(diags, "exporter", "it takes options alone");
		diag_hint(diags, "edgegate exporter --listen 127.0.0.1:9979");
	} else if (options->textfile && serves) {
		diag_usage(diags, "exporter", "with --textfile it doesn't serve");
		diag_hint(diags, "edgegate exporter --textfile FILE [--interval SECONDS]");
	} else if (options->interval && !options->textfile) {
		diag_usage(diags, "exporter", "--interval is for --textfile");
		diag_hint(diags, "whoever scrapes says how often");
	} else if (!options->certificate != !options->key) {
		diag_usage(diags, "exporter", "TLS needs --tls-cert and --tls-key");
		diag_hint(diags, "--tls-cert edge.crt --tls-key edge.key, both PEM");
	} else {
		return 0;
	}
	return -EINVAL;
}

int exporter_options_read(const struct verb *verb, int argc, char **argv,
			  struct exporter_options *options, struct diags *diags)
{
	int letter, error = 0;

	*options = (struct exporter_options){ 0 };
	opterr = 0;
	optind = 1;
	while (!error && (letter = getopt_long(argc, argv, ":h", exporter_all, NULL)) != -1) {
		if (letter == 'h')
			return common_print(strdup(verb->help)) ? 2 : 1;
		if (letter == ':') {
			error = diag_usage(diags, "exporter", "'%s' needs a value",
					   argv[optind - 1]);
			diag_hint(diags, "see edgegate exporter --help");
		} else if (letter == '?') {
			error = exporter_unknown(argv[optind - 1], diags);
		} else {
			error = exporter_value(letter, optarg, options, diags);
		}
	}
	if (!error)
		error = exporter_check(options, argc - optind, diags);
	if (error)
		return error;
	if (!options->listen) {
		options->listen = LISTEN_DEFAULT;
		(void)listen_parse(LISTEN_DEFAULT, &options->place);
	}
	if (!options->user)
		options->user = "nobody";
	return 0;
}
