// SPDX-License-Identifier: GPL-2.0-only
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common_change.h"

static int open_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_change_free) struct common_change change = COMMON_CHANGE("open");
	cleanup(diags_clear) struct diags diags = { 0 };
	struct state before;
	int error = common_change_open(&change, &verb_open, argc, argv, "i", &diags);

	(void)invocation;
	if (error > 0)
		return error - 1;
	if (error)
		return common_end(&diags);
	change_emergency(&change.gate, EMERGENCY_OPEN, NULL, &before);
	return common_print(text_print(
		"%s: OPEN: everything passes and is counted, until: edgegate resume -i %s\n",
		change.interface, change.interface));
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
