// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "user/verb/common_change.h"

static int resume_act(struct common_change *change, char **said, struct diags *diags)
{
	struct state before;

	change_emergency(&change->gate, EMERGENCY_NONE, NULL, &before);
	if (!before.emergency) {
		diag_system(diags, 0, "resume", "%s is neither blocked nor open",
			    change->interface);
		diag_hint(diags, "what is in force: edgegate status -i %s", change->interface);
		return -EALREADY;
	}
	*said = common_change_says(change);
	return 0;
}

static int resume_run(int argc, char **argv, const struct invocation *invocation)
{
	(void)invocation;
	return common_change_run(&verb_resume, argc, argv, "i", resume_act);
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
