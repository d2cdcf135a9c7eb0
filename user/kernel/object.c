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
#include "user/base/jobs.h"
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

/* Who hears what libbpf warns of: it says so in the thread that loads. NULL: nobody. */
static _Thread_local struct refusal *object_hears;

__attribute__((format(printf, 2, 0))) static int
object_listen(enum libbpf_print_level level, const char *format, va_list arguments)
{
	autofree char *message = NULL;

	if (level != LIBBPF_WARN || !object_hears)
		return 0;
	if (vasprintf(&message, format, arguments) < 0) {
		message = NULL;
		return 0;
	}
	refusal_hear(object_hears, message);
	return 0;
}

/* Puts given maps in the place of the object's own, and says which those are. */
static int object_reuse(const struct bpf_object *opened, const int fds[MAP_COUNT],
			struct bpf_map *maps[MAP_COUNT])
{
	int error = object_find(opened, maps);

	for (int i = 0; !error && i < MAP_COUNT; i++)
		error = bpf_map__reuse_fd(maps[i], fds[i]);
	return error;
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

static uint32_t object_wish_shift(const struct object_wish *wish)
{
	return wish->epoch_shift ? wish->epoch_shift : object_epoch_shift(wish->hz, 0);
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

/* What is to be loaded by itself, and what came of it. */
struct object_work {
	const struct object_wish *wish;
	struct object *object;
	enum direction direction;
	struct bpf_program *program;
	int fds[MAP_COUNT]; /* of the maps that it is loaded over, its own */
	struct refusal refusal;
};

/*
 * The maps of a new gate, by an object that has no other purpose: those with programs are then loaded over
 * them, at the same time.
 */
static int object_make_maps(struct object_work *work)
{
	struct edgegate_xdp *xdp = edgegate_xdp__open();
	struct bpf_map *maps[MAP_COUNT];
	int error;

	if (!xdp)
		return -errno;
	work->object->maps_skeleton = xdp;
	bpf_program__set_autoload(xdp->progs.edgegate_in, false);
	bpf_program__set_autoload(xdp->progs.edgegate_out, false);
	error = object_find(xdp->obj, maps);
	if (!error)
		error = object_size_maps(maps, work->wish->flows_max);
	if (!error)
		error = object_seed(&xdp->bss->memory);
	if (!error)
		error = edgegate_xdp__load(xdp);
	for (int i = 0; !error && i < MAP_COUNT; i++)
		work->object->maps[i] = bpf_map__fd(maps[i]);
	return error;
}

/* Of an object's two programs the one, over given maps. *mask: of flow_marks. */
static int object_prepare(struct object_work *work, const struct bpf_object *opened,
			  struct bpf_program *programs[DIRECTION_COUNT], uint32_t *mask)
{
	struct bpf_map *maps[MAP_COUNT];
	int error = object_reuse(opened, work->object->maps, maps);

	if (error)
		return error;
	bpf_program__set_autoload(programs[!work->direction], false);
	work->program = programs[work->direction];
	*mask = object_marks_mask(maps);
	for (int i = 0; i < MAP_COUNT; i++)
		work->fds[i] = bpf_map__fd(maps[i]);
	return 0;
}

static int object_load_xdp(struct object_work *work)
{
	struct edgegate_xdp *xdp = edgegate_xdp__open();
	int error;

	if (!xdp)
		return -errno;
	work->object->xdp_skeletons[work->direction] = xdp;
	xdp->rodata->clock_hz = work->wish->hz;
	xdp->rodata->testing = work->wish->testing;
	xdp->rodata->marks_epoch_shift = object_wish_shift(work->wish);
	xdp->rodata->multi_buffer = work->wish->multi_buffer;
	error = object_prepare(work, xdp->obj,
			       (struct bpf_program *[]){ xdp->progs.edgegate_in,
							 xdp->progs.edgegate_out },
			       &xdp->rodata->marks_mask);
	if (!error && work->wish->multi_buffer)
		bpf_program__set_flags(work->program, BPF_F_XDP_HAS_FRAGS);
	if (!error)
		error = edgegate_xdp__load(xdp);
	if (!error)
		work->object->xdp[work->direction] = bpf_program__fd(work->program);
	return error;
}

static int object_load_tc(struct object_work *work)
{
	struct edgegate_tc *tc = edgegate_tc__open();
	int error;

	if (!tc)
		return -errno;
	work->object->tc_skeletons[work->direction] = tc;
	tc->rodata->clock_hz = work->wish->hz;
	tc->rodata->testing = work->wish->testing;
	tc->rodata->marks_epoch_shift = object_wish_shift(work->wish);
	error = object_prepare(work, tc->obj,
			       (struct bpf_program *[]){ tc->progs.edgegate_in,
							 tc->progs.edgegate_out },
			       &tc->rodata->marks_mask);
	if (!error)
		error = edgegate_tc__load(tc);
	if (!error)
		work->object->tc[work->direction] = bpf_program__fd(work->program);
	return error;
}

static int object_heard(struct object_work *work, int (*load)(struct object_work *))
{
	int error;

	object_hears = &work->refusal;
	error = load(work);
	object_hears = NULL;
	return error;
}

static int object_xdp_job(void *data)
{
	return object_heard(data, object_load_xdp);
}

static int object_tc_job(void *data)
{
	return object_heard(data, object_load_tc);
}

/* *refusal: what was said of that part whose error it is. */
static int object_load_all(const struct object_wish *wish, struct object *object,
			   struct refusal *refusal)
{
	struct object_work work[2 * DIRECTION_COUNT] = { { .wish = wish, .object = object } };
	struct job jobs[2 * DIRECTION_COUNT];
	size_t count = 0;
	int error = 0;

	if (wish->map_fds)
		memcpy(object->maps, wish->map_fds, sizeof(object->maps));
	else
		error = object_heard(&work[0], object_make_maps);
	*refusal = work[0].refusal;
	if (error)
		return error;
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		const struct object_work one = { wish, object, (enum direction)i,
						 NULL, { 0 },  { { 0 }, false } };

		if (wish->xdp[i]) {
			work[count] = one;
			jobs[count] = (struct job){ object_xdp_job, &work[count], 0 };
			count++;
		}
		if (wish->tc[i]) {
			work[count] = one;
			jobs[count] = (struct job){ object_tc_job, &work[count], 0 };
			count++;
		}
	}
	error = jobs_run(jobs, count);
	for (size_t i = 0; error && i < count; i++) {
		if (jobs[i].result) {
			*refusal = work[i].refusal;
			break;
		}
	}
	/* ours, and not whose they were lent by */
	if (!error && wish->map_fds && count)
		memcpy(object->maps, work[0].fds, sizeof(object->maps));
	return error;
}

static const char *object_remedy(int error, const struct refusal *refusal)
{
	/* it is stricter with those who may load programs but not see memory */
	if (refusal->from_verifier && !geteuid() && error != -EPERM && error != -ENOMEM)
		return "this kernel's verifier does not take them: say so to edgegate's authors, "
		       "with this line and the output of uname -r";
	switch (-error) {
	case EPERM:
	case EACCES:
		return "run edgegate as root; it needs CAP_BPF and CAP_NET_ADMIN";
	case EMFILE:
	case ENFILE:
		return "allow more open files, 256 are enough: ulimit -n";
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
	struct refusal refusal;
	int error = object_load_all(wish, &loaded, &refusal);

	libbpf_set_print(before);
	if (error) {
		object_close(&loaded);
		diag_system(diags, -error, what, "the kernel refuses the programs%s%s",
			    refusal.reason[0] ? ": " : "", refusal.reason);
		diag_hint(diags, "%s", object_remedy(error, &refusal));
		return error;
	}
	*object = loaded;
	return 0;
}

void object_close(struct object *object)
{
	edgegate_xdp__destroy(object->maps_skeleton);
	object->maps_skeleton = NULL;
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		edgegate_xdp__destroy(object->xdp_skeletons[i]);
		edgegate_tc__destroy(object->tc_skeletons[i]);
		object->xdp_skeletons[i] = NULL;
		object->tc_skeletons[i] = NULL;
	}
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
	return object->maps_skeleton ? bpf_object__btf_fd(object->maps_skeleton->obj) : -1;
}

uint32_t object_btf_type(const struct object *object, const char *name)
{
	struct btf *btf = object->maps_skeleton ? bpf_object__btf(object->maps_skeleton->obj) :
						  NULL;
	int id = btf ? btf__find_by_name(btf, name) : 0;

	return id > 0 ? (uint32_t)id : 0;
}
