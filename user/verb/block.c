// SPDX-License-Identifier: GPL-2.0-only
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common_change.h"

static int block_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_change_free) struct common_change change = COMMON_CHANGE("block");
	cleanup(diags_clear) struct diags diags = { 0 };
	struct state before;
	int error = common_change_open(&change, &verb_block, argc, argv, "i", &diags);

	(void)invocation;
	if (error > 0)
		return error - 1;
	if (error)
		return common_end(&diags);
	if (change_emergency(&change.gate, EMERGENCY_BLOCK, NULL, &before)) {
		diag_system(&diags, 0, "block", "no policy was ever in force on %s",
			    change.interface);
		diag_hint(&diags, "apply one first: edgegate apply -i %s", change.interface);
		return common_end(&diags);
	}
	return common_print(
		text_print("%s: BLOCKED: only essentials pass, until: edgegate resume -i %s\n",
			   change.interface, change.interface));
}

const struct verb verb_block = {
	.name = "block",
	.summary = "in emergency: drop all but essentials, until resume",
	.help = "Usage: edgegate [--netns NAME] block -i IFACE\n"
		"\n"
		"Drops, from one instant on and in both directions, what rules and flows would have let\n"
		"pass (drop reason `blocked`). Essentials (ARP, neighbor discovery, DHCP, ...) stay as the\n"
		"policy has them. No flow begins; live ones go on after `edgegate resume`. It lasts, also\n"
		"over an apply, a deadline and a rollback, until then.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"  -h, --help              this page\n",
	.run = block_run,
};
