// SPDX-License-Identifier: GPL-2.0-only
/* What is attached to a gate's interfaces, where they are by now, and what stands before us there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/ahead.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns.h"
#include "user/kernel/runs.h"
#include "user/kernel/whereabouts.h"
#include "user/verb/common.h"

_Static_assert((int)REPORT_GONE == PLACE_GONE && (int)REPORT_ANEW == PLACE_ANEW &&
		       (int)REPORT_MOVED == PLACE_MOVED && (int)REPORT_UNSEEN == PLACE_UNSEEN,
	       "places are the same in the kernel room and in reports");
_Static_assert((int)REPORT_XDP == RUNS_XDP && (int)REPORT_TC == RUNS_TC, "and so are hooks");

static int interfaces_ahead(const struct gate_attachment *attachment,
			    struct report_interface *interface)
{
	cleanup(ahead_free) struct ahead ahead = { 0 };

	if (!attachment->is_here || !attachment->tc_program ||
	    ahead_read(attachment->ifindex, attachment->tc, attachment->tc_program,
		       attachment->tc_head, &ahead))
		return 0;
	for (size_t i = 0; i < ahead.count; i++) {
		struct report_filter *filter =
			array_add(&interface->ahead, &interface->ahead_count);

		if (!filter)
			return -ENOMEM;
		filter->hook = ahead.list[i].hook;
		filter->program = ahead.list[i].program;
		filter->priority = ahead.list[i].priority;
		snprintf(filter->name, sizeof(filter->name), "%s", ahead.list[i].name);
	}
	interface->ahead_known = true;
	return 0;
}

static void interfaces_moved(const struct gate_attachment *attachment,
			     struct report_interface *interface)
{
	struct whereabouts now;

	/* names are whoever's who is root where it is */
	if (attachment->place != PLACE_MOVED || !whereabouts_find(attachment, &now))
		return;
	if (now.is_first)
		snprintf(interface->moved_to, sizeof(interface->moved_to), "%s", now.name);
	else if (*now.netns)
		snprintf(interface->moved_to, sizeof(interface->moved_to), "%s/%s", now.netns,
			 now.name);
	else
		snprintf(interface->moved_to, sizeof(interface->moved_to), "netns-%llu/%s",
			 (unsigned long long)now.cookie, now.name);
	text_clean(interface->moved_to);
}

static bool interfaces_has_run(const struct report_gate *report, uint32_t program)
{
	for (size_t i = 0; i < report->run_count; i++)
		if (report->runs[i].program == program)
			return true;
	return false;
}

/* What one program ran; interfaces share programs, and it counts once. What can't be read is left out: the gate judges. */
static void interfaces_run(const struct gate *gate, unsigned int index, enum runs_hook hook,
			   enum direction direction, uint32_t program, struct report_gate *report)
{
	struct runs runs;

	if (!program || interfaces_has_run(report, program) ||
	    runs_read(gate, index, hook, program, &runs) <= 0)
		return;
	report->runs[report->run_count++] = (struct report_runs){
		.interface = index,
		.hook = (enum report_hook)hook,
		.direction = direction,
		.program = program,
		.count = runs.count,
		.nanoseconds = runs.nanoseconds,
	};
}

static void interfaces_runs(const struct gate *gate, struct report_gate *report)
{
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		const struct stamp_interface *stamp = &gate->stamp.interfaces[i];
		const struct report_interface *interface = &report->interfaces[i];

		interfaces_run(gate, i, RUNS_XDP, gate_xdp_direction(stamp), interface->xdp_program,
			       report);
		interfaces_run(gate, i, RUNS_TC, gate_tc_direction(stamp), interface->tc_program,
			       report);
	}
}

/* Who may not enter namespaces takes the one that has the name now for it. */
static bool interfaces_has_name(const struct stamp *stamp)
{
	char path[sizeof("/run/netns/") + NETNS_NAME_SIZE];

	snprintf(path, sizeof(path), "/run/netns/%s", stamp->netns);
	return *stamp->netns && access(path, F_OK) == 0;
}

int common_collect_interfaces(const struct gate *gate, bool stays, struct report_gate *report)
{
	const bool is_ours = gate->stamp.netns_cookie == netns_cookie();
	cleanup(netns_return) int left = -1;

	/* filters, and names, show only in their own namespace */
	if (!is_ours && !stays)
		left = namespaces_visit(gate->stamp.netns_cookie, gate->stamp.netns);
	report->netns_is_lost = gate->stamp.netns_cookie != netns_cookie();
	if (!is_ours && stays)
		report->netns_is_lost = !interfaces_has_name(&gate->stamp);
	report->interface_count = gate->stamp.interface_count;
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		const struct stamp_interface *stamp = &gate->stamp.interfaces[i];
		struct report_interface *interface = &report->interfaces[i];
		struct gate_attachment attachment;
		int error = gate_read_attachment(gate, i, &attachment);

		if (error)
			return error;
		memcpy(interface->name, attachment.name, sizeof(interface->name));
		if (strcmp(attachment.name, stamp->name) != 0)
			memcpy(interface->former_name, stamp->name, sizeof(stamp->name));
		text_clean(interface->name);
		text_clean(interface->former_name);
		interface->facing = (enum facing)stamp->facing;
		interface->xdp = (enum xdp_mode)stamp->xdp;
		interface->tc = attachment.tc;
		interface->is_lost = attachment.is_lost;
		interface->place = (enum report_place)attachment.place;
		interface->xdp_link = attachment.xdp_link;
		interface->xdp_program = attachment.xdp_program;
		interface->tc_link = attachment.tc_link;
		interface->tc_program = attachment.tc_program;
		interface->tc_twice = attachment.tc_twice;
		if (!stays)
			interfaces_moved(&attachment, interface);
		error = gate->stamp.hooks == HOOKS_BOTH ? interfaces_ahead(&attachment, interface) :
							  0;
		if (error)
			return error;
		/* without a tc program nothing can be before it */
		interface->ahead_known |= gate->stamp.hooks == HOOKS_XDP;
	}
	if (runs_are_counted())
		interfaces_runs(gate, report);
	return 0;
}
