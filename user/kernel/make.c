// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/adopt.h"
#include "user/kernel/ahead.h"
#include "user/kernel/clock.h"
#include "user/kernel/gro.h"
#include "user/kernel/make.h"
#include "user/kernel/netns.h"
#include "user/kernel/runs.h"
#include "user/kernel/state.h"
#include "user/kernel/upgrade.h"

static struct object_wish make_object_wish(const struct stamp *stamp)
{
	struct object_wish wish = {
		.multi_buffer = stamp->multi_buffer,
		.hz = stamp->hz,
		.flows_max = stamp->flows_max,
		.epoch_shift = stamp->epoch_shift,
	};

	for (unsigned int i = 0; i < stamp->interface_count; i++) {
		wish.xdp[gate_xdp_direction(&stamp->interfaces[i])] = true;
		if (stamp->hooks == HOOKS_BOTH)
			wish.tc[gate_tc_direction(&stamp->interfaces[i])] = true;
	}
	return wish;
}

static int make_stamp(const struct make_wish *wish, struct stamp *stamp, const char *what,
		      struct diags *diags)
{
	int error;

	*stamp = (struct stamp){
		.magic = ABI_MAGIC,
		.abi_version = ABI_VERSION,
		.created_at = (uint64_t)time(NULL),
		.netns_cookie = netns_cookie(),
		.hooks = wish->hooks,
		.flows_max = wish->flows_max,
		.interface_count = wish->interface_count,
	};
	memcpy(stamp->interfaces, wish->interfaces, sizeof(stamp->interfaces));
	snprintf(stamp->netns, sizeof(stamp->netns), "%s", wish->netns);
	upgrade_sign(stamp);
	error = clock_measure(&stamp->hz);
	if (error) {
		diag_system(diags, -error, what,
			    "cannot measure the kernel's clock by a BPF program");
		diag_hint(diags, error == -EPERM ? "run edgegate as root" :
						   "see that the kernel is 6.1 or later");
	}
	stamp->epoch_shift = object_epoch_shift(stamp->hz, wish->longest_timeout);
	return error;
}

/* Pins the maps of a new gate, the stamp among them, in an unfinished folder. */
static int make_pins(const char *folder, const struct stamp *stamp, const struct object *object)
{
	autoclose int stamp_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "stamp", 4, sizeof(*stamp), 1, NULL);
	char path[PINS_PATH_SIZE];
	uint32_t zero = 0;
	int error = stamp_fd < 0 ? -errno : pins_make(folder);

	if (error)
		return error;
	if (bpf_map_update_elem(stamp_fd, &zero, stamp, BPF_ANY))
		return -errno;
	pins_path(path, folder, PINS_STAMP);
	error = pins_put(stamp_fd, path);
	for (int i = 0; !error && i < MAP_COUNT; i++) {
		pins_path(path, folder, "%s", object_map_names[i]);
		error = pins_put(object->maps[i], path);
	}
	return error;
}

/* The memory of a new gate. */
static int make_no_policy(const struct object *object)
{
	const struct state none = { .live = SLOT_NONE, .former = SLOT_NONE };
	uint64_t *word = state_map(object->maps[MAP_MEMORY]);

	if (!word)
		return -errno;
	__atomic_store_n(word, state_pack(&none), __ATOMIC_RELEASE);
	state_unmap(&word);
	return 0;
}

/* A folder keeps its name when its interface is renamed: the name may be another one's by now. */
static int make_is_free(const char *directory, const char *what, struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct gate_attachment first;
	int error = gate_open(directory, what, &gate, diags);

	if (error == -ENOENT)
		return 0;
	if (error)
		return error;
	error = make_look(&gate, 0, &first, what, diags);
	if (error)
		return error;
	diag_system(diags, 0, what, "%s is the place of the gate on %s, which had this name before",
		    directory, first.name);
	diag_hint(diags, "take that one away first: edgegate detach -i %s", first.name);
	return -EEXIST;
}

/* Maps, pins, the folder in its place; nothing is attached yet. */
static int make_folder(const struct stamp *stamp, const struct object *object, const char *what,
		       struct diags *diags)
{
	char unfinished[PINS_PATH_SIZE], finished[PINS_PATH_SIZE];
	int error;

