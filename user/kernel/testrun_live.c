// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"
#include "user/kernel/testrun_live.h"

#define NANOSECONDS 1000000000ull
#define TRIES 3

/* ---- what is in force ------------------------------------------------------------------------------ */

/* Hangs an inner map of the gate into slot 0 of ours. Programs never write it: it is only read. */
static int live_share(const struct testrun_gate *own, const struct gate *gate, unsigned int slot,
		      enum object_map map)
{
	char path[PINS_PATH_SIZE];
	autoclose int fd = -1;
	uint32_t zero = 0;

	pins_path(path, gate->directory, "slot%u-%s", slot, object_map_names[map]);
	fd = bpf_obj_get(path);
	if (fd < 0) /* a policy without prefixes has none */
		return errno == ENOENT ? 0 : -errno;
	return bpf_map_update_elem(testrun_maps(own)[map], &zero, &fd, BPF_ANY) ? -errno : 0;
}

static int live_copy(struct testrun_gate *own, const struct gate *gate, unsigned int slot,
		     struct image *image)
{
	struct gate_memory *to = testrun_memory(own);
	const struct gate_memory *from = state_memory(gate->word);
	int error;

	memcpy(&to->generations[0], &from->generations[slot], sizeof(to->generations[0]));
	/* the flow that is taken along has no mark here */
	to->generations[0].settings.flags &= ~SETTING_FLOW_MARKS;
	error = live_share(own, gate, slot, MAP_TUPLES);
	if (!error)
		error = live_share(own, gate, slot, MAP_PREFIXES4);
	if (!error)
		error = live_share(own, gate, slot, MAP_PREFIXES6);
	return error ? error : readback(gate, slot, image);
}

int testrun_copy_live(struct testrun_gate *own, const struct gate *gate, struct image *image,
		      struct state *state, const char *what, struct diags *diags)
{
	struct state live = { .live = 0, .former = SLOT_NONE, .mode = MODE_ENFORCE };
	cleanup(image_free) struct image read = { 0 };
	int error = -EAGAIN;

	for (int i = 0; error == -EAGAIN && i < TRIES; i++) {
		uint64_t word = state_settled(gate->word);
		unsigned int slot;

		*state = state_unpack(word);
		slot = state_judges_by(state);
		if (slot == SLOT_NONE)
			return -ENOENT;
		image_free(&read);
		error = live_copy(own, gate, slot, &read);
		/* an apply meanwhile may have filled the slot anew */
		if (state_settled(gate->word) != word)
			error = -EAGAIN;
	}
	if (error) {
		diag_system(diags, -error, what, "cannot copy what is in force");
		diag_hint(diags, "try again");
		/* -ENOENT is no policy's */
		return error == -ENOENT ? -EIO : error;
	}
	live.emergency = state->emergency;
	live.session = state->session;
	memcpy(testrun_memory(own)->sessions, state_memory(gate->word)->sessions,
	       sizeof(testrun_memory(own)->sessions));
	testrun_set_state(own, &live);
	*image = read;
	read = (struct image){ 0 };
	return 0;
}

/* When the host last asked for an address. */
static void live_copy_requests(struct testrun_gate *own, const struct gate *gate)
{
	struct gate_memory *to = testrun_memory(own);
	const struct gate_memory *from = state_memory(gate->word);

	memcpy(to->dhcp_asked, from->dhcp_asked, sizeof(to->dhcp_asked));
}

/* ---- what it remembers ----------------------------------------------------------------------------- */

/* What the gate doesn't have is not here either, whatever a packet before has left. */
static int live_forget(const struct testrun_gate *own, enum object_map map, const void *key)
{
	return bpf_map_delete_elem(testrun_maps(own)[map], key) && errno != ENOENT ? -errno : 0;
}

static int live_copy_entry(const struct testrun_gate *own, const struct gate *gate,
			   enum object_map map, const void *key, void *value)
{
	if (bpf_map_lookup_elem(gate->maps[map], key, value))
		return errno == ENOENT ? live_forget(own, map, key) : -errno;
	return bpf_map_update_elem(testrun_maps(own)[map], key, value, BPF_ANY) ? -errno : 0;
}

