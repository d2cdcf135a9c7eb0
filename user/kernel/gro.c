// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "user/base/cleanup.h"
#include "user/kernel/device.h"
#include "user/kernel/gro.h"
#include "user/kernel/netns.h"

/* One of ethtool's commands with a value. 0 or a negative errno. */
static int gro_ask(const char *name, uint32_t command, uint32_t *value)
{
	struct ethtool_value asked = { .cmd = command, .data = *value };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = (void *)&asked;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return -errno;
	*value = asked.data;
	return 0;
}

/* 1, 0 or a negative errno. */
static int gro_is_on(const char *name)
{
	uint32_t value = 0;
	int error = gro_ask(name, ETHTOOL_GGRO, &value);

	return error ? error : value != 0;
}

/* What is as it should be isn't touched. */
static int gro_turn(const char *name, bool on)
{
	uint32_t value = on;
	int now = gro_is_on(name);

	if (now < 0)
		return now;
	return now == on ? 0 : gro_ask(name, ETHTOOL_SGRO, &value);
}

static int gro_keep(struct gate *gate, unsigned int index, enum gro gro, const char *what,
		    struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];

	if (interface->gro == gro)
		return 0;
	interface->gro = (uint8_t)gro;
	return gate_keep_stamp(gate, what, diags);
}

bool gro_is_wanted(const struct stamp_interface *interface)
{
	struct device device;

	/* who can't be asked is left alone */
	return interface->xdp == XDP_MODE_NATIVE && device_read(interface->ifindex, &device) == 0 &&
	       strcmp(device.kind, "veth") == 0 && gro_is_on(device.name) == 0;
}

int gro_claim(struct gate *gate, unsigned int index, const char *what, struct diags *diags)
{
	return gro_is_wanted(&gate->stamp.interfaces[index]) ?
		       gro_keep(gate, index, GRO_CLAIMED, what, diags) :
		       0;
}

int gro_settle(struct gate *gate, unsigned int index, const char *what, struct diags *diags)
{
	const struct stamp_interface *interface = &gate->stamp.interfaces[index];
	int error;

	if (interface->gro != GRO_CLAIMED)
		return 0;
	error = gro_turn(interface->name, true);
	if (!error)
		return gro_keep(gate, index, GRO_OURS, what, diags);
	diag_warning(diags, NULL, what, "cannot turn GRO on for %s: %s; TCP through it is slower",
		     interface->name, strerror(-error));
	diag_hint(diags, "by hand: ethtool -K %s gro on", interface->name);
	return gro_keep(gate, index, GRO_LEFT, what, diags);
}

static void gro_say_left(const char *name, const char *why, const char *what, struct diags *diags)
{
	diag_warning(diags, NULL, what, "GRO, which the gate turned on for %s, stays on: %s", name,
		     why);
	diag_hint(diags, "to turn it off where the interface is: ethtool -K %s gro off", name);
}

int gro_give_back(struct gate *gate, unsigned int index, const struct gate_attachment *now,
		  const char *what, struct diags *diags)
{
	int error;

	if (gate->stamp.interfaces[index].gro == GRO_LEFT)
		return 0;
	if (now->is_here) {
		error = gro_turn(now->name, false);
		if (error)
			gro_say_left(now->name, strerror(-error), what, diags);
	} else if (now->place == PLACE_MOVED || now->place == PLACE_UNSEEN) {
		gro_say_left(now->name, "it is in another network namespace", what, diags);
	}
	return gro_keep(gate, index, GRO_LEFT, what, diags);
}

void gro_give_back_stray(const char *directory, const char *what, struct diags *diags)
{
	struct stamp stamp;

	if (gate_stamp(directory, &stamp))
		return;
	for (unsigned int i = 0; i < stamp.interface_count; i++) {
		const struct stamp_interface *interface = &stamp.interfaces[i];
		struct device device;
		int error;

		if (interface->gro == GRO_LEFT)
			continue;
		/* an index is another interface's soon */
		if (stamp.netns_cookie != netns_cookie() ||
		    device_read(interface->ifindex, &device) || strcmp(device.kind, "veth") != 0 ||
		    strcmp(device.name, interface->name) != 0) {
			gro_say_left(interface->name, "it is not here, or not by that name", what,
				     diags);
			continue;
		}
		error = gro_turn(device.name, false);
		if (error)
			gro_say_left(device.name, strerror(-error), what, diags);
	}
}
