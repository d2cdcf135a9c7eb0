// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/apply_interfaces.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/device.h"

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

/* The ports of a bond or team that are not in the gate. */
struct apply_ports {
	const struct common_options *options;
	const struct gate *gate;
	uint32_t master;
	char above[INTERFACE_NAME_SIZE];
	struct text others;
	const char *what;
	struct diags *diags;
	int error; /* said already */
};

/* 1, 0 or a negative errno. */
static int apply_is_guarded(const struct apply_ports *ports, const char *name)
{
	int at;

	for (size_t i = 0; i < ports->options->interface_count; i++)
		if (strcmp(ports->options->interfaces[i].name, name) == 0)
			return 1;
	at = ports->gate->word ? gate_interface(ports->gate, name) : -ENOENT;
	return at >= 0 ? 1 : at == -ENOENT ? 0 : at;
}

static int apply_add_port(const struct device *device, void *data)
{
	struct apply_ports *ports = data;
	int guarded = 1;

	if (device->ifindex == ports->master)
		memcpy(ports->above, device->name, sizeof(ports->above));
	if (device->master == ports->master)
		guarded = apply_is_guarded(ports, device->name);
	if (guarded < 0)
		ports->error = gate_unknown(guarded, device->name, ports->what, ports->diags);
	else if (!guarded)
		text_format(&ports->others, "%s%s", ports->others.length ? ", " : "", device->name);
	return ports->error;
}

static int apply_warn_of_ports(const struct common_options *options, const struct gate *gate,
			       const struct device *device, const char *what, struct diags *diags)
{
	struct apply_ports ports = {
		.options = options,
		.gate = gate,
		.master = device->master,
		.what = what,
		.diags = diags,
	};
	autofree char *others = NULL;

	if (device_each(apply_add_port, &ports) || !ports.others.length) {
		text_free(&ports.others);
		return ports.error;
	}
	others = text_take(&ports.others);
	diag_warning(diags, NULL, what,
		     "%s is a port of %s, and what goes by its other ports is "
		     "not judged: %s",
		     device->name, ports.above, others ? others : "?");
	diag_hint(diags, "guard all ports of %s in one gate, or %s itself", ports.above,
		  ports.above);
	return 0;
}

int apply_interfaces_warn(const struct common_options *options, const struct gate *gate,
			  const char *what, struct diags *diags)
{
	int error = 0;

	for (size_t i = 0; !error && i < options->interface_count; i++) {
		struct device device;

		if (device_read(if_nametoindex(options->interfaces[i].name), &device))
			continue;
		if (strcmp(device.kind, "bridge") == 0) {
			diag_warning(diags, NULL, what,
				     "%s is a bridge: what it forwards between its ports is not "
				     "judged, only what this machine itself sends and receives",
				     device.name);
			diag_hint(diags, "to judge all of it, guard the outer port: bridge link");
		}
		if (strcmp(device.port, "bond") == 0 || strcmp(device.port, "team") == 0)
			error = apply_warn_of_ports(options, gate, &device, what, diags);
	}
	return error;
}
