// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/device.h"
#include "user/kernel/gate.h"
#include "user/kernel/holder.h"
#include "user/kernel/netns.h"
#include "user/kernel/replace.h"

/* The gate whose XDP program this is, among all there are. */
struct replace_search {
	uint32_t program;
	uint64_t cookie;
	char hint[PINS_PATH_SIZE + 64];
};

static int replace_is_gate(const char *directory, bool finished, void *data)
{
	struct replace_search *search = data;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags ignored = { 0 };
	int error = finished ? gate_open(directory, "apply", &gate, &ignored) : -ENOENT;

	diags_clear(&ignored);
	for (unsigned int i = 0; !error && i < gate.stamp.interface_count; i++) {
		struct gate_attachment attachment;

		if (gate_read_attachment(&gate, i, &attachment) ||
		    attachment.xdp_program != search->program)
			continue;
		/* the interface was moved here from there, or else apply had found the gate */
		if (*gate.stamp.netns)
			snprintf(search->hint, sizeof(search->hint),
				 "edgegate --netns %s detach -i %s", gate.stamp.netns,
				 gate_name(&gate));
		else if (gate.stamp.netns_cookie <= 1)
			snprintf(search->hint, sizeof(search->hint),
				 "detach it in the first network namespace: -i %s",
				 gate_name(&gate));
		else
			snprintf(search->hint, sizeof(search->hint), "edgegate detach -i %s",
				 gate_folder_label(directory));
		return 1;
	}
	return 0;
}

static int replace_refuse_own(const char *name, const struct holder *holder, const char *what,
			      struct diags *diags)
{
	struct replace_search search = { .program = holder->program };

	diag_system(diags, 0, what, "%s is held by an XDP program of edgegate's own, id %u", name,
		    holder->program);
	if (pins_each(replace_is_gate, &search) == 1)
		diag_hint(diags, "another gate's interface, which was moved here: %s", search.hint);
	else
		diag_hint(diags, "no gate has it any more: bpftool link detach id %u",
			  holder->link);
	return -EBUSY;
}

/* A bond's ports can't have programs where the bond has one. */
static int replace_refuse_above(const struct stamp_interface *interface, const char *what,
				struct diags *diags)
{
	struct device device, above;
	struct holder holder = { 0 };
	autofree char *who = NULL;

	if (device_read(interface->ifindex, &device) == 0 && device.master &&
	    device_read(device.master, &above) == 0)
		holder_find(device.master, &holder);
	if (!holder.program) {
		diag_system(diags, EBUSY, what, "cannot attach XDP to %s", interface->name);
		diag_hint(diags, "see what the kernel says: dmesg | tail");
		return -EBUSY;
	}
	who = holder_text(&holder);
	diag_system(diags, 0, what, "%s is a port of %s, which an XDP program holds: %s",
		    interface->name, above.name, who ? who : "?");
	diag_hint(diags, "guard %s itself, once that program is detached", above.name);
	return -EBUSY;
}

static int replace_refuse_unopened(const char *name, const struct holder *holder, int error,
				   const char *what, struct diags *diags)
{
	diag_system(diags, error, what, "cannot open the XDP program on %s, id %u", name,
		    holder->program);
	diag_hint(diags, "try again; it was left alone");
	return -error;
}

/* Under a unit, CAP_BPF and CAP_NET_ADMIN attach a gate, and don't show who else is there. */
static void replace_hint_unknown(const struct replace *replace, const char *name,
				 const struct holder *holder, struct diags *diags)
{
	if (holder->error != EPERM)
		diag_hint(diags, "try again; it was left alone");
	else if (replace->wanted)
		diag_hint(diags,
			  "--replace takes no place of which that is not known: once, with all of "
			  "root's rights: edgegate apply --replace -i %s; or detach that one first",
			  name);
	else
		diag_hint(diags,
			  "detach that one first by its own tool; who it is says, with all of "
			  "root's rights: edgegate apply --dry-run -i %s",
			  name);
}

