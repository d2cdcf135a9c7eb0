// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies come into force without waiting for packets under way, of which there are none: the maps of
 * each slot are made once and filled anew, not exchanged. That is thirty times as fast as prog_policy(),
 * which still takes every so many policies, and those that have more tuples than there is room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/property/property.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

#define TUPLES_ROOM 16384u
#define PREFIXES_ROOM 4096u
#define SLOWLY_EVERY 128u

static int map_make(enum bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t room,
		    uint32_t flags, int outer, uint32_t slot)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(type, "property", key_size, value_size, room, &options);

	if (fd < 0 || bpf_map_update_elem(outer, &slot, &fd, BPF_ANY))
		fail_msg("cannot make a map");
	return fd;
}

static void slot_close(struct property_slot *slot)
{
	for (unsigned int i = 0; slot->ours && i < PROPERTY_MAPS; i++)
		close(slot->maps[i]);
	slot->ours = false;
}

static void slot_open(struct property *property, uint32_t number)
{
	struct property_slot *slot = &property->slot[number];
	const int *outer = property->prog.object.maps;

	if (slot->ours)
		return;
	slot->maps[0] = map_make(BPF_MAP_TYPE_HASH, sizeof(struct tuple), sizeof(uint16_t),
				 TUPLES_ROOM, 0, outer[MAP_TUPLES], number);
	slot->maps[1] = map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct prefix4), 1, PREFIXES_ROOM,
				 BPF_F_NO_PREALLOC, outer[MAP_PREFIXES4], number);
	slot->maps[2] = map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct prefix6), 1, PREFIXES_ROOM,
				 BPF_F_NO_PREALLOC, outer[MAP_PREFIXES6], number);
	slot->ours = true;
}

static void map_clear(int fd)
{
	struct prefix6 key; /* the largest of the three keys */

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

static void map_put(int fd, const void *key, const void *value)
{
	if (bpf_map_update_elem(fd, key, value, BPF_NOEXIST))
		fail_msg("cannot fill a map");
}

static void slot_fill(struct property_slot *slot, const struct image *image)
{
	const uint8_t one = 1;

	for (unsigned int i = 0; i < PROPERTY_MAPS; i++)
		map_clear(slot->maps[i]);
	for (size_t i = 0; i < image->tuple_count; i++)
		map_put(slot->maps[0], &image->tuples[i].key, &image->tuples[i].entry);
	for (size_t i = 0; i < image->prefix4_count; i++)
		map_put(slot->maps[1], &image->prefixes4[i], &one);
	for (size_t i = 0; i < image->prefix6_count; i++)
		map_put(slot->maps[2], &image->prefixes6[i], &one);
}

static void compile(struct property *property, const char *text, struct image *image)
{
	struct image_running running = prog_running(&property->prog);
	struct diags diags = { 0 };
	struct policy *policy;

	if (policy_parse("property.yaml", text, strlen(text), &policy, &diags) ||
	    image_compile(policy, &running, image, &diags))
		fail_msg("cannot compile: %s\n%s", diag_text_all(&diags), text);
	policy_free(policy);
	diags_clear(&diags);
}

static void publish(struct property *property, const char *text)
{
	struct prog *prog = &property->prog;
	struct state state = state_unpack(state_read(prog->word));
	struct image image = { 0 };
	unsigned int slot = 0;

	while (slot == state.live || slot == state.former)
		slot++;
	compile(property, text, &image);
	if (image.tuple_count > TUPLES_ROOM || property->publishes % SLOWLY_EVERY == 0) {
		slot_close(&property->slot[slot]);
		prog_image(prog, &image);
		return;
	}
	if (!image.generation) {
		fail_msg("an image without a generation");
		return;
	}
	slot_open(property, slot);
	slot_fill(&property->slot[slot], &image);
	memcpy(&state_memory(prog->word)->generations[slot], image.generation,
	       sizeof(*image.generation));
	image_free(&prog->images[slot]);
	prog->images[slot] = image;
	state.former = state.live;
	state.live = slot;
	if (!state_swap(prog->word, state_read(prog->word), state_pack(&state)))
		fail_msg("somebody else wrote the state word");
}

void property_put_in_force(struct property *property, unsigned int policy)
{
	if (state_unpack(state_read(property->prog.word)).live != property->slots[policy])
		prog_rollback(&property->prog);
}

/* Live and former are the two policies, so that a rollback changes from one to the other. */
void property_publish(struct property *property, char *texts[POLICIES])
{
	for (unsigned int i = 0; i < POLICIES; i++) {
		if (property->texts[i] && strcmp(property->texts[i], texts[i]) == 0)
			continue;
		if (property->texts[!i])
			property_put_in_force(property, !i); /* is kept as the former */
		publish(property, texts[i]);
		property->slots[i] = state_unpack(state_read(property->prog.word)).live;
		property->publishes++;
		free(property->texts[i]);
		property->texts[i] = strdup(texts[i]);
	}
}

void property_open(struct property *property)
{
	memset(property, 0, sizeof(*property));
	prog_open(&property->prog, false);
	property->model = model_new();
}

void property_close(struct property *property)
{
	for (unsigned int i = 0; i < SLOT_COUNT; i++)
		slot_close(&property->slot[i]);
	for (unsigned int i = 0; i < POLICIES; i++)
		free(property->texts[i]);
	model_free(property->model);
	prog_close(&property->prog);
}
