// SPDX-License-Identifier: GPL-2.0-only
/* What a gate is: policy, mode, hooks, ids, since when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/report/table.h"

static void status_time(struct text *text, uint64_t moment)
{
	time_t seconds = (time_t)moment;
	char written[40] = "?";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(written, sizeof(written), "%Y-%m-%d %H:%M:%S %Z", &tm);
	text_add(text, written);
}

static void status_interface(const struct report_interface *interface, enum hooks hooks,
			     const struct report_style *style, struct text *text)
{
	bool outside = interface->facing == FACING_OUTSIDE;

	text_format(text, "  %s:%s", interface->name, report_facing(interface->facing));
	if (interface->is_lost) {
		style_add(text, style, STYLE_YELLOW);
		text_add(text, "  is gone, or was made anew: apply again");
		style_add(text, style, STYLE_PLAIN);
	}
	if (interface->xdp_link)
		text_format(text, "\n    %-3s  xdp %s  program %" PRIu32 "  link %" PRIu32,
			    outside ? "in" : "out", report_xdp_mode(interface->xdp),
			    interface->xdp_program, interface->xdp_link);
	else
		text_format(text, "\n    %-3s  NOT GUARDED: no xdp program",
			    outside ? "in" : "out");
	if (hooks == HOOKS_XDP) {
		text_format(text, "\n    %-3s  judged at the other interface",
			    outside ? "out" : "in");
	} else if (interface->tc_program) {
		text_format(text, "\n    %-3s  tc %s  program %" PRIu32, outside ? "out" : "in",
			    report_tc_kind(interface->tc), interface->tc_program);
		if (interface->tc_link)
			text_format(text, "  link %" PRIu32, interface->tc_link);
	} else {
		text_format(text, "\n    %-3s  NOT GUARDED: no tc program", outside ? "out" : "in");
	}
	text_add(text, "\n");
}

/* Moments are in milliseconds. */
static void status_moment(struct text *text, uint64_t moment)
{
	status_time(text, moment / 1000);
}

/* An emergency, a deadline, or that the last apply is no more. */
static void status_state(const struct report_gate *gate, const struct report_style *style,
			 struct text *text)
{
	const char *label = gate->interfaces[0].name;
	bool blocked = strcmp(gate->mode, "block") == 0;

	if (strcmp(gate->mode, gate->policy_mode) != 0) {
		style_add(text, style, STYLE_RED);
		text_format(text, "  EMERGENCY: %s%s", blocked ? "blocked" : "open",
			    blocked ? ", only essentials pass" : ", everything passes");
		style_add(text, style, STYLE_PLAIN);
		text_format(text, "%s; ends with: edgegate resume -i %s\n",
			    gate->keeps_session ? " and one session" : "", label);
	}
	if (gate->confirm_deadline) {
		style_add(text, style, STYLE_YELLOW);
		text_format(text, "  UNCONFIRMED: %" PRIu64 " s left, until ",
			    (gate->confirm_left + 999) / 1000);
		status_moment(text, gate->confirm_deadline);
		style_add(text, style, STYLE_PLAIN);
		text_format(text, ", then %s%s; keep it with: edgegate confirm -i %s\n",
			    gate->former ? "back to policy " : "everything passes",
			    gate->former ? gate->former : "", label);
	}
	if (gate->rolled_back_at) {
		text_format(text, "  rolled back%s%s at ", gate->former ? " from policy " : "",
			    gate->former ? gate->former : "");
		status_moment(text, gate->rolled_back_at);
		text_add(text, gate->has_expired ? ": nobody confirmed it in time\n" :
						   ": by edgegate rollback\n");
	}
}

/* What an apply would set right. */
static void status_faults(const struct report_gate *gate, const struct report_style *style,
			  struct text *text)
{
	if (gate->has_drift) {
		autofree char *parts = report_parts(gate->drifted);

		style_add(text, style, STYLE_RED);
		text_format(text, "  DRIFT: %s", parts ? parts : "?");
		style_add(text, style, STYLE_PLAIN);
		text_add(text, ": not as applied, somebody has written to the maps; apply again to "
			       "repair\n");
	}
	if (gate->has_other_programs) {
		style_add(text, style, STYLE_YELLOW);
		text_format(text, "  programs of %s%s",
			    gate->programs[0] ? "another edgegate, version " : "two edgegates",
			    gate->programs);
		style_add(text, style, STYLE_PLAIN);
		text_add(text, gate->programs[0] ?
				       ": apply again to update\n" :
				       ": an upgrade was killed; apply again to finish it\n");
	}
}

char *report_status(const struct report_gate *gate, const struct report_style *style)
{
	autotext struct text text = { 0 };

	style_add(&text, style, STYLE_BOLD);
	text_add(&text, gate->label);
	style_add(&text, style, STYLE_PLAIN);
	if (gate->policy) {
		text_format(&text, "  policy %s (%016" PRIx64 ")  %s  since ", gate->policy,
			    gate->policy_hash, gate->policy_mode);
		status_time(&text, gate->applied_at);
	} else if (strcmp(gate->policy_mode, "none") == 0) {
		text_add(&text, "  no policy: everything passes");
	} else {
		text_add(&text, "  a policy of which nothing is known");
	}
	text_add(&text, "\n");
	status_state(gate, style, &text);
	status_faults(gate, style, &text);
	for (size_t i = 0; i < gate->interface_count; i++)
		status_interface(&gate->interfaces[i], gate->hooks, style, &text);
	return text_take(&text);
}