static int live_copy_flow(const struct testrun_gate *own, const struct gate *gate,
			  const struct testrun_subject *subject)
{
	struct flow6_key six = { .protocol = subject->protocol };
	struct flow4_key four = { .protocol = subject->protocol };
	struct flow flow;

	if (subject->family == 6) {
		memcpy(six.local, subject->local, sizeof(six.local));
		memcpy(six.remote, subject->remote, sizeof(six.remote));
		six.local_port = htons(subject->local_port);
		six.remote_port = htons(subject->remote_port);
		return live_copy_entry(own, gate, MAP_FLOWS6, &six, &flow);
	}
	memcpy(&four.local, subject->local, sizeof(four.local));
	memcpy(&four.remote, subject->remote, sizeof(four.remote));
	four.local_port = htons(subject->local_port);
	four.remote_port = htons(subject->remote_port);
	return live_copy_entry(own, gate, MAP_FLOWS4, &four, &flow);
}

static int live_copy_fragment(const struct testrun_gate *own, const struct gate *gate,
			      const struct testrun_subject *subject)
{
	bool in = subject->direction == DIRECTION_IN;
	size_t size = subject->family == 4 ? 4 : 16;
	struct fragment_key key = {
		.identification = subject->family == 4 ? htons((uint16_t)subject->fragment_id) :
							 htonl(subject->fragment_id),
		.protocol = subject->protocol,
		.family = (uint8_t)subject->family,
		.direction = (uint8_t)subject->direction,
	};
	struct fragment fragment;

	if (!subject->is_fragment)
		return 0;
	memcpy(key.source, in ? subject->remote : subject->local, size);
	memcpy(key.destination, in ? subject->local : subject->remote, size);
	return live_copy_entry(own, gate, MAP_FRAGMENTS, &key, &fragment);
}

/*
 * A bucket says when it is full again, by the kernel's nanoseconds; here time is jiffies. One that was
 * never used has no entry; one that is full is 0, whenever that was.
 */
static int live_copy_bucket(const struct testrun_gate *own, const struct gate *gate,
			    enum object_map map, const void *key, uint64_t now)
{
	uint64_t full_at, ticks, jiffy = NANOSECONDS / gate->stamp.hz;
	struct timespec time;

	if (bpf_map_lookup_elem(gate->maps[map], key, &full_at))
		return errno == ENOENT ? live_forget(own, map, key) : -errno;
	clock_gettime(CLOCK_MONOTONIC, &time);
	ticks = ((uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec) * LIMIT_TICKS;
	full_at = full_at > ticks ? full_at - ticks + now * jiffy * LIMIT_TICKS : 0;
	return bpf_map_update_elem(testrun_maps(own)[map], key, &full_at, BPF_ANY) ? -errno : 0;
}

static int live_copy_buckets(const struct testrun_gate *own, const struct gate *gate, uint64_t now,
			     const struct testrun_subject *subject)
{
	const struct generation *generation = &testrun_memory(own)->generations[0];
	struct limit_key key = { .family = (uint16_t)subject->family };
	int error = 0;

	memcpy(key.address, subject->remote, subject->family == 4 ? 4 : 8);
	for (uint32_t slot = 0; !error && slot < RULE_SLOTS; slot++) {
		const struct rule_extra *extra = &generation->extras[slot];

		if (!extra->interval)
			continue;
		key.slot = (uint16_t)slot;
		if (extra->flags & EXTRA_PER_SOURCE)
			error = live_copy_bucket(own, gate, MAP_LIMIT_SOURCES, &key, now);
		else
			error = live_copy_bucket(own, gate, MAP_LIMITS, &slot, now);
	}
	return error;
}

int testrun_copy_state(struct testrun_gate *own, const struct gate *gate, uint64_t now,
		       const struct testrun_subject *subject, const char *what, struct diags *diags)
{
	int error = live_copy_flow(own, gate, subject);

	live_copy_requests(own, gate);
	if (!error)
		error = live_copy_fragment(own, gate, subject);
	if (!error)
		error = live_copy_buckets(own, gate, now, subject);
	if (error) {
		diag_system(diags, -error, what, "cannot copy what the gate remembers");
		diag_hint(diags, "try again");
	}
	return error;
}
