// SPDX-License-Identifier: GPL-2.0-only
/* What is attached to a gate's interfaces, as the kernel says. */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/clsact.h"
#include "user/kernel/gate.h"
#include "user/kernel/netns.h"
#include "user/kernel/whereabouts.h"

int gate_link_program(const char *path, uint32_t *id, uint32_t *ifindex, uint32_t *program)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	autoclose int fd = bpf_obj_get(path);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	/* the index stands first for TCX as well; a link whose interface is gone has 0 */
	if (!info.xdp.ifindex)
		return 0;
	*ifindex = info.xdp.ifindex;
	*id = info.id;
	*program = info.prog_id;
	return 0;
}

int gate_program_id(const char *path, uint32_t *id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	autoclose int fd = bpf_obj_get(path);

	*id = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*id = info.id;
	return 0;
}

/*
 * clsact: the pinned program's filter, which only its own namespace shows. A move takes it off. `filter`:
 * the program's id; 0: none is pinned.
 */
static int gate_read_clsact(uint32_t filter, struct gate_attachment *attachment)
{
	int has = attachment->place == PLACE_UNSEEN;

	if (!filter)
		return 0;
	attachment->tc = TC_KIND_CLSACT;
	if (attachment->is_here)
		has = clsact_has(attachment->ifindex, filter);
	attachment->tc_twice = has > 1;
	if (has > 0)
		attachment->tc_program = filter;
	return has < 0 ? has : 0;
}

/* What ahead_overtake() pins for a moment, and leaves where it is killed. */
static int gate_read_head(const struct gate *gate, unsigned int interface,
			  struct gate_attachment *attachment)
{
	uint32_t link = 0, ifindex = 0;
	char path[PINS_PATH_SIZE];
	int error;

	pins_path(path, gate->directory, "tc%u-link-head", interface);
	error = gate_link_program(path, &link, &ifindex, &attachment->tc_head);
	attachment->tc_twice = attachment->tc_head && attachment->tc_program;
	return error;
}

int gate_read_links(const struct gate *gate, unsigned int interface,
		    struct gate_attachment *attachment)
{
	char path[PINS_PATH_SIZE];
	int error;

	pins_path(path, gate->directory, "tc%u-link", interface);
	error = gate_link_program(path, &attachment->tc_link, &attachment->ifindex,
				  &attachment->tc_program);
	pins_path(path, gate->directory, "xdp%u-link", interface);
	return error ? error :
		       gate_link_program(path, &attachment->xdp_link, &attachment->ifindex,
					 &attachment->xdp_program);
}

int gate_read_attachment(const struct gate *gate, unsigned int interface,
			 struct gate_attachment *attachment)
{
	/* of one that was being replaced either program may be the filter's */
	static const char *const names[] = { "program", "next" };
	const struct stamp_interface *stamp = &gate->stamp.interfaces[interface];
	char path[PINS_PATH_SIZE];
	int error;

	*attachment = (struct gate_attachment){ .tc = (enum tc_kind)stamp->tc };
	memcpy(attachment->name, stamp->name, sizeof(attachment->name));
	error = gate_read_links(gate, interface, attachment);
	if (attachment->tc_program)
		attachment->tc = TC_KIND_TCX;
	if (!error)
		error = gate_read_head(gate, interface, attachment);
	for (size_t i = 0; !error && i < sizeof(names) / sizeof(*names); i++) {
		bool is_tcx = attachment->tc_link;
		uint32_t filter;

		pins_path(path, gate->directory, "tc%u-%s", interface, names[i]);
		error = gate_program_id(path, &filter);
		if (error || (i > 0 && (attachment->tc_program || !filter)))
			break;
		error = whereabouts_read(gate, interface, filter, attachment);
		if (!error && !is_tcx)
			error = gate_read_clsact(filter, attachment);
	}
	if (error)
		return error;
	attachment->is_lost = !attachment->xdp_program ||
			      (gate->stamp.hooks == HOOKS_BOTH && !attachment->tc_program);
	return 0;
}

int gate_interface(const struct gate *gate, const char *name)
{
	uint32_t ifindex = if_nametoindex(name);
	uint64_t cookie = netns_cookie();

	if (!cookie)
		return -EIO;
	if (cookie != gate->stamp.netns_cookie)
		return -ENOENT;
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		struct gate_attachment now;
		int error = gate_read_attachment(gate, i, &now);

		if (error)
			return error == -ENOENT ? -EIO : error;
		/* by name only where it is not here: else it has another name now */
		if (now.is_here ? now.ifindex == ifindex :
				  strcmp(gate->stamp.interfaces[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}
