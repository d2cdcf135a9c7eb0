// SPDX-License-Identifier: GPL-2.0-only
/* XDP and TCX: both are links. clsact is in clsact.c. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/ahead.h"
#include "user/kernel/attach.h"
#include "user/kernel/clsact.h"
#include "user/kernel/device.h"
#include "user/kernel/netns.h"

/* Kinds of interface that have no native XDP at all, or not everywhere, and what to do. */
static const struct attach_kind {
	const char *kind;
	const char *hint;
} attach_kinds[] = {
	{ "vlan", "a VLAN device has no native XDP: guard the interface that it stands on (all its "
		  "VLANs), or ask for the slower mode: --xdp generic" },
	{ "macvlan",
	  "a macvlan has no native XDP: guard the interface that it stands on, or ask for "
	  "the slower mode: --xdp generic" },
	{ "ipvlan",
	  "an ipvlan has no native XDP: guard the interface that it stands on, or ask for "
	  "the slower mode: --xdp generic" },
	{ "bridge",
	  "a bridge has no native XDP: guard its outer port, by which also what it forwards "
	  "is judged; or for this machine's own traffic alone --xdp generic" },
	{ "bond",
	  "native XDP on a bond needs a mode in which one port is chosen for each packet "
	  "(active-backup, balance-rr, balance-xor, 802.3ad), and ports with native XDP and "
	  "no program of their own; or guard all its ports, in one gate" },
};

static void attach_xdp_hint(const char *name, uint32_t ifindex, int error, struct diags *diags)
{
	struct device device;

	if (error == ERANGE || error == EINVAL) {
		diag_hint(diags,
			  "the MTU may be too large for native XDP on this driver (ip link set "
			  "dev %s mtu 1500), or ask for the slower mode: --xdp generic",
			  name);
		return;
	}
	diag_hint(diags, "the driver may have no native XDP; the slower mode must be asked "
			 "for: --xdp generic");
	if (error != EOPNOTSUPP || device_read(ifindex, &device))
		return;
	for (size_t i = 0; i < sizeof(attach_kinds) / sizeof(*attach_kinds); i++)
		if (strcmp(device.kind, attach_kinds[i].kind) == 0)
			diag_hint(diags, "%s", attach_kinds[i].hint);
}

static void attach_xdp_refused(const struct stamp_interface *interface, int error, const char *what,
			       struct diags *diags)
{
	bool generic = interface->xdp == XDP_MODE_GENERIC;

	diag_system(diags, error, what, "cannot attach XDP to %s in %s mode", interface->name,
		    generic ? "generic" : "native");
	if (generic)
		diag_hint(diags, "see what the kernel says: dmesg | tail");
	else
		attach_xdp_hint(interface->name, interface->ifindex, error, diags);
}

/* Pins a link; a link that can't be pinned must not stay. */
static int attach_pin(int link, const char *directory, const char *kind, unsigned int index,
		      const char *what, struct diags *diags)
{
	char path[PINS_PATH_SIZE];
	int error;

	pins_path(path, directory, "%s%u-link", kind, index);
	error = pins_put(link, path);
	if (!error)
		return 0;
	diag_system(diags, -error, what, "cannot pin %s", path);
	diag_hint(diags, "see that " PINS_BPFFS " can be written");
	return error;
}

static int attach_xdp_link(const struct stamp_interface *interface, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = interface->xdp == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE :
								  XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(program, (int)interface->ifindex, BPF_XDP, &options);

	return link < 0 ? -errno : link;
}

int attach_xdp(const char *directory, unsigned int index, const struct stamp_interface *interface,
	       int program, struct replace *replace, const char *what, struct diags *diags)
{
	autoclose int link = attach_xdp_link(interface, program);

	if (link == -EBUSY || link == -EEXIST) {
		int error = replace_take(replace, interface, what, diags);

		if (error)
			return error;
		/* now there is neither */
		link = attach_xdp_link(interface, program);
	}
	if (link < 0) {
		attach_xdp_refused(interface, -link, what, diags);
		return link;
	}
	replace_say(replace, interface, program, what, diags);
	return attach_pin(link, directory, "xdp", index, what, diags);
}

