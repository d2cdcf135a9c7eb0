// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "user/kernel/attach.h"
#include "user/kernel/upgrade.h"

bool upgrade_is_due(const struct gate *gate)
{
	return gate->stamp.programs != object_hash();
}

void upgrade_sign(struct stamp *stamp)
{
	memset(stamp->version, 0, sizeof(stamp->version));
	snprintf(stamp->version, sizeof(stamp->version), "%s", EDGEGATE_VERSION);
	stamp->programs = object_hash();
}

int upgrade_begin(struct gate *gate, const struct object *object, const char *what,
		  struct diags *diags)
{
	int error;

	gate->stamp.programs = 0;
	memset(gate->stamp.version, 0, sizeof(gate->stamp.version));
	error = gate_keep_stamp(gate, what, diags);
	for (unsigned int i = 0; !error && i < gate->stamp.interface_count; i++) {
		const struct stamp_interface *interface = &gate->stamp.interfaces[i];

		/* as they are attached first: `out` remembers what `in` answers */
		if (gate->stamp.hooks == HOOKS_BOTH)
			error = attach_replace_tc(gate->directory, i, interface,
						  object->tc[gate_tc_direction(interface)], what,
						  diags);
		if (!error)
			error = attach_replace_xdp(gate->directory, i, interface,
						   object->xdp[gate_xdp_direction(interface)], what,
						   diags);
	}
	return error;
}

int upgrade_end(struct gate *gate, const char *what, struct diags *diags)
{
	upgrade_sign(&gate->stamp);
	return gate_keep_stamp(gate, what, diags);
}
