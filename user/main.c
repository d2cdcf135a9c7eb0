// SPDX-License-Identifier: GPL-2.0-only
/* The verb table, help, exit statuses. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/suggestion.h"
#include "user/kernel/netns.h"
#include "user/kernel/object.h"
#include "user/verb/common.h"
#include "user/verb/verb.h"

static const struct verb *const verbs[] = {
	&verb_check,   &verb_apply,  &verb_confirm,  &verb_rollback, &verb_block, &verb_open,
	&verb_resume,  &verb_detach, &verb_status,   &verb_stats,    &verb_flows, &verb_diff,
	&verb_explain, &verb_replay, &verb_exporter, &verb_policies,
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void main_help(void)
{
	printf("edgegate %s: default-deny port enforcement for internet-edge servers\n"
	       "\n"
	       "Usage: edgegate [--netns NAME] VERB ...\n"
	       "\n",
	       EDGEGATE_VERSION);
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	printf("\n"
	       "      --netns NAME   find the interface in this network namespace (as ip -n does)\n"
	       "  -h, --help         this page; edgegate VERB --help: that verb's\n"
	       "      --version      edgegate's version and libbpf's\n"
	       "\n"
	       "Exit status: 0 done, 1 failed, 2 wrong usage or a wrong or missing policy.\n");
}

/* Verbs of the contract that a later version brings. */
static const char *const main_later[] = {
	"suggest",
	"watch",
	"doctor",
};

static int main_unknown(const char *word)
{
	struct suggestion suggestion = { .word = word };
	struct diags diags = { 0 };

	for (size_t i = 0; i < sizeof(main_later) / sizeof(*main_later); i++) {
		if (strcmp(main_later[i], word) != 0)
			continue;
		diag_usage(&diags, "usage", "'%s' is not in this version of edgegate", word);
		diag_hint(&diags, "a later version brings it; what there is: edgegate --help");
		return common_end(&diags);
	}

	for (size_t i = 0; i < VERBS; i++)
		suggestion_offer(&suggestion, verbs[i]->name);
	diag_usage(&diags, "usage", "there is no verb '%s'", word);
	if (suggestion.name)
		diag_hint(&diags, "did you mean '%s'?", suggestion.name);
	else
		diag_hint(&diags, "all of them: edgegate --help");
	return common_end(&diags);
}

/* The options in front of the verb. Returns its index in argv; 0: all is said, *status is set. */
static int main_options(int argc, char **argv, struct invocation *invocation, int *status)
{
	struct diags diags = { 0 };
	int at = 1;

	*status = 0;
	for (; at < argc && argv[at][0] == '-'; at++) {
		const char *word = argv[at];

		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			main_help();
			return 0;
		}
		if (strcmp(word, "--version") == 0) {
			printf("edgegate %s (libbpf %s)\n", EDGEGATE_VERSION,
			       object_libbpf_version());
			return 0;
		}
		if (strncmp(word, "--netns=", 8) == 0) {
			invocation->netns = word + 8;
		} else if (strcmp(word, "--netns") == 0 && at + 1 < argc) {
			invocation->netns = argv[++at];
		} else {
			diag_usage(&diags, "usage",
				   strcmp(word, "--netns") == 0 ?
					   "'%s' needs the name of a namespace" :
					   "'%s' is no option in front of a verb",
				   word);
			diag_hint(&diags, "see edgegate --help");
			*status = common_end(&diags);
			return 0;
		}
	}
	if (at == argc) {
		diag_usage(&diags, "usage", "it needs a verb");
		diag_hint(&diags, "see edgegate --help");
		*status = common_end(&diags);
		return 0;
	}
	return at;
}

/*
 * A shell can close what a program reads and writes by itself (>&-): the next file that is opened, a
 * BPF map or the capture that is written, would take its number, and what was meant for a person would
 * go into it. What stands there instead can't be used that way: errors say so.
 */
static void main_hold_closed_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* the lowest number that is free is this one */
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(1);
}

int main(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	struct diags diags = { 0 };
	int status, at;

	main_hold_closed_files();
	at = main_options(argc, argv, &invocation, &status);
	if (!at)
		return status;
	common_print_place(invocation.netns);
	if (invocation.netns && netns_enter(invocation.netns, &diags))
		return common_end(&diags);
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i]->name, argv[at]) == 0)
			return verbs[i]->run(argc - at, argv + at, &invocation);
	return main_unknown(argv[at]);
}
