// SPDX-License-Identifier: GPL-2.0-only
/* The IPv6 header and what follows it, up to the upper layer (spec 3.2). */
#include <string.h>

#include "tests/model/packet.h"

#define HEADER 40u
#define EXTENSIONS_MAX 8u

/* "Walked are 0, 43, 44, 51 and 60; every other number ends the chain and is the protocol." */
static bool is_walked(uint8_t next)
{
	return next == PROTOCOL_HOP_BY_HOP || next == PROTOCOL_ROUTING ||
	       next == PROTOCOL_FRAGMENT || next == PROTOCOL_AUTHENTICATION ||
	       next == PROTOCOL_DESTINATION;
}

/* In a first fragment a chain that is cut short is its fault: spec 3.6. */
static enum outcome cut_short(const struct packet *packet)
{
	return packet->fragment ? OUTCOME_DROP_FRAGMENT : OUTCOME_DROP_MALFORMED;
}

/* `before`: bytes between the IPv6 header and the fragment header. */
static bool read_fragment_header(struct packet *packet, struct bytes header, size_t before)
{
	uint16_t field = word_at(header, 2);

	packet->fragment_header = true;
	packet->fragment_protocol = byte_at(header, 0);
	packet->more = field & 1;
	packet->fragment_offset = field & 0xfff8u;
	packet->identification = long_at(header, 4);
	packet->fragment_length = (uint32_t)(header.length - 8);
	/* "An IPv6 atomic fragment is no fragment." */
	packet->fragment = packet->more || packet->fragment_offset > 0;
	packet->first = packet->fragment_offset == 0;
	if (!packet->fragment || packet->quoted)
		return true;
	/* 65,535 bytes is what the length field of the whole packet could say: RFC 8200, 4.5 */
	return before + packet->fragment_offset + packet->fragment_length <= 65535 &&
	       packet->fragment_length > 0 && (!packet->more || packet->fragment_length % 8 == 0);
}

enum outcome ip6_chain(struct packet *packet, struct bytes chain, uint8_t next)
{
	struct bytes rest = chain;
	unsigned int count = 0;

	packet->first = true;
	while (is_walked(next)) {
		size_t length;

		/* "more than 8 extension headers; hop-by-hop anywhere but first; a second fragment header" */
		if (++count > EXTENSIONS_MAX || (next == PROTOCOL_HOP_BY_HOP && count > 1) ||
		    (next == PROTOCOL_FRAGMENT && packet->fragment_header))
			return OUTCOME_DROP_EXTENSION_HEADER;
		if (rest.length < 8)
			return cut_short(packet);
		if (next == PROTOCOL_FRAGMENT) {
			if (!read_fragment_header(packet, rest, chain.length - rest.length))
				return OUTCOME_DROP_MALFORMED;
			next = byte_at(rest, 0);
			rest = bytes_from(rest, 8);
			if (!packet->first)
				break; /* what follows is no header */
			continue;
		}
		if (next == PROTOCOL_AUTHENTICATION) {
			length = ((size_t)byte_at(rest, 1) + 2) * 4;
			/* "AH shorter than 12 bytes is malformed" */
			if (length < 12)
				return OUTCOME_DROP_MALFORMED;
		} else {
			length = ((size_t)byte_at(rest, 1) + 1) * 8;
		}
		if (rest.length < length)
			return cut_short(packet);
		/* "a routing header of type 0, or of any type with segments left" */
		if (next == PROTOCOL_ROUTING && (byte_at(rest, 2) == 0 || byte_at(rest, 3) > 0))
			return OUTCOME_DROP_MALFORMED;
		next = byte_at(rest, 0);
		rest = bytes_from(rest, length);
	}
	packet->protocol = next;
	packet->transport = rest;
	return OUTCOME_UNDECIDED;
}

/* "Fine: source :: for what 3.5 lets pass": neighbor discovery and MLD. */
static bool may_come_from_nowhere(const struct model_policy *policy, const struct packet *packet,
				  struct bytes chain, uint8_t next)
{
	struct packet whole = *packet;

	return policy->neighbor_discovery && ip6_chain(&whole, chain, next) == OUTCOME_UNDECIDED &&
	       !whole.fragment && read_transport(&whole) == OUTCOME_UNDECIDED &&
	       neighbor_discovery_passes(&whole);
}

static bool is_martian(const struct model_policy *policy, const struct packet *packet,
		       struct bytes chain, uint8_t next)
{
	if (packet->out)
		return false;
	if (address_is_martian_source(&packet->source) &&
	    !(address_is_unspecified(&packet->source) &&
	      may_come_from_nowhere(policy, packet, chain, next)))
		return true;
	return address_is_martian_destination(&packet->destination) ||
	       address_equal(&packet->source, &packet->destination);
}

enum outcome read_ip6(const struct model_policy *policy, struct packet *packet)
{
	struct bytes ip = packet->network, chain;
	size_t payload;

	if (ip.length < HEADER)
		return OUTCOME_DROP_MALFORMED;
	payload = word_at(ip, 4);
	/* "A length field of 0 ... everywhere else it is malformed." */
	if (byte_at(ip, 0) >> 4 != 6 || payload == 0 || HEADER + payload > ip.length)
		return OUTCOME_DROP_MALFORMED;
	chain = bytes_from(bytes_first(ip, HEADER + payload), HEADER);

	packet->family = 6;
	packet->source.family = packet->destination.family = 6;
	memcpy(packet->source.bytes, ip.at + 8, 16);
	memcpy(packet->destination.bytes, ip.at + 24, 16);
	packet->hops = byte_at(ip, 7);
	if (is_martian(policy, packet, chain, byte_at(ip, 6)))
		return OUTCOME_DROP_MARTIAN;
	return ip6_chain(packet, chain, byte_at(ip, 6));
}
