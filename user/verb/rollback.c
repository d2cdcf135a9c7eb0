// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "user/base/cleanup.h"
#include "user/kernel/drift.h"
#include "user/verb/common_change.h"

/* Back to no policy opens the interface: while a deadline stands that is what was asked for. */
static bool rollback_is_meant(const struct common_change *change, struct diags *diags)
{
	const struct state state = state_unpack(state_settled(change->gate.word));

	return state.former != SLOT_NONE || state.live == SLOT_NONE || state.was_rolled_back ||
	       state.is_pending || change->options.yes ||
	       common_ask("rollback", diags,
			  "opens %s to everything, for no policy was there before",
			  change->interface);
}

/* It came back as it stood: not as it was applied, if somebody has written to its maps. */
static void rollback_check_drift(const struct gate *gate, struct diags *diags)
{
	autofree char *names = NULL;
	uint32_t parts = 0;

	if (drift_find(gate, state_settled(gate->word), NULL, &parts) || !parts)
		return;
	names = report_parts(parts);
	diag_warning(
		diags, NULL, "rollback",
		"what came back is not what was applied: somebody has written to its maps (%s)",
		names ? names : "?");
	diag_hint(diags, "to set it right, apply its policy again");
}

static int rollback_act(struct common_change *change, char **said, struct diags *diags)
{
	struct state before;

	if (!rollback_is_meant(change, diags))
		return -ECANCELED;
	if (change_rollback(&change->gate, &before)) {
		diag_system(diags, 0, "rollback", "%s on %s",
			    before.was_rolled_back ? "the last apply was taken back already" :
						     "there is no apply to take back",
			    change->interface);
		diag_hint(diags, "what is in force: edgegate status -i %s", change->interface);
		return -EALREADY;
	}
	rollback_check_drift(&change->gate, diags);
	*said = common_change_says(change);
	return 0;
}

static int rollback_run(int argc, char **argv, const struct invocation *invocation)
{
	(void)invocation;
	return common_change_run(&verb_rollback, argc, argv, "iy", rollback_act);
}

const struct verb verb_rollback = {
	.name = "rollback",
	.summary = "take the last apply back",
	.help = "Usage: edgegate [--netns NAME] rollback -i IFACE [--yes]\n"
		"\n"
		"Puts the policy and mode into force again that were there before the last apply, at once;\n"
		"counters and live flows are kept. Before the first apply there was none: then everything\n"
		"passes, so it asks first where no deadline stands. It goes back once: what was taken back\n"
		"comes again by apply.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"  -y, --yes               don't ask; needed where nobody can be asked\n"
		"  -h, --help              this page\n",
	.run = rollback_run,
};
