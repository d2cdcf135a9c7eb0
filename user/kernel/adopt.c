// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/kernel/adopt.h"
#include "user/kernel/attach.h"
#include "user/kernel/make.h"
#include "user/kernel/state.h"

/* It is in another namespace with what is attached to it, and another one may have its name here. */
static int adopt_moved(const struct stamp_interface *interface, const char *what,
		       struct diags *diags)
{
	if (if_nametoindex(interface->name)) {
		diag_system(diags, 0, what,
			    "the %s of the gate was moved to another network namespace; the one "
			    "that is here now is another",
			    interface->name);
		diag_hint(diags,
			  "take the gate away, which opens the one that was moved too: "
			  "edgegate detach -i %s; then apply",
			  interface->name);
		return -EXDEV;
	}
	diag_warning(diags, NULL, what,
		     "%s was moved to another network namespace; the rest of the gate goes on",
		     interface->name);
	diag_hint(diags, "where it is, and what is still judged there: edgegate status");
	return 0;
}

/*
 * A gate's folder goes by the name of its first interface: it leaves the old one to whoever has that by now.
 * Where the new one is taken it stays, which does no harm: nothing is found by the folder's name alone.
 */
static void adopt_folder(struct gate *gate)
{
	char place[PINS_PATH_SIZE];

	pins_gate(place, gate->stamp.netns_cookie, gate->stamp.interfaces[0].name);
	if (strcmp(place, gate->directory) != 0 && access(place, F_OK) &&
	    rename(gate->directory, place) == 0)
		memcpy(gate->directory, place, sizeof(gate->directory));
}

/* It is here: under another name or index, or without what was attached to it. */
static int adopt_found(struct gate *gate, unsigned int index, const struct gate_attachment *now,
		       const char *what, struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];
	int error;

	/* of a first apply that was killed nothing was in force yet */
	if (now->is_lost && state_unpack(state_settled(gate->word)).live != SLOT_NONE) {
		bool xdp = !now->xdp_program,
		     tc = gate->stamp.hooks == HOOKS_BOTH && !now->tc_program;
		bool in = gate_xdp_direction(interface) == DIRECTION_IN ? xdp : tc;

		diag_warning(diags, NULL, what, "%s had lost its %s; until now %s not guarded",
			     now->name,
			     xdp && tc ? "programs" :
			     xdp       ? "XDP program" :
					 "tc program",
			     xdp && tc ? "it was" :
			     in        ? "`in` was" :
					 "`out` was");
		diag_hint(diags, "somebody took it off, or the interface was moved to another "
				 "network namespace and back");
	}
	if (strcmp(interface->name, now->name) == 0 && interface->ifindex == now->ifindex)
		return 0;
	memcpy(interface->name, now->name, sizeof(interface->name));
	interface->ifindex = now->ifindex;
	error = gate_keep_stamp(gate, what, diags);
	if (!error && index == 0)
		adopt_folder(gate);
	return error;
}

int adopt_interface(struct gate *gate, unsigned int index, const char *what, struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];
	struct gate_attachment now;
	int error = make_look(gate, index, &now, what, diags);

	if (error)
		return error;
	if (now.is_here)
		return adopt_found(gate, index, &now, what, diags);
	if (now.place == PLACE_MOVED)
		return adopt_moved(interface, what, diags);
	if (now.place != PLACE_ANEW) {
		diag_warning(diags, NULL, what, "%s is gone; the rest of the gate goes on",
			     interface->name);
		diag_hint(diags, "apply again when it is back, before it carries traffic");
		return 0;
	}
	error = attach_undo(gate->directory, index, interface, ATTACH_GONE, what, diags);
	if (error)
		return error;
	interface->ifindex = if_nametoindex(interface->name);
	interface->clsact_is_ours = 0;
	interface->gro = GRO_LEFT;
	error = gate_keep_stamp(gate, what, diags);
	if (error)
		return error;
	diag_warning(diags, NULL, what,
		     "%s was made anew since the last apply; until now it was open",
		     interface->name);
	diag_hint(diags, "apply whenever the interface is made, before it carries traffic");
	return 0;
}

int adopt_wants_xdp(const struct gate *gate, unsigned int index, struct stamp_interface *interface,
		    const char *what, struct diags *diags)
{
	struct gate_attachment now;
	int error = make_look(gate, index, &now, what, diags);

	if (error)
		return error;
	*interface = gate->stamp.interfaces[index];
	if (now.is_here)
		memcpy(interface->name, now.name, sizeof(interface->name));
	interface->ifindex = now.place == PLACE_ANEW ? if_nametoindex(interface->name) :
						       now.ifindex;
	return (now.is_here || now.place == PLACE_ANEW) && !now.xdp_program;
}

int adopt_check(const struct gate *gate, const struct replace *replace, const char *what,
		struct diags *diags)
{
	int error = 0;

	for (unsigned int i = 0; error >= 0 && i < gate->stamp.interface_count; i++) {
		struct stamp_interface interface;

		error = adopt_wants_xdp(gate, i, &interface, what, diags);
		if (error > 0)
			error = replace_check(replace, &interface, what, diags);
	}
	return error < 0 ? error : 0;
}