	pins_unfinished(unfinished, stamp->netns_cookie, stamp->interfaces[0].name);
	pins_gate(finished, stamp->netns_cookie, stamp->interfaces[0].name);
	error = make_is_free(finished, what, diags);
	if (error)
		return error;
	/* what a killed maker left, and a killed detach: a folder without a stamp is no gate */
	error = pins_remove(unfinished);
	if (!error)
		error = make_removed(finished, what, diags);
	if (!error)
		error = make_no_policy(object);
	if (!error)
		error = make_pins(unfinished, stamp, object);
	if (!error && rename(unfinished, finished))
		error = -errno;
	if (error) {
		pins_remove(unfinished);
		pins_remove_empty(unfinished);
		diag_system(diags, -error, what, "cannot pin the gate's maps below " PINS_ROOT);
		diag_hint(diags, "see that " PINS_BPFFS " can be written and has room");
	}
	return error;
}

/* tc of one interface, if it isn't attached; keeps in the stamp how. */
static int make_attach_tc(struct gate *gate, unsigned int index, int program, enum attach_tc how,
			  const char *what, struct diags *diags)
{
	struct stamp_interface *interface = &gate->stamp.interfaces[index];
	struct gate_attachment now;
	int error = 0;

	error = make_look(gate, index, &now, what, diags);
	if (error)
		return error;
	if (how == ATTACH_TC_AUTO && interface->tc == TC_KIND_CLSACT)
		how = ATTACH_TC_CLSACT; /* as it was */
	if (!now.tc_program)
		error = attach_tc(gate, index, program, how, what, diags);
	else if (interface->tc == now.tc)
		return 0;
	else
		interface->tc = (uint8_t)now.tc; /* a killed apply attached it, and no more */
	return error ? error : gate_keep_stamp(gate, what, diags);
}

/*
 * Attaches what isn't, by what the kernel says. tc first: where a policy is in force already, `in` must
 * not be judged before `out` can remember what it answers.
 */
static int make_attach(struct gate *gate, const struct object *object, enum attach_tc tc,
		       struct replace *replace, const char *what, struct diags *diags)
{
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		struct stamp_interface *interface = &gate->stamp.interfaces[i];
		int program = object->tc[gate_tc_direction(interface)];
		struct gate_attachment now;
		int error = make_look(gate, i, &now, what, diags);

		if (error)
			return error;
		if (!now.is_here)
			continue; /* said by adopt_interface() */
		if (gate->stamp.hooks == HOOKS_BOTH)
			error = make_attach_tc(gate, i, program, tc, what, diags);
		if (!error && !now.xdp_program)
			error = gro_claim(gate, i, what, diags);
		if (!error && !now.xdp_program)
			error = attach_xdp(gate->directory, i, interface,
					   object->xdp[gate_xdp_direction(interface)], replace,
					   what, diags);
		if (!error && gate->stamp.hooks == HOOKS_BOTH)
			error = ahead_overtake(gate->directory, i, interface, program, what, diags);
		if (!error)
			error = gro_settle(gate, i, what, diags);
		if (error)
			return error;
	}
	return 0;
}

/* One try, with or without multi-buffer support. `remains`: why one that failed could not be undone. */
static int make_try(const struct stamp *stamp, const struct make_wish *from, struct gate *gate,
		    struct object *object, const char *what, struct diags *diags,
		    struct diags *remains)
{
	struct object_wish wish = make_object_wish(stamp);
	cleanup(object_close) struct object loaded = { 0 };
	cleanup(gate_close) struct gate made = GATE_CLOSED;
	char directory[PINS_PATH_SIZE];
	int error = object_load(&wish, &loaded, what, diags);

	if (error)
		return error;
	error = make_folder(stamp, &loaded, what, diags);
	if (error)
		return error;
	pins_gate(directory, stamp->netns_cookie, stamp->interfaces[0].name);
	error = gate_open(directory, what, &made, diags);
	if (!error)
		error = make_attach(&made, &loaded, from->tc, from->replace, what, diags);
	if (error) {
		if (made.word)
			make_undone(&made, what, remains);
		else
			make_removed(directory, what, remains);
		return error;
	}
	runs_pin(&made, &loaded, what, diags);
	*gate = made;
	made = (struct gate)GATE_CLOSED;
	*object = loaded;
	loaded = (struct object){ 0 };
	return 0;
}

/* An error of which no driver is the cause: another program would fail as well. */
static bool make_is_no_drivers(int error)
{
	return error == -EBUSY || error == -EEXIST || error == -EPERM || error == -ENOMEM ||
	       error == -ENOSPC;
}

