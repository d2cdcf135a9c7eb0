// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "user/base/cleanup.h"
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
