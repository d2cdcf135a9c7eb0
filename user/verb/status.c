// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common.h"

/* `unread`: there are gates that could not be read, and it was said. */
static char *status_text(const struct common_gates *gates, bool unread)
{
	struct report_style style = common_style();
	autotext struct text text = { 0 };

	if (!gates->count && !unread)
		text_add(&text, "no gate: nothing is guarded\n");
	for (size_t i = 0; i < gates->count; i++) {
		autofree char *one = report_status(&gates->list[i], &style);

		if (!one)
			return NULL;
		text_format(&text, "%s%s", i ? "\n" : "", one);
	}
	return text_take(&text);
}

static int status_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(common_gates_free) struct common_gates gates = { .looks_for_drift = true };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_status, argc, argv, "ij", &options, &diags);
	int status, printed;

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count || options.interface_count > 1) {
		diag_usage(&diags, "status", "it takes at most one -i and nothing else");
		diag_hint(&diags, "edgegate status -i eth0");
		return common_end(&diags);
	}
	error = common_collect_all(options.interface_count ? options.interfaces[0].name : NULL,
				   "status", &gates, &diags);
	status = common_end(&diags);
	if (error)
		return status;
	printed = common_print(options.json ?
				       report_status_json(gates.list, gates.count, &gates.unread) :
				       status_text(&gates, status != 0));
	return status ? status : printed;
}

const struct verb verb_status = {
	.name = "status",
	.summary = "gates: policy, mode, hooks, program and link ids, since when",
	.help = "Usage: edgegate [--netns NAME] status [-i IFACE] [--json]\n"
		"\n"
		"Shows every gate, also those of other network namespaces, or the one on IFACE: policy,\n"
		"mode and hooks; whether an emergency or a deadline stands; whether what is in force is\n"
		"still what was applied (drift: somebody else has written to the maps, and which), and\n"
		"whether the programs are those of this edgegate. An apply sets both right.\n"
		"\n"
		"  -i, --interface IFACE   only the gate that has this interface\n"
		"      --json              as JSON\n"
		"  -h, --help              this page\n",
	.run = status_run,
};
