// SPDX-License-Identifier: GPL-2.0-only
/* Loading, publishing, and what runs are counted by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

static void prog_must(int error, struct diags *diags, const char *what)
{
	autofree char *said = NULL;

	if (error) {
		said = diag_text_all(diags);
		fail_msg("cannot %s: %d: %s", what, error, said ? said : "");
	}
	diags_clear(diags);
}

static void prog_load(struct prog *prog, const struct object_wish *wish)
{
	struct diags diags = { 0 };

	memset(prog, 0, sizeof(*prog));
	prog->epoch_shift = wish->epoch_shift;
	prog_must(object_load(wish, &prog->object, "load", &diags), &diags, "load");
	prog->word = state_map(prog->object.maps[MAP_MEMORY]);
	prog->rules = calloc(RULE_SLOTS, sizeof(*prog->rules));
	prog->outcomes = calloc(OUTCOME_COUNTERS, sizeof(*prog->outcomes));
	if (!prog->word || !prog->rules || !prog->outcomes)
		fail_msg("no memory, or no state word");
	prog_no_policy(prog);
	prog_reset(prog);
}

static const struct object_wish prog_wish = {
	.xdp = { true, true },
	.tc = { true, true },
	.testing = true,
	.hz = PROG_HZ,
	.flows_max = PROG_FLOWS_MAX,
	.epoch_shift = PROG_EPOCH_SHIFT,
};

void prog_open(struct prog *prog, bool multi_buffer)
{
	struct object_wish wish = prog_wish;

	wish.multi_buffer = multi_buffer;
	prog_load(prog, &wish);
}

void prog_open_sized(struct prog *prog, uint32_t flows_max, uint32_t epoch_shift)
{
	struct object_wish wish = prog_wish;

	wish.flows_max = flows_max;
	wish.epoch_shift = epoch_shift;
	prog_load(prog, &wish);
}

void prog_close(struct prog *prog)
{
	prog_check_sum(prog);
	for (size_t i = 0; i < SLOT_COUNT; i++)
		image_free(&prog->images[i]);
	free(prog->rules);
	free(prog->outcomes);
	state_unmap(&prog->word);
	object_close(&prog->object);
}

/* ---- policies ---------------------------------------------------------------------------------- */

static void prog_store(struct prog *prog, const struct state *state)
{
	if (!state_swap(prog->word, state_read(prog->word), state_pack(state)))
		fail_msg("somebody else wrote the state word");
}

struct image_running prog_running(const struct prog *prog)
{
	struct state state = state_unpack(state_read(prog->word));
	struct image_running running = { .counts = prog->rules };

	if (!prog->without_marks)
		running.epoch = (1ull << prog->epoch_shift) / PROG_HZ;
	if (state.live != SLOT_NONE)
		running.kept[0] = prog->images[state.live].listing;
	if (state.former != SLOT_NONE)
		running.kept[1] = prog->images[state.former].listing;
	return running;
}

void prog_image(struct prog *prog, struct image *image)
{
	struct state state = state_unpack(state_read(prog->word));
	struct diags diags = { 0 };
	unsigned int slot = 0;

	while (slot == state.live || slot == state.former)
		slot++;
	prog_must(publish_fill(prog->object.maps, NULL, slot, image, &prog->object, "fill", &diags),
		  &diags, "fill a slot");
	image_free(&prog->images[slot]);
	prog->images[slot] = *image;
	memset(image, 0, sizeof(*image));
	state.former = state.live;
	state.former_mode = state.mode;
	state.live = slot;
	state.mode = MODE_ENFORCE;
	prog_store(prog, &state);
}

static void prog_publish(struct prog *prog, const struct policy *policy)
{
	struct image_running running = prog_running(prog);
	struct diags diags = { 0 };
	struct image image = { 0 };

	prog_must(image_compile(policy, &running, &image, &diags), &diags, "compile");
	prog_image(prog, &image);
}

void prog_policy(struct prog *prog, const char *text)
{
	struct diags diags = { 0 };
	struct policy *policy;

	prog_must(policy_parse("test.yaml", text, strlen(text), &policy, &diags), &diags, "parse");
	prog_publish(prog, policy);
	policy_free(policy);
}

void prog_policies(struct prog *prog, const char *const *names, size_t count)
{
	struct diags diags = { 0 };
	struct policy *policy;

	prog_must(policy_load(names, count, NULL, 0, &policy, &diags), &diags, "load a policy");
	prog_publish(prog, policy);
	policy_free(policy);
}

void prog_setup(struct prog *prog, const char *policy_text)
{
	prog_open(prog, false);
	if (policy_text)
		prog_policy(prog, policy_text);
}

void prog_rollback(struct prog *prog)
{
	struct state state = state_unpack(state_read(prog->word));
	struct state back = { .live = state.former,
			      .former = state.live,
			      .mode = state.former_mode,
			      .former_mode = state.mode };

	prog_store(prog, &back);
}

void prog_mode(struct prog *prog, enum mode mode)
{
	struct state state = state_unpack(state_read(prog->word));

	state.mode = mode;
	prog_store(prog, &state);
}

void prog_no_policy(struct prog *prog)
{
	prog_store(prog, &(struct state){ .live = SLOT_NONE, .former = SLOT_NONE });
}

void prog_slot(struct prog *prog, unsigned int live)
{
	prog_store(prog, &(struct state){ .live = live, .former = SLOT_NONE });
}

