// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/apply_interfaces.h"

#include <errno.h>

int apply_interfaces_find(const struct common_options *options,
			  struct interface interfaces[GATE_INTERFACES_MAX], const char *what,
			  struct diags *diags)
{
	for (size_t i = 0; i < options->interface_count; i++) {
		const char *name = options->interfaces[i].name;
		int error = interface_find(what, name, &interfaces[i], diags);

		if (error)
			return error;
		if (!interfaces[i].is_ethernet) {
			diag_system(diags, 0, what, "%s is no Ethernet interface", name);
			diag_hint(diags,
				  "a gate stands on Ethernet: the interface below the tunnel, or "
				  "the bridge's ports");
			return -EINVAL;
		}
		if (!interfaces[i].is_up) {
			diag_warning(diags, NULL, what, "%s is down; it is guarded all the same",
				     name);
			diag_hint(diags, "when it should carry traffic: ip link set %s up", name);
		}
	}
	return 0;
}
