// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/image/image.h"
#include "user/kernel/clock.h"
#include "user/kernel/clsact.h"
#include "user/kernel/gate.h"
#include "user/kernel/netns.h"
#include "user/kernel/runs.h"
#include "user/kernel/state.h"
#include "user/kernel/whereabouts.h"

const char *gate_name(const struct gate *gate)
{
	return gate->stamp.interfaces[0].name;
}

void gate_close(struct gate *gate)
{
	state_unmap(&gate->word);
	cleanup_close(&gate->stamp_fd);
	gate->stamp_fd = -1;
	for (int i = 0; i < MAP_COUNT; i++) {
		cleanup_close(&gate->maps[i]);
		gate->maps[i] = -1;
	}
}

static bool gate_reads_only;

int gate_only_read(void)
{
	int cpus = libbpf_num_possible_cpus(); /* libbpf keeps it */

	gate_reads_only = true;
	state_now();
	runs_are_counted();
	return cpus < 0 ? cpus : clock_keep();
}

int gate_open_map(const struct gate *gate, const char *name)
{
	/* a descriptor that can't write can't be mapped either; the mapping is what can't */
	const bool is_mapped = strcmp(name, object_map_names[MAP_MEMORY]) == 0;
	LIBBPF_OPTS(bpf_obj_get_opts, options,
		    .file_flags = gate_reads_only && !is_mapped ? BPF_F_RDONLY : 0);
	char path[PINS_PATH_SIZE];

	pins_path(path, gate->directory, "%s", name);
	return bpf_obj_get_opts(path, &options);
}

uint64_t gate_word(const struct gate *gate)
{
	return gate_reads_only ? state_due(gate->word) : state_settled(gate->word);
}

/* What a folder's gate can be called where its stamp can't be read: "eth0", "netns-7/eth0". */
const char *gate_folder_label(const char *directory)
{
	static char label[PINS_PATH_SIZE];

	pins_label(directory, label);
	return label;
}

static int gate_pin_open(const char *directory, const char *name)
{
	char path[PINS_PATH_SIZE];
	int fd;

	pins_path(path, directory, "%s", name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static bool gate_stamp_is_sound(const struct stamp *stamp)
{
	if (stamp->interface_count == 0 || stamp->interface_count > GATE_INTERFACES_MAX)
		return false;
	for (unsigned int i = 0; i < stamp->interface_count; i++)
		if (!memchr(stamp->interfaces[i].name, '\0', INTERFACE_NAME_SIZE))
			return false;
	return memchr(stamp->netns, '\0', sizeof(stamp->netns)) &&
	       memchr(stamp->version, '\0', sizeof(stamp->version));
}

int gate_keep_stamp(struct gate *gate, const char *what, struct diags *diags)
{
	uint32_t zero = 0;

	int error;

	if (bpf_map_update_elem(gate->stamp_fd, &zero, &gate->stamp, BPF_ANY) == 0)
		return 0;
	error = diag_system(diags, errno, what, "cannot write the gate's stamp");
	diag_hint(diags, "try again; what is in force stays in force");
	return error;
}

#define GATE_STAMP_MOST 4096u /* bytes of any version's stamp */

/* What a stamp of any version begins with. */
struct gate_stamp_head {
	uint32_t magic;
	uint32_t abi_version;
};

/* Of a stamp as it is pinned, whatever its size; -EPROTO: it is none of edgegate's. */
static int gate_read_stamp(int fd, struct stamp *stamp, struct gate_stamp_head *head)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), zero = 0;
	uint64_t value[GATE_STAMP_MOST / 8] = { 0 };

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.key_size != sizeof(zero) || info.value_size < sizeof(*head) ||
	    info.value_size > GATE_STAMP_MOST)
		return -EPROTO;
	if (bpf_map_lookup_elem(fd, &zero, value))
		return -errno;
	memcpy(head, value, sizeof(*head));
	if (head->magic != ABI_MAGIC)
		return -EPROTO;
	if (head->abi_version == ABI_VERSION && info.value_size == sizeof(*stamp))
		memcpy(stamp, value, sizeof(*stamp));
	return 0;
}

/* The kernel doesn't let us: that says nothing about the gate. */
static int gate_unreadable(const char *directory, const char *part, int error, const char *what,
			   struct diags *diags)
{
	diag_system(diags, -error, what, "cannot read %s/%s", directory, part);
	diag_hint(diags, error == -EPERM || error == -EACCES ?
				 "run edgegate as root" :
				 "try again; what is in force stays in force");
	return error;
}