static int replace_refuse(const struct replace *replace, const struct stamp_interface *interface,
			  const struct holder *holder, const char *what, struct diags *diags)
{
	struct replace_search search = { .program = holder->program };
	const char *name = interface->name;
	autofree char *who = holder_text(holder);

	/* one whose name we may not ask for is known by the gate that has it */
	if (strncmp(holder->name, "edgegate_", strlen("edgegate_")) == 0 ||
	    (holder->way == HOLDER_UNKNOWN && pins_each(replace_is_gate, &search) == 1))
		return replace_refuse_own(name, holder, what, diags);
	diag_system(diags, 0, what, "another XDP program holds %s: %s", name, who ? who : "?");
	if (holder->way == HOLDER_UNKNOWN)
		replace_hint_unknown(replace, name, holder, diags);
	else if (holder->way == HOLDER_LINK)
		diag_hint(diags,
			  "a link's place can't be taken%s: detach it by its own tool, or bpftool "
			  "link detach id %u",
			  replace->wanted ? ", also not by --replace" : "", holder->link);
	else
		diag_hint(diags,
			  "a gate takes another program's place only if you say --replace; or "
			  "detach that one first (ip link set dev %s xdp off, or its own tool)",
			  name);
	return -EBUSY;
}

int replace_check(const struct replace *replace, const struct stamp_interface *interface,
		  const char *what, struct diags *diags)
{
	autofree char *who = NULL;
	struct holder holder;

	holder_find(interface->ifindex, &holder);
	if (!holder.program)
		return 0;
	if (!replace->wanted || holder.way != HOLDER_NETLINK)
		return replace_refuse(replace, interface, &holder, what, diags);
	if (!replace->looks)
		return 0;
	who = holder_text(&holder);
	diag_warning(diags, NULL, what, "it would take the place of the XDP program on %s: %s",
		     interface->name, who ? who : "?");
	diag_hint(diags, "there would be a moment with neither");
	return 0;
}

int replace_take(struct replace *replace, const struct stamp_interface *interface, const char *what,
		 struct diags *diags)
{
	struct replaced *taken = &replace->list[replace->count];
	LIBBPF_OPTS(bpf_xdp_attach_opts, options);
	struct holder holder;
	autoclose int program = -1;
	int error;

	holder_find(interface->ifindex, &holder);
	if (!holder.program)
		return replace_refuse_above(interface, what, diags);
	if (!replace->wanted || holder.way != HOLDER_NETLINK ||
	    replace->count == GATE_INTERFACES_MAX)
		return replace_refuse(replace, interface, &holder, what, diags);
	program = bpf_prog_get_fd_by_id(holder.program);
	if (program < 0)
		return replace_refuse_unopened(interface->name, &holder, errno, what, diags);
	/* that one and no other: somebody may have been quicker */
	options.old_prog_fd = program;
	error = bpf_xdp_detach((int)interface->ifindex, holder.mode, &options);
	if (error) {
		diag_system(diags, -error, what, "cannot detach the XDP program of %s, id %u",
			    interface->name, holder.program);
		diag_hint(diags, "see who has it: ip -details link show dev %s", interface->name);
		return -EBUSY;
	}
	*taken = (struct replaced){
		.ifindex = interface->ifindex,
		.mode = holder.mode,
		.id = holder.program,
		.program = take_fd(&program),
	};
	memcpy(taken->name, interface->name, sizeof(taken->name));
	replace->count++;
	return 0;
}

void replace_say(struct replace *replace, const struct stamp_interface *interface, int program,
		 const char *what, struct diags *diags)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	for (unsigned int i = 0; i < replace->count; i++) {
		if (replace->list[i].ifindex != interface->ifindex)
			continue;
		if (bpf_obj_get_info_by_fd(program, &info, &size) == 0)
			replace->list[i].ours = info.id;
		diag_warning(diags, NULL, what,
			     "%s: the gate took the place of XDP program %u; for a moment there "
			     "was neither",
			     interface->name, replace->list[i].id);
		diag_hint(
			diags,
			"that program doesn't come back by itself, also not by detach or rollback");
	}
}

void replace_give_back(struct replace *replace, const char *what, struct diags *diags)
{
	for (unsigned int i = 0; i < replace->count; i++) {
		const struct replaced *taken = &replace->list[i];
		int error;

		/* it guards; whose place it took is known already */
		if (holder_has(taken->ifindex, taken->ours) == 1)
			continue;
		error = bpf_xdp_attach((int)taken->ifindex, taken->program,
				       taken->mode | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);

		if (error) {
			diag_system(diags, -error, what, "cannot put XDP program %u back on %s",
				    taken->id, taken->name);
			diag_hint(diags, "start again what attached it");
			continue;
		}
		diag_warning(diags, NULL, what, "XDP program %u is back on %s", taken->id,
			     taken->name);
		diag_hint(diags, "there was a moment without it");
	}
	replace_free(replace);
}

void replace_free(struct replace *replace)
{
	for (unsigned int i = 0; i < replace->count; i++)
		close(replace->list[i].program);
	replace->count = 0;
}
