// SPDX-License-Identifier: GPL-2.0-only
/* Hashes of an image, part by part. */
#include <string.h>

#include "user/base/hash.h"
#include "user/image/image.h"

/* No part has padding: user/image/compile.c asserts it of those that programs read. */
_Static_assert(sizeof(struct image_tuple) == 6, "a tuple and its entry have no padding");

#define PARTS_OF(field) hash_add(HASH_START, field, sizeof(field))

/* The listing, without the hashes in it. */
static uint64_t parts_listing(const struct listing_header *listing)
{
	struct listing_header header = *listing;
	uint64_t hash;

	memset(header.parts, 0, sizeof(header.parts));
	hash = hash_add(HASH_START, &header, sizeof(header));
	return hash_add(hash, listing + 1, listing->size - sizeof(header));
}

void image_hash_parts(const struct image *image, __u64 parts[PARTS_HASHED])
{
	const struct generation *generation = image->generation;
	__u64 made[PARTS_HASHED] = {
		[PART_SETTINGS] =
			hash_add(HASH_START, &generation->settings, sizeof(generation->settings)),
		[PART_SCOPES] = hash_add(PARTS_OF(generation->scopes), generation->shapes,
					 sizeof(generation->shapes)),
		[PART_EXTRAS] = PARTS_OF(generation->extras),
		[PART_PEERS] = PARTS_OF(generation->peers),
		[PART_LISTS] = PARTS_OF(generation->lists),
		[PART_CANDIDATES] = PARTS_OF(generation->candidates),
		[PART_TABLE] = PARTS_OF(generation->table),
		[PART_TUPLES] = hash_add(HASH_START, image->tuples,
					 image->tuple_count * sizeof(*image->tuples)),
		[PART_PREFIXES4] = hash_add(HASH_START, image->prefixes4,
					    image->prefix4_count * sizeof(*image->prefixes4)),
		[PART_PREFIXES6] = hash_add(HASH_START, image->prefixes6,
					    image->prefix6_count * sizeof(*image->prefixes6)),
		[PART_LISTING] = parts_listing(image->listing),
	};

	/* the listing's own may be where they go */
	memcpy(parts, made, sizeof(made));
}
