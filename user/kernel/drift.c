// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>

#include "user/base/cleanup.h"
#include "user/image/image.h"
#include "user/kernel/drift.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

/* The id of the inner map that programs find in a slot; 0: none. */
static uint32_t drift_hung(const struct gate *gate, enum object_map outer, unsigned int slot)
{
	uint32_t id;

	return bpf_map_lookup_elem(gate->maps[outer], &slot, &id) ? 0 : id;
}

/* The id of the inner map that is pinned for a slot; 0: none. */
static uint32_t drift_pinned(const struct gate *gate, enum object_map outer, unsigned int slot)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	char path[PINS_PATH_SIZE];
	autoclose int fd = -1;

	pins_path(path, gate->directory, "slot%u-%s", slot, object_map_names[outer]);
	fd = bpf_obj_get(path);
	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* Programs go by the arrays of maps, readers by pins: both must mean the same map. */
static uint32_t drift_exchanged(const struct gate *gate, unsigned int slot)
{
	static const struct {
		enum object_map outer;
		enum listing_part part;
	} inner[] = {
		{ MAP_TUPLES, PART_TUPLES },
		{ MAP_PREFIXES4, PART_PREFIXES4 },
		{ MAP_PREFIXES6, PART_PREFIXES6 },
	};
	uint32_t parts = 0;

	for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++)
		if (drift_hung(gate, inner[i].outer, slot) !=
		    drift_pinned(gate, inner[i].outer, slot))
			parts |= PART_BIT(inner[i].part);
	return parts;
}

int drift_find_slot(const struct gate *gate, unsigned int slot, uint32_t *parts)
{
	autofree struct listing_header *listing = NULL;
	cleanup(image_free) struct image image = { 0 };
	uint32_t found = drift_exchanged(gate, slot);
	__u64 hashes[PARTS_HASHED];
	int error = gate_listing(gate, slot, &listing);

	/* without what was applied there is nothing to compare with */
	if (error == -EPROTO || (!error && !listing)) {
		*parts = found | PART_BIT(error ? PART_LISTING : PART_STATE);
		return 0;
	}
	if (error)
		return error;
	error = readback(gate, slot, &image);
	if (error == -ENOENT) { /* the pin of the tuples is gone */
		*parts = found | PART_BIT(PART_TUPLES);
		return 0;
	}
	if (error)
		return error;
	image_hash_parts(&image, hashes);
	for (int i = 0; i < PARTS_HASHED; i++)
		if (hashes[i] != listing->parts[i])
			found |= PART_BIT(i);
	*parts = found;
	return 0;
}

int drift_find(const struct gate *gate, uint64_t word, uint32_t *parts)
{
	const struct state state = state_unpack(word);
	autofree struct listing_header *listing = NULL;
	uint32_t found = 0;
	int error;

	if (state.live < SLOT_COUNT) {
		error = drift_find_slot(gate, state.live, &found);
		if (!error)
			error = gate_listing(gate, state.live, &listing);
		if (error && error != -EPROTO)
			return error;
	}
	if (!state_is_sound(word) || (listing && listing->mode != (uint32_t)state.mode))
		found |= PART_BIT(PART_STATE);
	*parts = found;
	return 0;
}
