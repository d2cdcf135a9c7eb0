/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image: the exact bytes of the maps of one policy. Pure arithmetic over the checked tree: the same
 * policy and the same slots give the same bytes.
 */
#ifndef USER_IMAGE_IMAGE_H
#define USER_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>
#include <edgegate/listing.h>

#include "user/base/diag.h"

struct policy;

/* An allowed tuple and what it names. */
struct image_tuple {
	struct tuple key;
	uint16_t entry;
};

/* Owns all that it points to. */
struct image {
	struct generation *generation;
	struct image_tuple *tuples; /* sorted by direction, protocol, port */
	size_t tuple_count;
	struct prefix4 *prefixes4; /* sorted by set, address, length */
	size_t prefix4_count;
	struct prefix6 *prefixes6;
	size_t prefix6_count;
	struct listing_header *listing; /* the block; listing->size bytes */
	uint32_t flows_max;             /* per address family: not in the maps, but of their size */
};

/*
 * What the running gate has: slots that are taken by name, and what each slot has counted so far.
 * Zero-initialised for a gate that is new.
 */
struct image_running {
	const struct listing_header *kept[2]; /* of the live and the former generation, or NULL */
	const struct rule_count *counts;      /* RULE_SLOTS of them, or NULL: all zero */
	uint64_t applied_at;                  /* for the listing */
	uint64_t epoch; /* of the negative cache, seconds; 0: it is not to be used */
};

/*
 * Compiles. Limits that only show here (64 rules on a tuple, 2,000 address sets, 100,000 prefixes)
 * go to `diags` with the place of the rule. 0, or a negative errno; *image untouched on failure.
 */
int image_compile(const struct policy *policy, const struct image_running *running,
		  struct image *image, struct diags *diags);
void image_free(struct image *image);

/* The longest timeout of a flow, seconds. */
uint32_t image_longest_timeout(const struct policy *policy);

/* The order of an image's tuples: by direction, protocol, port. */
static inline int image_tuple_compare(const struct tuple *one, const struct tuple *two)
{
	if (one->direction != two->direction)
		return (int)one->direction - (int)two->direction;
	if (one->protocol != two->protocol)
		return (int)one->protocol - (int)two->protocol;
	return (int)one->port - (int)two->port;
}

/* ---- address sets ---------------------------------------------------------------------------- */

/* An address as a number in which both families compare alike. */
typedef unsigned __int128 image_address;

/* Addresses of a set from first to last inclusive. */
struct image_range {
	uint32_t set;
	image_address first;
	image_address last;
};

/* Network order; one word of IPv4, four of IPv6. */
image_address image_address_number(int family, const uint32_t *words);

/*
 * All sets' addresses of a family (4 or 6), sorted by set and address; in a set none overlap or touch.
 * Caller frees *ranges. -ENOMEM, or 0.
 */
int image_ranges(const struct image *image, int family, struct image_range **ranges, size_t *count);

/* The range of a set that an address is in, from such a list; NULL: it is in none. */
const struct image_range *image_ranges_find(const struct image_range *ranges, size_t count,
					    uint32_t set, image_address address);

/*
 * Who is in a set: "any"; "192.0.2.10, 2001:db8::/32"; of more than `most` the first and how many more. The
 * caller's; NULL: no memory.
 */
char *image_members_text(const struct image *image, uint32_t set, size_t most);

/* ---- listing ---------------------------------------------------------------------------------- */

/* True if the block of `size` bytes is whole: every row and string inside it. */
bool listing_check(const void *block, size_t size);

/* The rows, in file order. */
const struct listing_row *listing_rows(const struct listing_header *listing);

/* The string at an offset; "" where there is none. */
const char *listing_string(const struct listing_header *listing, uint32_t offset);

/* The row of a rule by name, or NULL. */
const struct listing_row *listing_find(const struct listing_header *listing, const char *name);

#endif
