// SPDX-License-Identifier: GPL-2.0-only
#include "user/base/cleanup.h"
#include "user/verb/common_change.h"

static int resume_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_change_free) struct common_change change = COMMON_CHANGE("resume");
	cleanup(diags_clear) struct diags diags = { 0 };
	struct state before;
	int error = common_change_open(&change, &verb_resume, argc, argv, "i", &diags);

	(void)invocation;
	if (error > 0)
		return error - 1;
	if (error)
		return common_end(&diags);
	change_emergency(&change.gate, EMERGENCY_NONE, NULL, &before);
	if (before.emergency)
		return common_print(common_change_says(&change));
	diag_system(&diags, 0, "resume", "%s is neither blocked nor open", change.interface);
	diag_hint(&diags, "what is in force: edgegate status -i %s", change.interface);
	return common_end(&diags);
}

const struct verb verb_resume = {
	.name = "resume",
	.summary = "end an emergency: back to the policy",
	.help = "Usage: edgegate [--netns NAME] resume -i IFACE\n"
		"\n"
		"Ends what `edgegate block` or `edgegate open` has begun: from one instant on the policy and\n"
		"mode decide again that are in force.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"  -h, --help              this page\n",
	.run = resume_run,
};
