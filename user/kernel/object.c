// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <edgegate/abi.h> /* the skeletons name its types */

#include "edgegate_tc.skel.h"
#include "edgegate_xdp.skel.h"
#include "user/base/cleanup.h"
#include "user/base/hash.h"
#include "user/kernel/object.h"
#include "user/kernel/refusal.h"

const char *const object_map_names[MAP_COUNT] = {
#define OBJECT_NAME(symbol, name) name,
	OBJECT_MAPS(OBJECT_NAME)
#undef OBJECT_NAME
};

/*
 * All maps of an object that was just opened; it keeps them. Later there is no finding them: libbpf calls a map
 * that is used again as the kernel does, which may know no name. The memory is the programs' only global
 * variable: libbpf knows it by its section. -ENOENT, or 0.
 */
static int object_find(const struct bpf_object *opened, struct bpf_map *maps[MAP_COUNT])
{
	for (int i = 0; i < MAP_COUNT; i++) {
		maps[i] = bpf_object__find_map_by_name(
			opened, i == MAP_MEMORY ? ".bss" : object_map_names[i]);
		/* a program that doesn't use a map has it all the same: maps.h is one file */
		if (!maps[i])
			return -ENOENT;
	}
	return 0;
}

/* What libbpf warns of while programs are being loaded. */
static struct refusal object_refusal;

__attribute__((format(printf, 2, 0))) static int
object_listen(enum libbpf_print_level level, const char *format, va_list arguments)
{
	autofree char *message = NULL;

	if (level != LIBBPF_WARN)
		return 0;
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	else
		refusal_hear(&object_refusal, message);
	return 0;
}

static int object_reuse(struct bpf_map *const maps[MAP_COUNT], const int *map_fds)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		int error = bpf_map__reuse_fd(maps[i], map_fds[i]);

		if (error)
			return error;
	}
	return 0;
}

#define LONGEST_SECONDS (30u * 86400u) /* that a policy may say */

uint32_t object_epoch_shift(uint32_t hz, uint32_t seconds)
{
	uint64_t jiffies = (uint64_t)hz * (seconds ? seconds : LONGEST_SECONDS);
	uint32_t shift = 1;

	while (jiffies >> shift)
		shift++;
	return shift;
}

/*
 * Entries of the negative cache, a power of two: at least 4 bits in each epoch for each flow that a family
 * may have. 512 KiB for the default, so that a core's own cache can hold it; more bits brought no gain that
 * could be measured (docs/performance.md).
 */
static uint32_t object_mark_entries(uint32_t flows_max)
{
	uint32_t entries = 256;

	while (entries < flows_max / (MARKS_BITS / 4))
		entries *= 2;
	return entries;
}

static int object_size_maps(struct bpf_map *const maps[MAP_COUNT], uint32_t flows_max)
{
	int error = bpf_map__set_max_entries(maps[MAP_FLOWS4], flows_max);

	if (!error)
		error = bpf_map__set_max_entries(maps[MAP_FLOWS6], flows_max);
	if (!error)
		error = bpf_map__set_max_entries(maps[MAP_FLOW_MARKS],
						 object_mark_entries(flows_max));
	return error;
}

/*
 * Secret numbers for the hashes of flow_marks, in the memory that the kernel is about to make: whoever
 * knew them could choose tuples that share a bit with a live flow.
 */
static int object_seed(struct gate_memory *memory)
{
	ssize_t got = getrandom(memory->seeds, sizeof(memory->seeds), 0);

	return got == (ssize_t)sizeof(memory->seeds) ? 0 : got < 0 ? -errno : -EIO;
}

/* Entries of the map as it is, not as we would make it: those of a gate may be another version's. */
static uint32_t object_marks_mask(struct bpf_map *const maps[MAP_COUNT])
{
	return bpf_map__max_entries(maps[MAP_FLOW_MARKS]) - 1;
}

static int object_load_xdp(const struct object_wish *wish, struct object *object)
{
	struct edgegate_xdp *xdp = edgegate_xdp__open();
	struct bpf_program *programs[DIRECTION_COUNT];
	struct bpf_map *maps[MAP_COUNT];
	int error;

	if (!xdp)
		return -errno;
	object->xdp_skeleton = xdp;
	xdp->rodata->clock_hz = wish->hz;
	xdp->rodata->testing = wish->testing;
	xdp->rodata->marks_epoch_shift = wish->epoch_shift ? wish->epoch_shift :
							     object_epoch_shift(wish->hz, 0);
	xdp->rodata->multi_buffer = wish->multi_buffer;
	programs[DIRECTION_IN] = xdp->progs.edgegate_in;
	programs[DIRECTION_OUT] = xdp->progs.edgegate_out;
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		bpf_program__set_autoload(programs[i], wish->xdp[i]);
		if (wish->multi_buffer)
			bpf_program__set_flags(programs[i], BPF_F_XDP_HAS_FRAGS);
	}
	error = object_find(xdp->obj, maps);
	if (!error && wish->map_fds)
		error = object_reuse(maps, wish->map_fds);
	else if (!error)
		error = object_size_maps(maps, wish->flows_max) ?: object_seed(&xdp->bss->memory);
	if (error)
		return error;
	xdp->rodata->marks_mask = object_marks_mask(maps);
	error = edgegate_xdp__load(xdp);
	if (error)
		return error;
	for (int i = 0; i < MAP_COUNT; i++)
		object->maps[i] = bpf_map__fd(maps[i]);
	for (int i = 0; i < DIRECTION_COUNT; i++)
		object->xdp[i] = wish->xdp[i] ? bpf_program__fd(programs[i]) : -1;
	return 0;
}

