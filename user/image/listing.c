// SPDX-License-Identifier: GPL-2.0-only
/* Reading a listing: one that was pinned may be another version's, so it is checked first. */
#include <stdbool.h>
#include <string.h>

#include "user/image/image.h"

static bool listing_string_is_inside(const char *block, size_t size, uint32_t offset)
{
	return offset < size && memchr(block + offset, '\0', size - offset);
}

bool listing_check(const void *block, size_t size)
{
	const struct listing_header *header = block;
	const struct listing_row *rows = (const void *)(header + 1);

	if (size < sizeof(*header) || header->magic != LISTING_MAGIC || header->size != size ||
	    header->row_count > (size - sizeof(*header)) / sizeof(*rows))
		return false;
	if (!listing_string_is_inside(block, size, header->policy) ||
	    !listing_string_is_inside(block, size, header->description))
		return false;
	for (uint32_t i = 0; i < header->row_count; i++) {
		const uint32_t strings[] = { rows[i].name,  rows[i].ports, rows[i].port_of,
					     rows[i].from,  rows[i].to,    rows[i].note,
					     rows[i].peers, rows[i].limit, rows[i].payload };

		if (rows[i].slot >= RULE_SLOTS || rows[i].direction >= DIRECTION_COUNT)
			return false;
		for (size_t n = 0; n < sizeof(strings) / sizeof(*strings); n++)
			if (!listing_string_is_inside(block, size, strings[n]))
				return false;
	}
	return true;
}

const struct listing_row *listing_rows(const struct listing_header *listing)
{
	return (const struct listing_row *)(listing + 1);
}

const char *listing_string(const struct listing_header *listing, uint32_t offset)
{
	return offset ? (const char *)listing + offset : "";
}

const struct listing_row *listing_find(const struct listing_header *listing, const char *name)
{
	const struct listing_row *rows = listing_rows(listing);

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (strcmp(listing_string(listing, rows[i].name), name) == 0)
			return &rows[i];
	return NULL;
}
