// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/holder.h"

static void holder_closedir(DIR **listing)
{
	if (*listing)
		closedir(*listing);
}

/* Is it the link by which the program is attached there? 1, 0 or a negative errno. */
static int holder_is_link(uint32_t id, uint32_t ifindex, uint32_t program)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	autoclose int fd = bpf_link_get_fd_by_id(id);

	/* gone since it was listed */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* there are kinds of link that tell nothing of themselves; XDP's does */
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return errno == EINVAL || errno == EOPNOTSUPP ? 0 : -errno;
	return info.type == BPF_LINK_TYPE_XDP && info.prog_id == program &&
	       info.xdp.ifindex == ifindex;
}

/* How the program is attached there. Ids of links are numbers of the kernel's whole. */
static void holder_find_way(uint32_t ifindex, struct holder *holder)
{
	uint32_t id = 0;
	int is = 0;

	while (is == 0 && bpf_link_get_next_id(id, &id) == 0)
		is = holder_is_link(id, ifindex, holder->program);
	if (is > 0)
		holder->link = id;
	else if (is < 0 || errno != ENOENT) /* the end of the list */
		holder->error = is < 0 ? -is : errno;
	holder->way = holder->link ? HOLDER_LINK : holder->error ? HOLDER_UNKNOWN : HOLDER_NETLINK;
}

/* Does a descriptor's fdinfo have the line "KEY:\tID"? */
static bool holder_fits(const char *path, const char *key, uint32_t id)
{
	autofclose FILE *file = fopen(path, "re");
	char line[128], wanted[64];

	snprintf(wanted, sizeof(wanted), "%s:\t%u\n", key, id);
	while (file && fgets(line, sizeof(line), file))
		if (strcmp(line, wanted) == 0)
			return true;
	return false;
}

static bool holder_has_open(const char *process, const char *key, uint32_t id)
{
	cleanup(holder_closedir) DIR *listing = NULL;
	struct dirent *entry;
	char path[80];

	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	listing = opendir(path);
	while (listing && (entry = readdir(listing))) {
		char target[32] = "";

		/* most are files and sockets: a look at the link spares opening them */
		snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", process, entry->d_name);
		if (readlink(path, target, sizeof(target) - 1) < 0 ||
		    strncmp(target, "anon_inode:", strlen("anon_inode:")) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.20s", process, entry->d_name);
		if (holder_fits(path, key, id))
			return true;
	}
	return false;
}

static void holder_read_command(const char *process, char command[HOLDER_NAME_SIZE])
{
	autofclose FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/comm", process);
	file = fopen(path, "re");
	if (file && fgets(command, (int)HOLDER_NAME_SIZE, file))
		command[strcspn(command, "\n")] = '\0';
}

/* A process that has it open: by the link where there is one, which is what keeps it attached. */
static void holder_find_process(struct holder *holder)
{
	cleanup(holder_closedir) DIR *listing = opendir("/proc");
	const char *key = holder->link ? "link_id" : "prog_id";
	uint32_t id = holder->link ? holder->link : holder->program;
	struct dirent *entry;

	while (listing && (entry = readdir(listing))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !holder_has_open(entry->d_name, key, id))
			continue;
		holder->process = (int)strtol(entry->d_name, NULL, 10);
		holder_read_command(entry->d_name, holder->command);
		return;
	}
}

int holder_has(uint32_t ifindex, uint32_t program)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int error = program ? bpf_xdp_query((int)ifindex, 0, &query) : 0;

	if (error)
		return error;
	return program && (query.drv_prog_id == program || query.skb_prog_id == program ||
			   query.hw_prog_id == program);
}

void holder_find(uint32_t ifindex, struct holder *holder)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	autoclose int fd = -1;

	*holder = (struct holder){ 0 };
	if (bpf_xdp_query((int)ifindex, 0, &query))
		return;
	holder->program = query.drv_prog_id ? query.drv_prog_id :
			  query.skb_prog_id ? query.skb_prog_id :
					      query.hw_prog_id;
	if (!holder->program)
		return;
	holder->mode = query.drv_prog_id ? XDP_FLAGS_DRV_MODE :
		       query.skb_prog_id ? XDP_FLAGS_SKB_MODE :
					   XDP_FLAGS_HW_MODE;
	holder_find_way(ifindex, holder);
	/* before we have it open ourselves */
	holder_find_process(holder);
	fd = bpf_prog_get_fd_by_id(holder->program);
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		snprintf(holder->name, sizeof(holder->name), "%s", info.name);
}

char *holder_text(const struct holder *holder)
{
	autotext struct text text = { 0 };

	text_format(&text, "id %u%s%s, ", holder->program, *holder->name ? ", " : "", holder->name);
	if (holder->way == HOLDER_LINK)
		text_format(&text, "by link %u", holder->link);
	else if (holder->way == HOLDER_UNKNOWN)
		text_format(&text, "how it is attached is not known (%s)",
			    holder->error == EPERM ? "that needs CAP_SYS_ADMIN" :
						     strerror(holder->error));
	else
		text_add(&text, "attached by netlink");
	if (holder->process)
		text_format(&text, "%s process %d (%s)", holder->link ? " of" : ", open in",
			    holder->process, holder->command);
	else if (holder->link)
		text_add(&text, ", which no process that can be seen has open");
	return text_take(&text);
}
