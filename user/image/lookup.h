/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks an image what the programs ask the maps: the parts that they, in bpf/rules.h, and whoever explains
 * them have in common. An image that was read back may hold anything, so every index is masked.
 */
#ifndef USER_IMAGE_LOOKUP_H
#define USER_IMAGE_LOOKUP_H

#include "user/image/image.h"

/* The image is borrowed, the ranges owned. */
struct lookup {
	const struct image *image;
	struct image_range *ranges[2]; /* image_ranges() of IPv4 and IPv6 */
	size_t counts[2];
};

/* -ENOMEM, or 0. */
int lookup_begin(struct lookup *lookup, const struct image *image);
void lookup_end(struct lookup *lookup);

/* What the tuples have for a port (or type of ICMP, or 0) in host order; 0: nothing. */
uint16_t lookup_entry(const struct lookup *lookup, enum direction direction, uint8_t protocol,
		      uint16_t port);

/* Is an address in a set? IPv4 stands in word 0, the others are 0; network order. */
bool lookup_in_set(const struct lookup *lookup, int family, uint32_t set,
		   const uint32_t address[4]);

/* Is a port, in host order, in a rule's list of peer ports? */
bool lookup_is_peer(const struct generation *generation, uint32_t peers, uint16_t port);

/* The candidates of an entry with ENTRY_LIST. */
const uint16_t *lookup_list(const struct generation *generation, uint16_t entry, uint32_t *count);

#endif
