// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "user/base/cleanup.h"
#include "user/kernel/adopt.h"
#include "user/kernel/gro.h"
#include "user/kernel/state.h"
#include "user/verb/apply_say.h"
#include "user/verb/common.h"
#include "user/verb/common_change.h"

int apply_say_replaced(const char *names, const struct stamp *stamp, const char *would)
{
	char *said =
		*stamp->version ?
			text_print("%s: programs of edgegate %s %sreplaced by those of this one, "
				   "%s\n",
				   names, stamp->version, would, EDGEGATE_VERSION) :
			text_print("%s: programs, some of them replaced by an apply that was "
				   "killed, %sreplaced by those of edgegate %s\n",
				   names, would, EDGEGATE_VERSION);

	return common_print(said) ? -EIO : 0;
}

void apply_say_state(const struct gate *gate, const char *interface, uint64_t confirm,
		     uint64_t deadline, struct text *text)
{
	const struct state state = state_unpack(state_settled(gate->word));
	autofree char *when = common_change_time(deadline), *shown = text_cleaned(interface);

	if (deadline)
		text_format(
			text,
			"Only until %s, %llu s from now, unless you keep it with: edgegate confirm "
			"-i %s\n",
			when ? when : "then", (unsigned long long)confirm, shown ? shown : "?");
	if (state.emergency)
		text_format(text,
			    "All the same it is %s in emergency, until: edgegate resume -i %s\n",
			    state.emergency & EMERGENCY_BLOCK ? "blocked" : "open",
			    shown ? shown : "?");
}

/* "eth0: GRO is turned on, ..." */
static void apply_add_gro(const struct stamp_interface *interface, const char *is,
			  struct text *text)
{
	autofree char *name = text_cleaned(interface->name);

	text_format(
		text,
		"%s: GRO %s turned on, for TCP behind native XDP on a veth; detach turns it off "
		"again\n",
		name ? name : "?", is);
}

void apply_say_gro(const struct stamp *stamp, const struct stamp *was, struct text *text)
{
	for (unsigned int i = 0; i < stamp->interface_count; i++)
		if (stamp->interfaces[i].gro == GRO_OURS &&
		    (was->interfaces[i].gro != GRO_OURS ||
		     was->interfaces[i].ifindex != stamp->interfaces[i].ifindex))
			apply_add_gro(&stamp->interfaces[i], "is", text);
}

int apply_say_gro_would(const struct make_wish *wish, const struct gate *gate, const char *what)
{
	unsigned int count = gate ? gate->stamp.interface_count : wish->interface_count;
	/* who can't be looked at gets no such line */
	cleanup(diags_clear) struct diags unsaid = { 0 };
	autotext struct text text = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		struct stamp_interface anew;
		const struct stamp_interface *interface = &wish->interfaces[i];

		if (gate && adopt_wants_xdp(gate, i, &anew, what, &unsaid) <= 0)
			continue;
		if (gate)
			interface = &anew;
		if (gro_is_wanted(interface))
			apply_add_gro(interface, "would be", &text);
	}
	return text.length && common_print(text_take(&text)) ? -EIO : 0;
}
