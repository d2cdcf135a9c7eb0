// SPDX-License-Identifier: GPL-2.0-only
#include "user/image/lookup.h"

#include <errno.h>
#include <stdlib.h>

int lookup_begin(struct lookup *lookup, const struct image *image)
{
	*lookup = (struct lookup){ .image = image };
	if (image_ranges(image, 4, &lookup->ranges[0], &lookup->counts[0]) ||
	    image_ranges(image, 6, &lookup->ranges[1], &lookup->counts[1])) {
		lookup_end(lookup);
		return -ENOMEM;
	}
	return 0;
}

void lookup_end(struct lookup *lookup)
{
	free(lookup->ranges[0]);
	free(lookup->ranges[1]);
	*lookup = (struct lookup){ 0 };
}

static int lookup_compare(const void *one, const void *two)
{
	return image_tuple_compare(one, &((const struct image_tuple *)two)->key);
}

uint16_t lookup_entry(const struct lookup *lookup, enum direction direction, uint8_t protocol,
		      uint16_t port)
{
	const struct tuple key = { (uint8_t)direction, protocol, port };
	const struct image *image = lookup->image;
	const struct image_tuple *found = image->tuple_count ?
						  bsearch(&key, image->tuples, image->tuple_count,
							  sizeof(*image->tuples), lookup_compare) :
						  NULL;

	return found ? found->entry : 0;
}

bool lookup_in_set(const struct lookup *lookup, int family, uint32_t set, const uint32_t address[4])
{
	return set == SET_ANY ||
	       image_ranges_find(lookup->ranges[family == 6], lookup->counts[family == 6],
				 (uint16_t)set, image_address_number(family, address));
}

bool lookup_is_peer(const struct generation *generation, uint32_t peers, uint16_t port)
{
	for (uint32_t i = peers; i < PEERS_MAX && generation->peers[i].last; i++)
		if (port >= generation->peers[i].first && port <= generation->peers[i].last)
			return true;
	return false;
}

const uint16_t *lookup_list(const struct generation *generation, uint16_t entry, uint32_t *count)
{
	uint32_t list = generation->lists[entry & (LISTS_MAX - 1)];
	uint32_t first = list & LIST_FIRST_MASK & (CANDIDATES_MAX - 1);
	uint32_t length = (list >> LIST_LENGTH_SHIFT) + 1;

	*count = length < CANDIDATES_MAX - first ? length : CANDIDATES_MAX - first;
	return &generation->candidates[first];
}