struct state prog_state(const struct prog *prog)
{
	return state_unpack(state_read(prog->word));
}

void prog_set_state(struct prog *prog, const struct state *state)
{
	prog_store(prog, state);
}

void prog_session(struct prog *prog, unsigned int place, const char *words)
{
	static struct frame_bytes frame;
	char varied[FRAME_TEXT_MAX];
	bool six = prog->family == 6;
	const size_t size = six ? 16 : 4, source = six ? 22 : 26, ports = six ? 54 : 34;
	struct session session = { .family = six ? 6 : 4 };

	frame_vary(words, prog->family, "", varied);
	frame_write(varied, &frame);
	memcpy(frame.out ? session.local : session.remote, frame.bytes + source, size);
	memcpy(frame.out ? session.remote : session.local, frame.bytes + source + size, size);
	memcpy(frame.out ? &session.local_port : &session.remote_port, frame.bytes + ports, 2);
	memcpy(frame.out ? &session.remote_port : &session.local_port, frame.bytes + ports + 2, 2);
	state_memory(prog->word)->sessions[place - 1] = session;
}

/* ---- what is remembered ------------------------------------------------------------------------ */

static size_t flows_walk(int fd, bool forget)
{
	struct flow6_key key, next; /* the larger of the two keys */
	size_t count = 0;
	void *from = NULL;

	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		count++;
		if (forget) {
			bpf_map_delete_elem(fd, &next);
			continue;
		}
		key = next;
		from = &key;
	}
	return count;
}

size_t prog_flows(const struct prog *prog)
{
	return flows_walk(prog->object.maps[MAP_FLOWS4], false) +
	       flows_walk(prog->object.maps[MAP_FLOWS6], false);
}

/* Keys are built from the frame's bytes: an independent reading of what flows.h does. */
bool prog_flow(const struct prog *prog, const char *words, struct flow *flow)
{
	static struct frame_bytes written;
	struct frame_bytes *frame = &written;
	char varied[FRAME_TEXT_MAX];
	struct flow6_key key = { .protocol = 0 };
	bool found;
	uint8_t *ip = frame->bytes + 14;
	bool six;

	frame_vary(words, prog->family, "", varied);
	frame_write(varied, frame);
	six = ip[0] >> 4 == 6;
	if (six) {
		memcpy(key.local, ip + (frame->out ? 8 : 24), 16);
		memcpy(key.remote, ip + (frame->out ? 24 : 8), 16);
		key.protocol = ip[6];
		if (key.protocol == 58)
			memcpy(&key.local_port, ip + 40 + 4, 2);
		else if (key.protocol == 6 || key.protocol == 17 || key.protocol == 132)
			memcpy(&key.local_port, ip + 40 + (frame->out ? 0 : 2), 2),
				memcpy(&key.remote_port, ip + 40 + (frame->out ? 2 : 0), 2);
		found = bpf_map_lookup_elem(prog->object.maps[MAP_FLOWS6], &key, flow) == 0;
	} else {
		struct flow4_key four = { .protocol = ip[9] };

		memcpy(&four.local, ip + (frame->out ? 12 : 16), 4);
		memcpy(&four.remote, ip + (frame->out ? 16 : 12), 4);
		if (four.protocol == 1)
			memcpy(&four.local_port, ip + 20 + 4, 2);
		else if (four.protocol == 6 || four.protocol == 17 || four.protocol == 132)
			memcpy(&four.local_port, ip + 20 + (frame->out ? 0 : 2), 2),
				memcpy(&four.remote_port, ip + 20 + (frame->out ? 2 : 0), 2);
		found = bpf_map_lookup_elem(prog->object.maps[MAP_FLOWS4], &four, flow) == 0;
	}
	return found;
}

static void fragments_forget(struct prog *prog)
{
	int fd = prog->object.maps[MAP_FRAGMENTS];
	struct fragment_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

static void marks_forget(struct prog *prog)
{
	static struct flow_marks empty[512];
	static uint32_t keys[PROG_COUNT(empty)];
	int fd = prog->object.maps[MAP_FLOW_MARKS];
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), count;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		fail_msg("cannot ask for the size of flow_marks");
	for (uint32_t at = 0; at < info.max_entries; at += count) {
		count = info.max_entries - at < PROG_COUNT(keys) ? info.max_entries - at :
								   (uint32_t)PROG_COUNT(keys);
		for (uint32_t i = 0; i < count; i++)
			keys[i] = at + i;
		if (bpf_map_update_batch(fd, keys, empty, &count, &options) || !count)
			fail_msg("cannot empty flow_marks");
	}
}

void prog_reset(struct prog *prog)
{
	struct gate_memory *memory = (struct gate_memory *)prog->word; /* its first member */

	flows_walk(prog->object.maps[MAP_FLOWS4], true);
	flows_walk(prog->object.maps[MAP_FLOWS6], true);
	fragments_forget(prog);
	prog_forget_limits(prog);
	marks_forget(prog);
	if (memory)
		memory->dhcp_asked[0] = memory->dhcp_asked[1] = 0;
	prog->now = PROG_BEGIN;
	prog->frame_len = 0;
	prog->hooks[DIRECTION_IN] = prog->hooks[DIRECTION_OUT] = PROG_BOTH;
	prog->ways = PROG_WAYS;
	prog->family = 4;
	prog->more = "";
}

void prog_wait(struct prog *prog, unsigned int seconds)
{
	prog->now += (uint64_t)seconds * PROG_HZ;
}
