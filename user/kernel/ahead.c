// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/ahead.h"
#include "user/kernel/attach.h"
#include "user/kernel/clsact.h"

#define AHEAD_TCX_MOST 64u /* programs at a hook: BPF_MPROG_MAX, Linux kernel/bpf/mprog.c */

void ahead_free(struct ahead *ahead)
{
	free(ahead->list);
	*ahead = (struct ahead){ 0 };
}

static void ahead_name(struct ahead_filter *filter)
{
	autoclose int fd = bpf_prog_get_fd_by_id(filter->program);
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && *info.name)
		snprintf(filter->name, sizeof(filter->name), "%s", info.name);
}

int ahead_add(struct ahead *ahead, enum tc_kind hook, uint32_t program, uint32_t priority,
	      const char *name)
{
	struct ahead_filter *filter = array_add(&ahead->list, &ahead->count);

	if (!filter)
		return -ENOMEM;
	filter->hook = hook;
	filter->program = program;
	filter->priority = priority;
	snprintf(filter->name, sizeof(filter->name), "%s", name ? name : "");
	if (program)
		ahead_name(filter);
	/* whoever made the filter chose its name */
	text_clean(filter->name);
	return 0;
}

/* The programs at the hook, in order. -EINVAL: this kernel has no TCX. */
static int ahead_query(uint32_t ifindex, uint32_t ids[AHEAD_TCX_MOST], uint32_t *count)
{
	LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = ids, .prog_cnt = AHEAD_TCX_MOST);

	*count = 0;
	/* the index stands where other hooks have a descriptor */
	if (bpf_prog_query_opts((int)ifindex, ATTACH_TCX_EGRESS, &query))
		return errno == EINVAL ? 0 : -errno;
	*count = query.prog_cnt;
	return 0;
}

int ahead_has(uint32_t ifindex, uint32_t program)
{
	uint32_t ids[AHEAD_TCX_MOST], count;
	int error = ahead_query(ifindex, ids, &count);

	if (error)
		return error;
	for (uint32_t i = 0; i < count; i++)
		if (ids[i] == program)
			return 1;
	return 0;
}

int ahead_read(uint32_t ifindex, enum tc_kind kind, uint32_t program, uint32_t head,
	       struct ahead *ahead)
{
	uint32_t ids[AHEAD_TCX_MOST], count;
	int error = ahead_query(ifindex, ids, &count);

	*ahead = (struct ahead){ 0 };
	for (uint32_t i = 0; !error && i < count; i++) {
		if (kind == TC_KIND_TCX && (ids[i] == program || ids[i] == head))
			return 0;
		error = ahead_add(ahead, TC_KIND_TCX, ids[i], 0, NULL);
	}
	if (!error && kind == TC_KIND_CLSACT)
		error = clsact_ahead(ifindex, program, ahead);
	if (error)
		ahead_free(ahead);
	return error;
}

bool ahead_is_any(const struct stamp_interface *interface, uint32_t program)
{
	cleanup(ahead_free) struct ahead ahead = { 0 };

	return ahead_read(interface->ifindex, (enum tc_kind)interface->tc, program, 0, &ahead) ||
	       ahead.count;
}

char *ahead_text(const struct ahead *ahead)
{
	autotext struct text text = { 0 };

	for (size_t i = 0; i < ahead->count; i++) {
		const struct ahead_filter *filter = &ahead->list[i];

		text_format(&text, "%s%s%s%s (", i ? ", " : "",
			    filter->hook == TC_KIND_TCX ? "tcx" : "clsact",
			    *filter->name ? " " : "", filter->name);
		if (filter->program)
			text_format(&text, "program %u", filter->program);
		if (filter->priority)
			text_format(&text, "%spriority %u", filter->program ? ", " : "",
				    filter->priority);
		text_add(&text, ")");
	}
	return text_take(&text);
}

/* The link of another instance before all, then away with the old one: in between both judge. */
static int ahead_overtake_tcx(const char *directory, unsigned int index, uint32_t ifindex,
			      int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = ATTACH_TCX_BEFORE);
	autoclose int link = bpf_link_create(program, (int)ifindex, ATTACH_TCX_EGRESS, &options);
	char path[PINS_PATH_SIZE];
	int error;

	if (link < 0) /* it is full: what stands there is said */
		return errno == ERANGE ? 0 : -errno;
	/* killed before it is pinned, it goes; killed after, ahead_settle() finishes */
	pins_path(path, directory, "tc%u-link-head", index);
	error = pins_put(link, path);
	return error ? error : ahead_settle(directory, index);
}