int make_gate(const struct make_wish *wish, struct gate *gate, struct object *object,
	      const char *what, struct diags *diags)
{
	struct diags first = { 0 }, remains = { 0 };
	struct stamp stamp;
	int error = make_stamp(wish, &stamp, what, diags);

	/* one that is refused is known before anything is attached to another */
	for (unsigned int i = 0; !error && i < wish->interface_count; i++)
		error = replace_check(wish->replace, &wish->interfaces[i], what, diags);
	if (error)
		return error;
	/* jumbo frames need a multi-buffer program; a driver without them may refuse one */
	stamp.multi_buffer = 1;
	error = make_try(&stamp, wish, gate, object, what, &first, &remains);
	if (error && !make_is_no_drivers(error) && !remains.failed) {
		diags_clear(&first);
		stamp.multi_buffer = 0;
		error = make_try(&stamp, wish, gate, object, what, &first, &remains);
	}
	diags_move(diags, &first);
	diags_move(diags, &remains);
	/* not between the tries: whoever was replaced has been off for long enough */
	if (error)
		replace_give_back(wish->replace, what, diags);
	return error;
}

int make_check(const struct make_wish *wish, const char *what, struct diags *diags)
{
	char finished[PINS_PATH_SIZE];
	int error;

	pins_gate(finished, netns_cookie(), wish->interfaces[0].name);
	error = make_is_free(finished, what, diags);
	for (unsigned int i = 0; !error && i < wish->interface_count; i++)
		error = replace_check(wish->replace, &wish->interfaces[i], what, diags);
	return error;
}

/* Our programs in the place of another edgegate's. */
static int make_upgrade(struct gate *gate, const char *what, struct diags *diags)
{
	cleanup(object_close) struct object loaded = { 0 };
	struct object_wish wish = make_object_wish(&gate->stamp);
	int error;

	wish.map_fds = gate->maps;
	error = object_load(&wish, &loaded, what, diags);
	if (!error)
		error = upgrade_begin(gate, &loaded, what, diags);
	if (!error)
		runs_pin(gate, &loaded, what, diags);
	return error;
}

/* By instances of their own: TCX takes no program twice, and the head is taken by another one. */
static int make_attach_lost(struct gate *gate, enum attach_tc tc, struct replace *replace,
			    const char *what, struct diags *diags)
{
	cleanup(object_close) struct object loaded = { 0 };
	struct object_wish wish = make_object_wish(&gate->stamp);
	int error;

	wish.map_fds = gate->maps;
	error = object_load(&wish, &loaded, what, diags);
	if (!error)
		error = make_attach(gate, &loaded, tc, replace, what, diags);
	if (error)
		replace_give_back(replace, what, diags);
	else
		runs_pin(gate, &loaded, what, diags);
	return error;
}

/* What is attached, after what an apply that was killed has begun at tc is finished. */
static int make_settle(const struct gate *gate, unsigned int index, struct gate_attachment *now,
		       const char *what, struct diags *diags)
{
	const struct stamp_interface *interface = &gate->stamp.interfaces[index];
	int error = ahead_settle(gate->directory, index);

	if (!error) {
		error = make_look(gate, index, now, what, diags);
		if (error)
			return error;
		if (now->is_here)
			error = attach_settle(gate->directory, index, interface);
	}
	if (error) {
		diag_system(diags, -error, what,
			    "cannot finish what an apply that was killed began at tc on %s",
			    interface->name);
		diag_hint(diags, "apply again; what is in force stays in force");
	}
	return error;
}

int make_whole(struct gate *gate, enum attach_tc tc, struct replace *replace, bool *replaced,
	       const char *what, struct diags *diags)
{
	bool whole = true, due = upgrade_is_due(gate);
	/* all or none */
	int error = adopt_check(gate, replace, what, diags);

	*replaced = false;
	for (unsigned int i = 0; !error && i < gate->stamp.interface_count; i++) {
		const struct stamp_interface *interface = &gate->stamp.interfaces[i];
		struct gate_attachment now;

		error = adopt_interface(gate, i, what, diags);
		if (!error)
			error = make_settle(gate, i, &now, what, diags);
		if (error)
			return error;
		if (now.is_here && (now.is_lost || interface->gro == GRO_CLAIMED ||
				    (gate->stamp.hooks == HOOKS_BOTH &&
				     (now.tc != (enum tc_kind)interface->tc ||
				      ahead_is_any(interface, now.tc_program)))))
			whole = false;
	}
	if (!error && due)
		error = make_upgrade(gate, what, diags);
	if (!error && !whole)
		error = make_attach_lost(gate, tc, replace, what, diags);
	if (!error && due)
		error = upgrade_end(gate, what, diags);
	else if (!error &&
		 whole) /* an edgegate that was killed, or knew nothing of them, has left them out */
		runs_pin(gate, NULL, what, diags);
	*replaced = !error && due;
	return error;
}
