// SPDX-License-Identifier: GPL-2.0-only
/* Prefixes to ranges: what sets have in common is easier told of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/image/image.h"

#define BITS4 32u
#define BITS6 128u

image_address image_address_number(int family, const uint32_t *words)
{
	image_address number = 0;

	for (int i = 0; i < (family == 4 ? 1 : 4); i++)
		number = number << 32 | ntohl(words[i]);
	return number;
}

/*
 * Adds a prefix. They come by set and first address, of equal ones the wider first: what is inside
 * another, or touches it, stands behind it.
 */
__attribute__((nonnull)) static void ranges_add(struct image_range *list, size_t *count,
						uint32_t set, image_address first,
						uint32_t host_bits)
{
	const image_address all = ~(image_address)0;
	image_address last = first |
			     (host_bits >= BITS6 ? all : ((image_address)1 << host_bits) - 1);
	struct image_range *before = *count ? &list[*count - 1] : NULL;

	if (before && before->set == set && (before->last == all || before->last + 1 >= first)) {
		before->last = before->last < last ? last : before->last;
		return;
	}
	list[(*count)++] = (struct image_range){ set, first, last };
}

int image_ranges(const struct image *image, int family, struct image_range **ranges, size_t *count)
{
	size_t prefixes = family == 4 ? image->prefix4_count : image->prefix6_count;
	struct image_range *list = calloc(prefixes + 1, sizeof(*list));

	*count = 0;
	*ranges = list;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < prefixes; i++) {
		const struct prefix4 *four = &image->prefixes4[i];
		const struct prefix6 *six = &image->prefixes6[i];

		if (family == 4)
			ranges_add(list, count, four->set, image_address_number(4, &four->address),
				   PREFIX_SET_BITS + BITS4 - four->length);
		else
			ranges_add(list, count, six->set, image_address_number(6, six->address),
				   PREFIX_SET_BITS + BITS6 - six->length);
	}
	return 0;
}

const struct image_range *image_ranges_find(const struct image_range *ranges, size_t count,
					    uint32_t set, image_address address)
{
	size_t from = 0, end = count;

	/* the last range that begins at the address or before it */
	while (from < end) {
		size_t middle = from + (end - from) / 2;

		if (ranges[middle].set < set ||
		    (ranges[middle].set == set && ranges[middle].first <= address))
			from = middle + 1;
		else
			end = middle;
	}
	if (!from || ranges[from - 1].set != set || ranges[from - 1].last < address)
		return NULL;
	return &ranges[from - 1];
}