int ahead_settle(const char *directory, unsigned int index)
{
	char head[PINS_PATH_SIZE], path[PINS_PATH_SIZE];
	autoclose int former = -1;

	pins_path(head, directory, "tc%u-link-head", index);
	if (access(head, F_OK))
		return errno == ENOENT ? 0 : -errno;
	pins_path(path, directory, "tc%u-link", index);
	former = bpf_obj_get(path);
	/* at every moment one of the two names is a link that is attached */
	if (rename(head, path))
		return -errno;
	/* one whose interface is gone is detached; where it fails, the last descriptor takes it away */
	if (former >= 0)
		bpf_link_detach(former);
	return 0;
}

static uint32_t ahead_pinned(const char *directory, unsigned int index, enum tc_kind kind, int *fd)
{
	struct bpf_prog_info program = { 0 };
	struct bpf_link_info link = { 0 };
	uint32_t size = kind == TC_KIND_TCX ? sizeof(link) : sizeof(program);
	char path[PINS_PATH_SIZE];

	pins_path(path, directory, kind == TC_KIND_TCX ? "tc%u-link" : "tc%u-program", index);
	*fd = bpf_obj_get(path);
	if (*fd < 0)
		return 0;
	if (kind == TC_KIND_TCX)
		return bpf_obj_get_info_by_fd(*fd, &link, &size) ? 0 : link.prog_id;
	return bpf_obj_get_info_by_fd(*fd, &program, &size) ? 0 : program.id;
}

static void ahead_say(const struct stamp_interface *interface, const struct ahead *were,
		      const struct ahead *are, const char *what, struct diags *diags)
{
	autofree char *former = ahead_text(were), *left = ahead_text(are);
	const char *name = interface->name;

	if (!are->count) {
		diag_warning(diags, NULL, what,
			     "on %s a tc program stood before ours, and ours is at the head again: "
			     "%s",
			     name, former ? former : "?");
		diag_hint(diags, "what it accepted until now was not judged");
		return;
	}
	diag_warning(diags, NULL, what,
		     "on %s ours is not the first tc program: before it stands %s", name,
		     left ? left : "?");
	if (interface->tc == TC_KIND_CLSACT && are->list[0].hook == TC_KIND_TCX)
		diag_hint(
			diags,
			"what it accepts is not judged; TCX runs before clsact: detach, then apply "
			"with --tc tcx");
	else
		diag_hint(diags,
			  "what it accepts is not judged: move or remove it, then apply again");
}

int ahead_overtake(const char *directory, unsigned int index,
		   const struct stamp_interface *interface, int program, const char *what,
		   struct diags *diags)
{
	const enum tc_kind kind = (enum tc_kind)interface->tc;
	cleanup(ahead_free) struct ahead were = { 0 }, are = { 0 };
	autoclose int pinned = -1, now = -1;
	uint32_t id = ahead_pinned(directory, index, kind, &pinned);
	int error;

	error = id ? ahead_read(interface->ifindex, kind, id, 0, &were) : -errno;
	if (error) {
		diag_warning(diags, NULL, what,
			     "what stands before our tc program on %s can't be seen: %s",
			     interface->name, strerror(-error));
		diag_hint(diags, "what such a one accepts is not judged; see: edgegate status");
		return 0;
	}
	if (!were.count)
		return 0;
	error = kind == TC_KIND_TCX ?
			ahead_overtake_tcx(directory, index, interface->ifindex, program) :
			clsact_overtake(interface->ifindex, pinned, id);
	/* whether there was room or not, what is true now is said */
	id = ahead_pinned(directory, index, kind, &now);
	if (!error)
		error = id ? ahead_read(interface->ifindex, kind, id, 0, &are) : -errno;
	if (error) {
		diag_system(diags, -error, what, "cannot put tc at the head of %s",
			    interface->name);
		diag_hint(diags, "apply again; see what stands there: edgegate status");
		return error;
	}
	ahead_say(interface, &were, &are, what, diags);
	return 0;
}