/* -EOPNOTSUPP: this kernel has no TCX, and nothing was said. */
static int attach_tcx(const char *directory, unsigned int index,
		      const struct stamp_interface *interface, int program, const char *what,
		      struct diags *diags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = ATTACH_TCX_BEFORE);
	autoclose int link =
		bpf_link_create(program, (int)interface->ifindex, ATTACH_TCX_EGRESS, &options);

	if (link < 0) {
		int error = errno;

		if (error == EINVAL)
			return -EOPNOTSUPP;
		diag_system(diags, error, what, "cannot attach tc to %s by TCX", interface->name);
		diag_hint(diags, "try the older way: --tc clsact");
		return -error;
	}
	return attach_pin(link, directory, "tc", index, what, diags);
}

/* Whose filter can't be told must stay pinned: nothing could find it any more. */
static int attach_unknown(const char *path, int error, const char *what, struct diags *diags)
{
	diag_system(diags, -error, what, "cannot read %s", path);
	diag_hint(diags, error == -EPERM ? "run edgegate as root" : "try again");
	return error;
}

/* Takes the filter of the pinned program away, if there is one, and its pin. */
static int attach_undo_clsact(const char *directory, unsigned int index,
			      const struct stamp_interface *interface, enum attach_reach reach,
			      const char *what, struct diags *diags)
{
	char path[PINS_PATH_SIZE];
	uint32_t id;
	int error;

	if (reach == ATTACH_HERE)
		attach_settle(directory, index, interface); /* what fails is tried again below */
	pins_path(path, directory, "tc%u-program", index);
	error = gate_program_id(path, &id);
	if (error)
		return attach_unknown(path, error, what, diags);
	if (!id)
		return 0;
	if (reach == ATTACH_HERE)
		error = clsact_detach(interface->name, interface->ifindex, id,
				      interface->clsact_is_ours, what, diags);
	if (!error)
		unlink(path);
	return error;
}

/*
 * The filter, and the qdisc where there is none: that is claimed before it is made, or nobody would take
 * it away if we were killed in between.
 */
static int attach_clsact(struct gate *gate, unsigned int index, int program, const char *what,
			 struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];
	int error = clsact_is_there(interface->ifindex);
	bool ours = interface->clsact_is_ours;

	if (error < 0) {
		diag_system(diags, -error, what, "cannot see the qdiscs of %s", interface->name);
		diag_hint(diags, "try again, or see: tc qdisc show dev %s", interface->name);
		return error;
	}
	if (!error) {
		interface->clsact_is_ours = 1;
		error = gate_keep_stamp(gate, what, diags);
		if (error)
			return error;
		/* only if it is us who make it */
		ours = false;
	}
	error = clsact_attach(interface->name, interface->ifindex, program, &ours, what, diags);
	interface->clsact_is_ours = ours;
	if (error)
		gate_keep_stamp(gate, what, diags);
	return error;
}

int attach_tc(struct gate *gate, unsigned int index, int program, enum attach_tc how,
	      const char *what, struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];
	const char *directory = gate->directory;
	char path[PINS_PATH_SIZE];
	int error;

	if (how != ATTACH_TC_CLSACT) {
		error = attach_tcx(directory, index, interface, program, what, diags);
		if (!error)
			interface->tc = TC_KIND_TCX;
		if (error != -EOPNOTSUPP)
			return error;
		if (how == ATTACH_TC_TCX) {
			diag_system(diags, 0, what, "this kernel has no TCX (Linux 6.6 or later)");
			diag_hint(diags, "leave --tc out: clsact is then taken");
			return error;
		}
	}
	/* what a killed apply has left must not judge every packet once more */
	error = attach_undo_clsact(directory, index, interface, ATTACH_HERE, what, diags);
	if (error)
		return error;
	/* the program first: without its pin the filter could not be told from others' */
	pins_path(path, directory, "tc%u-program", index);
	error = pins_put(program, path);
	if (error) {
		diag_system(diags, -error, what, "cannot pin %s", path);
		diag_hint(diags, "see that " PINS_BPFFS " can be written");
		return error;
	}
	error = attach_clsact(gate, index, program, what, diags);
	if (error) {
		unlink(path);
		return error;
	}
	interface->tc = TC_KIND_CLSACT;
	return 0;
}

