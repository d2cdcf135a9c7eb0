/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets in words to the bytes of a frame, and back. Pure. */
#ifndef USER_PACKET_WIRE_H
#define USER_PACKET_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "user/policy/words.h"

#define WIRE_SIZE_MAX 65600u /* a whole IP packet behind an Ethernet header and tags */

/*
 * Writes the frame; checksums stay 0, for no one looks at them. Gives its size in bytes, or 0 where
 * packet->length is less than what its headers need: *least is that then.
 */
size_t wire_write(const struct words_packet *packet, uint8_t bytes[WIRE_SIZE_MAX], size_t *least);

/*
 * What a frame says of itself, as far as it can be read: for tables and for finding the nearest rule,
 * never for a verdict. False: it is neither IP nor ARP, or cut off before its addresses.
 */
bool wire_read(const uint8_t *bytes, size_t size, enum policy_direction direction,
	       struct words_packet *packet);

#endif
