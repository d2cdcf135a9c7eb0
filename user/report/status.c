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

/* What became of it since the last apply, if anything did. */
static void status_place(const struct report_gate *gate, const struct report_interface *interface,
			 const struct report_style *style, struct text *text)
{
	if (interface->place == REPORT_HERE && !interface->is_lost) {
		if (*interface->former_name)
			text_format(text, "  was %s at the last apply", interface->former_name);
		return;
	}
	style_add(text, style, STYLE_YELLOW);
	switch (interface->place) {
	case REPORT_HERE:
		text_add(text, "  has lost what was attached to it: apply again");
		break;
	case REPORT_GONE:
		if (gate->netns_is_lost)
			text_format(text,
				    "  is gone, and its network namespace is not to be found: take "
				    "the gate away with: edgegate detach -i %s",
				    gate->label);
		else
			text_add(text, "  is gone: apply again when it is back");
		break;
	case REPORT_ANEW:
		text_add(text, "  was made anew, or another one has its name: apply again");
		break;
	case REPORT_MOVED:
		text_add(text, "  was moved to another network namespace");
		if (*interface->moved_to)
			text_format(text, ", where it is %s", interface->moved_to);
		break;
	case REPORT_UNSEEN:
		text_add(text, "  is in a network namespace that is not to be found");
		break;
	}
	style_add(text, style, STYLE_PLAIN);
}

static void status_unguarded(const char *hook, const char *why, const struct report_style *style,
			     struct text *text)
{
	style_add(text, style, STYLE_RED);
	text_format(text, "NOT GUARDED: no %s program%s", hook, why);
	style_add(text, style, STYLE_PLAIN);
}

/* A line of its own below a hook's. */
static void status_warn(const char *word, const char *meaning, const struct report_style *style,
			struct text *text)
{
	text_add(text, "\n         ");
	style_add(text, style, STYLE_YELLOW);
	text_add(text, word);
	style_add(text, style, STYLE_PLAIN);
	text_add(text, meaning);
}

static void status_ahead(const struct report_interface *interface, const struct report_style *style,
			 struct text *text)
{
	for (size_t i = 0; i < interface->ahead_count; i++) {
		const struct report_filter *filter = &interface->ahead[i];

		text_add(text, "\n         ");
		style_add(text, style, STYLE_YELLOW);
		text_format(text, "before it: %s", report_tc_kind(filter->hook));
		if (*filter->name)
			text_format(text, " %s", filter->name);
		if (filter->program)
			text_format(text, "  program %" PRIu32, filter->program);
		if (filter->priority)
			text_format(text, "  priority %" PRIu32, filter->priority);
		style_add(text, style, STYLE_PLAIN);
		text_add(text, ": what it accepts is not judged");
	}
	/* of an interface that is elsewhere it is said that nothing can be seen */
	if (!interface->ahead_known && interface->place == REPORT_HERE)
		status_warn("before it: can't be seen", ": what it would accept is not judged",
			    style, text);
	if (interface->tc_twice)
		status_warn("twice",
			    ": two programs of ours judge and count every packet: apply again",
			    style, text);
}

static void status_tc(const struct report_interface *interface, const struct report_style *style,
		      struct text *text)
{
	if (!interface->tc_program) {
		status_unguarded("tc",
				 interface->place == REPORT_MOVED &&
						 interface->tc == TC_KIND_CLSACT ?
					 ", the move took it off" :
					 "",
				 style, text);
		return;
	}
	text_format(text, "tc %s  program %" PRIu32, report_tc_kind(interface->tc),
		    interface->tc_program);
	if (interface->tc_link)
		text_format(text, "  link %" PRIu32, interface->tc_link);
	else if (interface->place == REPORT_UNSEEN)
		text_add(text, ", if it is still there");
	status_ahead(interface, style, text);
}

static void status_interface(const struct report_gate *gate,
			     const struct report_interface *interface,
			     const struct report_style *style, struct text *text)
{
	bool outside = interface->facing == FACING_OUTSIDE;

	text_format(text, "  %s:%s", interface->name, report_facing(interface->facing));
	status_place(gate, interface, style, text);
	text_format(text, "\n    %-3s  ", outside ? "in" : "out");
	if (interface->xdp_link)
		text_format(text, "xdp %s  program %" PRIu32 "  link %" PRIu32,
			    report_xdp_mode(interface->xdp), interface->xdp_program,
			    interface->xdp_link);
	else
		status_unguarded("xdp", "", style, text);
	text_format(text, "\n    %-3s  ", outside ? "out" : "in");
	if (gate->hooks == HOOKS_XDP)
		text_add(text, "judged at the other interface");
	else
		status_tc(interface, style, text);
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
	const char *name = gate->interfaces[0].name, *netns = gate->netns ? gate->netns : "";
	const char *place = gate->netns ? "--netns " : "", *space = gate->netns ? " " : "";
	bool blocked = strcmp(gate->mode, "block") == 0;

	if (strcmp(gate->mode, gate->policy_mode) != 0) {
		style_add(text, style, STYLE_RED);
		text_format(text, "  EMERGENCY: %s%s",
			    blocked ? "blocked, only essentials" : "open, everything passes",
			    !blocked            ? "" :
			    gate->keeps_session ? " and one session pass" :
						  " pass");
		style_add(text, style, STYLE_PLAIN);
		text_format(text, "; ends with: edgegate %s%s%sresume -i %s\n", place, netns, space,
			    name);
	}
	if (gate->confirm_deadline) {
		style_add(text, style, STYLE_YELLOW);
		text_format(text, "  UNCONFIRMED: %" PRIu64 " s left, until ",
			    (gate->confirm_left + 999) / 1000);
		status_moment(text, gate->confirm_deadline);
		style_add(text, style, STYLE_PLAIN);
		text_format(text, ", then %s%s; keep it with: edgegate %s%s%sconfirm -i %s\n",
			    gate->former ? "back to policy " : "everything passes",
			    gate->former ? gate->former : "", place, netns, space, name);
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
		status_interface(gate, &gate->interfaces[i], style, &text);
	return text_take(&text);
}
