// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "user/base/cleanup.h"
#include "user/verb/common_change.h"

/* There is nothing to confirm: not yet, or no more. */
static int confirm_lost(const struct common_change *change, const struct state *before,
			struct diags *diags)
{
	autofree char *when = common_change_time(before->moment);

	if (before->has_expired)
		diag_system(
			diags, 0, "confirm",
			"too late: the last apply to %s was taken back at %s, when its time was over",
			change->interface, when ? when : "its deadline");
	else if (before->was_rolled_back)
		diag_system(diags, 0, "confirm", "the last apply to %s was taken back at %s",
			    change->interface, when ? when : "some time");
	else
		diag_system(diags, 0, "confirm", "nothing on %s waits for it", change->interface);
	diag_hint(diags, "what is in force: edgegate status -i %s%s", change->interface,
		  before->was_rolled_back ? "; to try again, apply again" : "");
	return -EALREADY;
}

static int confirm_act(struct common_change *change, char **said, struct diags *diags)
{
	struct state before;

	if (change_confirm(&change->gate, &before))
		return confirm_lost(change, &before, diags);
	*said = common_change_says(change);
	return 0;
}

static int confirm_run(int argc, char **argv, const struct invocation *invocation)
{
	(void)invocation;
	return common_change_run(&verb_confirm, argc, argv, "i", confirm_act);
}

const struct verb verb_confirm = {
	.name = "confirm",
	.summary = "keep what apply --confirm has put into force",
	.help = "Usage: edgegate [--netns NAME] confirm -i IFACE\n"
		"\n"
		"Keeps the policy that `apply --confirm` has put into force. If nobody says so in time, the\n"
		"former policy comes back by itself. A confirm that comes too late says so, changes nothing\n"
		"and exits with 1.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"  -h, --help              this page\n",
	.run = confirm_run,
};
