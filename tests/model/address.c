// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, sets of them, and those that can't be genuine (spec 3.2). */
#include <string.h>

#include "tests/model/packet.h"

bool address_equal(const struct model_address *a, const struct model_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool address_in_prefix(const struct model_address *address, const struct model_prefix *prefix)
{
	if (address->family != prefix->address.family)
		return false;
	for (unsigned int bit = 0; bit < prefix->length; bit++) {
		unsigned int mask = 0x80u >> bit % 8;

		if ((address->bytes[bit / 8] & mask) != (prefix->address.bytes[bit / 8] & mask))
			return false;
	}
	return true;
}

/* Spec 1: from and to are "a group, an address, a prefix, or a list of those", or any. */
bool address_in_set(const struct model_address *address, const struct model_set *set)
{
	if (set->count == 0)
		return true;
	for (unsigned int i = 0; i < set->count; i++)
		if (address_in_prefix(address, &set->prefixes[i]))
			return true;
	return false;
}

static bool in4(const struct model_address *address, uint8_t first, unsigned int length)
{
	const struct model_prefix prefix = { { 4, { first } }, length };

	return address_in_prefix(address, &prefix);
}

static bool in6(const struct model_address *address, const uint8_t bytes[16], unsigned int length)
{
	struct model_prefix prefix = { { 6, { 0 } }, length };

	memcpy(prefix.address.bytes, bytes, 16);
	return address_in_prefix(address, &prefix);
}

bool address_is_unspecified(const struct model_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

/* fe80::/10 */
bool address_is_link_local(const struct model_address *address)
{
	return in6(address, (const uint8_t[16]){ 0xfe, 0x80 }, 10);
}

static bool is_loopback6(const struct model_address *address)
{
	return in6(address, (const uint8_t[16]){ [15] = 1 }, 128);
}

/*
 * "an IPv4 source in 0/8, 127/8, 224/4 or 240/4, an IPv6 source that is ::, ::1, multicast, or in
 * ::ffff:0:0/96 or ::/96"
 */
bool address_is_martian_source(const struct model_address *address)
{
	if (address->family == 4)
		return in4(address, 0, 8) || in4(address, 127, 8) || in4(address, 224, 4) ||
		       in4(address, 240, 4);
	return address_is_unspecified(address) || is_loopback6(address) ||
	       in6(address, (const uint8_t[16]){ 0xff }, 8) ||
	       in6(address, (const uint8_t[16]){ [10] = 0xff, 0xff }, 96) ||
	       in6(address, (const uint8_t[16]){ 0 }, 96);
}

/* "a destination in 0/8 or 127/8, or :: or ::1" */
bool address_is_martian_destination(const struct model_address *address)
{
	if (address->family == 4)
		return in4(address, 0, 8) || in4(address, 127, 8);
	return address_is_unspecified(address) || is_loopback6(address);
}