static int gate_refuse(const char *directory, int error, const struct gate_stamp_head *head,
		       const char *what, struct diags *diags)
{
	const char *label = gate_folder_label(directory);

	if (!error && head->abi_version != ABI_VERSION) {
		diag_system(diags, 0, what,
			    "the gate in %s is another version's of edgegate: its maps have layout "
			    "%u, this edgegate knows %u",
			    directory, head->abi_version, ABI_VERSION);
		diag_hint(
			diags,
			"use the edgegate that made it; or, for this one, edgegate detach -i %s and "
			"apply again: in between everything passes",
			label);
		return -EPROTO;
	}
	if (error != -EPROTO && error)
		return gate_unreadable(directory, PINS_STAMP, error, what, diags);
	diag_system(
		diags, 0, what,
		"%s has no stamp that can be read: it is no gate of edgegate's, or a broken one",
		directory);
	diag_hint(diags, "take it away: edgegate detach -i %s; then apply again", label);
	return -EPROTO;
}

uint32_t gate_other_version(const char *directory)
{
	autoclose int fd = gate_pin_open(directory, PINS_STAMP);
	struct gate_stamp_head head = { 0 };
	struct stamp stamp;

	if (fd < 0 || gate_read_stamp(fd, &stamp, &head) || head.abi_version == ABI_VERSION)
		return 0;
	return head.abi_version;
}

int gate_stamp(const char *directory, struct stamp *stamp)
{
	autoclose int fd = gate_pin_open(directory, PINS_STAMP);
	struct gate_stamp_head head = { 0 };
	int error;

	/* one of another size isn't filled in, and then isn't sound */
	memset(stamp, 0, sizeof(*stamp));
	error = fd < 0 ? fd : gate_read_stamp(fd, stamp, &head);
	if (error)
		return error;
	return head.abi_version == ABI_VERSION && gate_stamp_is_sound(stamp) ? 0 : -EPROTO;
}

/* The folder is looked for first: what is put in its place meanwhile has a stamp. */
static bool gate_lacks_stamp(const char *directory)
{
	char stamp[PINS_PATH_SIZE];

	pins_path(stamp, directory, PINS_STAMP);
	return faccessat(AT_FDCWD, directory, F_OK, AT_EACCESS) == 0 &&
	       faccessat(AT_FDCWD, stamp, F_OK, AT_EACCESS) && errno == ENOENT;
}

/* The stamp comes first: nothing else is believed before it. */
static int gate_open_stamp(struct gate *gate, const char *what, struct diags *diags)
{
	struct gate_stamp_head head = { 0 };
	int error;

	gate->stamp_fd = gate_open_map(gate, PINS_STAMP);
	if (gate->stamp_fd < 0) {
		error = -errno;
		/* a folder comes with its stamp and goes before it: one without has been tampered with */
		if (error == -ENOENT && gate_lacks_stamp(gate->directory))
			return gate_refuse(gate->directory, -EPROTO, &head, what, diags);
		if (error == -ENOENT)
			return error;
		diag_system(diags, -error, what, "cannot open %s", gate->directory);
		diag_hint(diags, "run edgegate as root");
		return error;
	}
	error = gate_read_stamp(gate->stamp_fd, &gate->stamp, &head);
	if (!error && head.abi_version == ABI_VERSION && !gate_stamp_is_sound(&gate->stamp))
		error = -EPROTO;
	if (error || head.abi_version != ABI_VERSION)
		return gate_refuse(gate->directory, error, &head, what, diags);
	return 0;
}

int gate_open(const char *directory, const char *what, struct gate *gate, struct diags *diags)
{
	cleanup(gate_close) struct gate opened = GATE_CLOSED;
	int error;

	memcpy(opened.directory, directory, strnlen(directory, sizeof(opened.directory) - 1) + 1);
	error = gate_open_stamp(&opened, what, diags);
	if (error)
		return error;
	for (int i = 0; i < MAP_COUNT; i++) {
		opened.maps[i] = gate_open_map(&opened, object_map_names[i]);
		if (opened.maps[i] < 0)
			opened.maps[i] = -errno;
		if (opened.maps[i] < 0 && opened.maps[i] != -ENOENT)
			return gate_unreadable(directory, object_map_names[i], opened.maps[i], what,
					       diags);
		if (opened.maps[i] < 0) {
			diag_system(diags, -opened.maps[i], what, "%s is not whole: cannot open %s",
				    directory, object_map_names[i]);
			diag_hint(diags, "take it away: edgegate detach -i %s; then apply again",
				  gate_folder_label(directory));
			return -EPROTO;
		}
	}
	opened.word = gate_reads_only ? state_map_to_read(opened.maps[MAP_MEMORY]) :
					state_map(opened.maps[MAP_MEMORY]);
	opened.has_first_page = gate_reads_only;
	if (!opened.word)
		return gate_unreadable(directory, object_map_names[MAP_MEMORY], -errno, what,
				       diags);
	*gate = opened;
	opened = (struct gate)GATE_CLOSED;
	return 0;
}