static int object_load_tc(const struct object_wish *wish, struct object *object)
{
	struct edgegate_tc *tc = edgegate_tc__open();
	struct bpf_program *programs[DIRECTION_COUNT];
	struct bpf_map *maps[MAP_COUNT];
	int error;

	if (!tc)
		return -errno;
	object->tc_skeleton = tc;
	tc->rodata->clock_hz = wish->hz;
	tc->rodata->testing = wish->testing;
	tc->rodata->marks_epoch_shift = wish->epoch_shift ? wish->epoch_shift :
							    object_epoch_shift(wish->hz, 0);
	programs[DIRECTION_IN] = tc->progs.edgegate_in;
	programs[DIRECTION_OUT] = tc->progs.edgegate_out;
	for (int i = 0; i < DIRECTION_COUNT; i++)
		bpf_program__set_autoload(programs[i], wish->tc[i]);
	error = object_find(tc->obj, maps);
	if (!error)
		error = object_reuse(maps, object->maps);
	if (error)
		return error;
	tc->rodata->marks_mask = object_marks_mask(maps);
	error = edgegate_tc__load(tc);
	if (error)
		return error;
	for (int i = 0; i < DIRECTION_COUNT; i++)
		object->tc[i] = wish->tc[i] ? bpf_program__fd(programs[i]) : -1;
	return 0;
}

static int object_load_all(const struct object_wish *wish, struct object *object)
{
	int error = object_load_xdp(wish, object);

	if (error || !object->xdp_skeleton)
		return error;
	if (wish->tc[DIRECTION_IN] || wish->tc[DIRECTION_OUT])
		error = object_load_tc(wish, object);
	return error;
}

static const char *object_remedy(int error)
{
	/* it is stricter with those who may load programs but not see memory */
	if (object_refusal.from_verifier && !geteuid() && error != -EPERM && error != -ENOMEM)
		return "this kernel's verifier does not take them: say so to edgegate's authors, "
		       "with this line and the output of uname -r";
	switch (-error) {
	case EPERM:
	case EACCES:
		return "run edgegate as root; it needs CAP_BPF and CAP_NET_ADMIN";
	case ENOMEM:
		return "free memory, or make flows.max in the policy smaller";
	default:
		return "see that the kernel is 6.1 or later and has CONFIG_BPF_SYSCALL: uname -r";
	}
}

int object_load(const struct object_wish *wish, struct object *object, const char *what,
		struct diags *diags)
{
	struct object loaded = { .xdp = { -1, -1 }, .tc = { -1, -1 } };
	libbpf_print_fn_t before = libbpf_set_print(object_listen);
	int error;

	object_refusal = (struct refusal){ 0 };
	error = object_load_all(wish, &loaded);
	libbpf_set_print(before);
	if (error) {
		object_close(&loaded);
		diag_system(diags, -error, what, "the kernel refuses the programs%s%s",
			    object_refusal.reason[0] ? ": " : "", object_refusal.reason);
		diag_hint(diags, "%s", object_remedy(error));
		return error;
	}
	*object = loaded;
	return 0;
}

void object_close(struct object *object)
{
	edgegate_xdp__destroy(object->xdp_skeleton);
	edgegate_tc__destroy(object->tc_skeleton);
	object->xdp_skeleton = NULL;
	object->tc_skeleton = NULL;
}

uint64_t object_hash(void)
{
	static uint64_t hash;
	size_t size = 0;
	const void *bytes;

	if (!hash) {
		bytes = edgegate_xdp__elf_bytes(&size);
		hash = hash_add(HASH_START, bytes, size);
		bytes = edgegate_tc__elf_bytes(&size);
		hash = hash_add(hash, bytes, size);
	}
	return hash;
}

const char *object_libbpf_version(void)
{
	return libbpf_version_string();
}

int object_btf_fd(const struct object *object)
{
	return bpf_object__btf_fd(object->xdp_skeleton->obj);
}

uint32_t object_btf_type(const struct object *object, const char *name)
{
	struct btf *btf = bpf_object__btf(object->xdp_skeleton->obj);
	int id = btf ? btf__find_by_name(btf, name) : 0;

	return id > 0 ? (uint32_t)id : 0;
}