/* Detaches a pinned link at once, whoever else holds it, and takes its pin away. */
static void attach_undo_link(const char *directory, const char *kind, unsigned int index)
{
	char path[PINS_PATH_SIZE];
	autoclose int link = -1;

	pins_path(path, directory, "%s%u-link", kind, index);
	link = bpf_obj_get(path);
	/* the pin first: killed in between, nothing claims to be attached that isn't */
	unlink(path);
	if (link >= 0)
		bpf_link_detach(link);
}

int attach_undo_check(const char *directory, unsigned int index,
		      const struct stamp_interface *interface, enum attach_reach reach,
		      const char *what, struct diags *diags)
{
	char path[PINS_PATH_SIZE];
	uint32_t id;
	int error;

	pins_path(path, directory, "tc%u-program", index);
	error = gate_program_id(path, &id);
	if (error)
		return attach_unknown(path, error, what, diags);
	if (!id || reach != ATTACH_ELSEWHERE)
		return 0;
	diag_system(diags, 0, what,
		    "the tc filter on %s can't be reached: it is in another network namespace; "
		    "nothing was changed",
		    interface->name);
	diag_hint(diags, "from there: edgegate --netns NAME detach -i %s", interface->name);
	return -EXDEV;
}

int attach_undo(const char *directory, unsigned int index, const struct stamp_interface *interface,
		enum attach_reach reach, const char *what, struct diags *diags)
{
	/* where it fails, the folder's pins take the link along */
	ahead_settle(directory, index);
	attach_undo_link(directory, "xdp", index);
	attach_undo_link(directory, "tc", index);
	return attach_undo_clsact(directory, index, interface, reach, what, diags);
}

/* The interface of a stray XDP link is gone for good: and a filter on it too. */
static bool attach_stray_is_gone(const char *directory, unsigned int index)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	char path[PINS_PATH_SIZE];
	autoclose int link = -1;

	pins_path(path, directory, "xdp%u-link", index);
	link = bpf_obj_get(path);
	return link >= 0 && bpf_obj_get_info_by_fd(link, &info, &size) == 0 && !info.xdp.ifindex;
}

/* Takes the filter of the program that is pinned at `path` off whichever interface has it. */
static int attach_undo_stray_filter(const char *path, const char *what, struct diags *diags)
{
	struct if_nameindex *all = if_nameindex();
	uint32_t id;
	int error = gate_program_id(path, &id);

	if (error)
		attach_unknown(path, error, what, diags);
	for (size_t i = 0; !error && id && all && all[i].if_index; i++)
		if (clsact_has(all[i].if_index, id) > 0)
			error = clsact_detach(all[i].if_name, all[i].if_index, id, false, what,
					      diags);
	if (all)
		if_freenameindex(all);
	if (!error)
		unlink(path);
	return error;
}

int attach_undo_stray(const char *directory, unsigned int index, const char *what,
		      struct diags *diags)
{
	char path[PINS_PATH_SIZE];
	int error = 0;

	pins_path(path, directory, "tc%u-program", index);
	if (access(path, F_OK) == 0) {
		const char *label = gate_folder_label(directory);
		const char *name = strrchr(label, '/');

		/* first: what can't be undone whole is left whole */
		if (pins_cookie(directory) != netns_cookie() &&
		    !attach_stray_is_gone(directory, index)) {
			diag_system(diags, 0, what,
				    "the tc filter of %s can't be reached: it is in another "
				    "network namespace",
				    directory);
			diag_hint(diags, "from there: edgegate --netns NAME detach -i %s",
				  name ? name + 1 : label);
			return -EXDEV;
		}
		error = attach_undo_stray_filter(path, what, diags);
		pins_path(path, directory, "tc%u-next", index);
		if (!error)
			error = attach_undo_stray_filter(path, what, diags);
	}
	attach_undo_link(directory, "xdp", index);
	attach_undo_link(directory, "tc", index);
	return error;
}
