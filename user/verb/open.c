// SPDX-License-Identifier: GPL-2.0-only
#include "user/base/text.h"
#include "user/verb/common_change.h"

static int open_act(struct common_change *change, char **said, struct diags *diags)
{
	struct state before;

	(void)diags;
	change_emergency(&change->gate, EMERGENCY_OPEN, NULL, &before);
	*said = text_print(
		"%s: OPEN: everything passes and is counted, until: edgegate resume -i %s\n",
		change->interface, change->interface);
	return 0;
}

static int open_run(int argc, char **argv, const struct invocation *invocation)
{
	(void)invocation;
	return common_change_run(&verb_open, argc, argv, "i", open_act);
}

const struct verb verb_open = {
	.name = "open",
	.summary = "in emergency: let everything pass and count it, until resume",
	.help = "Usage: edgegate [--netns NAME] open -i IFACE\n"
		"\n"
		"Lets everything pass, from one instant on and in both directions. It is judged and counted\n"
		"as ever, so that `edgegate stats` shows what the policy would drop. It lasts, also over an\n"
		"apply, a deadline and a rollback, until `edgegate resume`.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"  -h, --help              this page\n",
	.run = open_run,
};