/* A walk over all gates for the one that has an interface. */
struct gate_search {
	const char *interface;
	const char *what;
	struct gate *gate;
	struct diags *diags;
};

int gate_netns_unknown(const char *what, struct diags *diags)
{
	int error = diag_system(diags, errno, what, "cannot tell which network namespace this is");

	diag_hint(diags, "try again; see how many files may be open: ulimit -n");
	return error;
}

int gate_unknown(int error, const char *interface, const char *what, struct diags *diags)
{
	diag_system(diags, -error, what, "cannot see what is attached to %s", interface);
	diag_hint(diags, error == -EPERM ? "run edgegate as root" :
					   "try again; what is in force stays in force");
	return error;
}

/* Of a gate whose stamp can't be read: is it on the interface? The names of links are every version's. */
static bool gate_is_on(const char *directory, const char *interface)
{
	uint32_t ifindex = if_nametoindex(interface), attached = 0, ignored;
	char path[PINS_PATH_SIZE];

	if (!ifindex || pins_cookie(directory) != netns_cookie())
		return false;
	for (unsigned int i = 0; i < GATE_INTERFACES_MAX; i++) {
		pins_path(path, directory, "xdp%u-link", i);
		if (!gate_link_program(path, &ignored, &attached, &ignored) && attached == ifindex)
			return true;
	}
	return false;
}

static int gate_search_one(const char *directory, bool finished, void *data)
{
	struct gate_search *search = data;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags said = { 0 };
	int error, at = -ENOENT;

	if (!finished)
		return 0;
	error = gate_open(directory, search->what, &gate, &said);
	if (!error)
		at = gate_interface(&gate, search->interface);
	else if (error != -ENOENT && gate_is_on(directory, search->interface))
		diags_move(search->diags, &said);
	else
		error = 0;
	diags_clear(&said);
	if (at < 0 && at != -ENOENT)
		return gate_unknown(at, search->interface, search->what, search->diags);
	if (at < 0)
		return error;
	*search->gate = gate;
	gate = (struct gate)GATE_CLOSED;
	return 1;
}

int gate_find(const char *interface, const char *what, struct gate *gate, struct diags *diags)
{
	struct gate_search search = { interface, what, gate, diags };
	cleanup(gate_close) struct gate named = GATE_CLOSED;
	const uint64_t cookie = netns_cookie();
	char directory[PINS_PATH_SIZE];
	int error;

	if (!cookie)
		return gate_netns_unknown(what, diags);
	/* the folder of its name first; it may be another's that was renamed */
	pins_gate(directory, cookie, interface);
	error = gate_open(directory, what, &named, diags);
	if (error && error != -ENOENT)
		return error;
	if (!error) {
		int at = gate_interface(&named, interface);

		if (at < 0 && at != -ENOENT)
			return gate_unknown(at, interface, what, diags);
		if (at >= 0) {
			*gate = named;
			named = (struct gate)GATE_CLOSED;
			return 0;
		}
	}
	error = pins_each(gate_search_one, &search);
	if (error == 1)
		return 0;
	return error ? error : -ENOENT;
}

int gate_listing(const struct gate *gate, unsigned int slot, struct listing_header **listing)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), zero = 0;
	autoclose int fd = -1;
	autofree void *block = NULL;
	char name[32];

	*listing = NULL;
	if (slot >= SLOT_COUNT)
		return 0;
	snprintf(name, sizeof(name), "slot%u-listing", slot);
	fd = gate_open_map(gate, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	/* the kernel copies values in steps of eight bytes */
	block = calloc(1, ((size_t)info.value_size + 7) & ~(size_t)7);
	if (!block)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, block))
		return -errno;
	if (!listing_check(block, info.value_size))
		return -EPROTO;
	*listing = take_pointer(&block);
	return 0;
}
