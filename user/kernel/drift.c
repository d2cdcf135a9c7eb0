// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>

#include "user/base/cleanup.h"
#include "user/image/image.h"
#include "user/kernel/drift.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

/* The id of the inner map that programs find in a slot; 0: none. 0 or a negative errno. */
static int drift_hung(const struct gate *gate, enum object_map outer, unsigned int slot,
		      uint32_t *id)
{
	*id = 0;
	if (bpf_map_lookup_elem(gate->maps[outer], &slot, id) && errno != ENOENT)
		return -errno;
	return 0;
}

/* The same of the inner map that is pinned for a slot. */
static int drift_pinned(const struct gate *gate, enum object_map outer, unsigned int slot,
			uint32_t *id)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	autoclose int fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "slot%u-%s", slot, object_map_names[outer]);
	fd = gate_open_map(gate, name);
	*id = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*id = info.id;
	return 0;
}

/* Programs go by the arrays of maps, readers by pins: both must mean the same map. */
static int drift_exchanged(const struct gate *gate, unsigned int slot, uint32_t *parts)
{
	static const struct {
		enum object_map outer;
		enum listing_part part;
	} inner[] = {
		{ MAP_TUPLES, PART_TUPLES },
		{ MAP_PREFIXES4, PART_PREFIXES4 },
		{ MAP_PREFIXES6, PART_PREFIXES6 },
	};

	for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++) {
		uint32_t hung, pinned;
		int error = drift_hung(gate, inner[i].outer, slot, &hung);

		if (!error)
			error = drift_pinned(gate, inner[i].outer, slot, &pinned);
		if (error)
			return error;
		if (hung != pinned)
			*parts |= PART_BIT(inner[i].part);
	}
	return 0;
}

/* `image`: what stands in the slot, if it has been read; else NULL. */
static int drift_find_in(const struct gate *gate, unsigned int slot, const struct image *image,
			 uint32_t *parts)
{
	autofree struct listing_header *listing = NULL;
	cleanup(image_free) struct image read = { 0 };
	__u64 hashes[PARTS_HASHED];
	uint32_t found = 0;
	int error = drift_exchanged(gate, slot, &found);

	if (!error)
		error = gate_listing(gate, slot, &listing);
	/* without what was applied there is nothing to compare with */
	if (error == -EPROTO || (!error && !listing)) {
		*parts = found | PART_BIT(error ? PART_LISTING : PART_STATE);
		return 0;
	}
	if (error)
		return error;
	error = image ? 0 : readback(gate, slot, &read);
	if (error == -ENOENT) { /* the pin of the tuples is gone */
		*parts = found | PART_BIT(PART_TUPLES);
		return 0;
	}
	if (error)
		return error;
	image_hash_parts(image ? image : &read, hashes);
	for (int i = 0; i < PARTS_HASHED; i++)
		if (hashes[i] != listing->parts[i])
			found |= PART_BIT(i);
	*parts = found;
	return 0;
}

int drift_find_slot(const struct gate *gate, unsigned int slot, uint32_t *parts)
{
	return drift_find_in(gate, slot, NULL, parts);
}

int drift_find(const struct gate *gate, uint64_t word, const struct image *live, uint32_t *parts)
{
	const struct state state = state_unpack(word);
	autofree struct listing_header *listing = NULL;
	uint32_t found = 0;
	int error;

	if (state.live < SLOT_COUNT) {
		error = drift_find_in(gate, state.live, live, &found);
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
