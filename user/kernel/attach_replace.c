// SPDX-License-Identifier: GPL-2.0-only
/* Another program in the place of one that is attached. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/attach.h"
#include "user/kernel/clsact.h"

/* `kind`: "xdp" or "tc", a pinned link's. */
static int replace_link(const char *directory, const char *kind, unsigned int index,
			const struct stamp_interface *interface, int program, const char *what,
			struct diags *diags)
{
	char path[PINS_PATH_SIZE];
	autoclose int link = -1;
	int error;

	pins_path(path, directory, "%s%u-link", kind, index);
	link = bpf_obj_get(path);
	if (link < 0) {
		error = errno;
		if (error == ENOENT)
			return 0;
		diag_system(diags, error, what, "cannot open %s", path);
		diag_hint(diags, "try again; the former program goes on");
		return -error;
	}
	if (bpf_link_update(link, program, NULL) == 0)
		return 0;
	error = errno;
	if (error == ENOLINK) /* its interface is gone */
		return 0;
	diag_system(diags, error, what, "cannot replace the %s program on %s", kind,
		    interface->name);
	diag_hint(diags, "the former one goes on; try again, or see what the kernel says: "
			 "dmesg | tail");
	return -error;
}

int attach_replace_xdp(const char *directory, unsigned int index,
		       const struct stamp_interface *interface, int program, const char *what,
		       struct diags *diags)
{
	return replace_link(directory, "xdp", index, interface, program, what, diags);
}

/*
 * The filter is known by its program, and that by its pin. So the next one is pinned beside it first, and
 * takes its name when it is in the filter: whenever this is killed, one of both is the filter's.
 */
static int replace_clsact(const char *directory, unsigned int index,
			  const struct stamp_interface *interface, int program, const char *what,
			  struct diags *diags)
{
	char path[PINS_PATH_SIZE], next[PINS_PATH_SIZE];
	uint32_t id;
	int error;

	pins_path(path, directory, "tc%u-program", index);
	pins_path(next, directory, "tc%u-next", index);
	error = gate_program_id(path, &id);
	if (!error && !id)
		return 0;
	if (error) {
		diag_system(diags, -error, what, "cannot read %s", path);
		diag_hint(diags, "try again; the former program goes on");
		return error;
	}
	error = pins_put(program, next);
	if (error) {
		diag_system(diags, -error, what, "cannot pin %s", next);
		diag_hint(diags, "see that " PINS_BPFFS " can be written");
		return error;
	}
	error = clsact_replace(interface->name, interface->ifindex, id, program, what, diags);
	if (error) {
		unlink(next);
		return error == -ENOENT ? 0 : error;
	}
	if (rename(next, path))
		return diag_system(diags, errno, what, "cannot rename %s", next);
	return 0;
}

int attach_replace_tc(const char *directory, unsigned int index,
		      const struct stamp_interface *interface, int program, const char *what,
		      struct diags *diags)
{
	int error = replace_link(directory, "tc", index, interface, program, what, diags);

	return error ? error : replace_clsact(directory, index, interface, program, what, diags);
}

int attach_settle(const char *directory, unsigned int index,
		  const struct stamp_interface *interface)
{
	char path[PINS_PATH_SIZE], next[PINS_PATH_SIZE];
	uint32_t id;
	int error;

	pins_path(path, directory, "tc%u-program", index);
	pins_path(next, directory, "tc%u-next", index);
	error = gate_program_id(next, &id);
	if (!error && id) {
		int has = clsact_has(interface->ifindex, id);

		if (has < 0 || (has > 0 ? rename(next, path) : unlink(next)))
			error = has < 0 ? has : -errno;
	}
	if (!error)
		error = gate_program_id(path, &id);
	return error || !id ? error : clsact_settle(interface->ifindex, id);
}
