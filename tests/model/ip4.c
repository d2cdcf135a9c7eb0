// SPDX-License-Identifier: GPL-2.0-only
/* The IPv4 header (spec 3.2). */
#include <string.h>

#include "tests/model/packet.h"

#define HEADER 20u

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_LOOSE_ROUTE = 131, OPTION_STRICT_ROUTE = 137 };

/* "an option list that overruns its header, a source-route option" */
static bool options_are_good(struct bytes options)
{
	size_t offset = 0;

	while (offset < options.length) {
		uint8_t kind = byte_at(options, offset), length;

		if (kind == OPTION_END)
			return true;
		if (kind == OPTION_LOOSE_ROUTE || kind == OPTION_STRICT_ROUTE)
			return false;
		if (kind == OPTION_NOP) {
			offset++;
			continue;
		}
		if (offset + 2 > options.length)
			return false;
		length = byte_at(options, offset + 1);
		if (length < 2 || offset + length > options.length)
			return false;
		offset += length;
	}
	return true;
}

/*
 * "a fragment whose packet, put together, would be longer than 65,535 bytes, that is empty, or is no
 * multiple of 8 though more follow"
 */
static bool fragment_is_good(const struct packet *packet, size_t header)
{
	return header + packet->fragment_offset + packet->fragment_length <= 65535 &&
	       packet->fragment_length > 0 && (!packet->more || packet->fragment_length % 8 == 0);
}

/* "Fine: ... source 0.0.0.0 for UDP 68 → 67 when `dhcp` is on" */
static bool asks_for_an_address(const struct model_policy *policy, const struct packet *packet)
{
	struct packet whole = *packet;

	return policy->dhcp && address_is_unspecified(&packet->source) && !packet->fragment &&
	       packet->protocol == PROTOCOL_UDP && read_transport(&whole) == OUTCOME_UNDECIDED &&
	       whole.source_port == 68 && whole.destination_port == 67;
}

static bool is_martian(const struct model_policy *policy, const struct packet *packet)
{
	if (packet->out)
		return false;
	if (address_is_martian_source(&packet->source) && !asks_for_an_address(policy, packet))
		return true;
	return address_is_martian_destination(&packet->destination) ||
	       address_equal(&packet->source, &packet->destination);
}

enum outcome read_ip4(const struct model_policy *policy, struct packet *packet)
{
	struct bytes ip = packet->network;
	size_t header, total;
	uint16_t field;

	if (ip.length < HEADER)
		return OUTCOME_DROP_MALFORMED;
	header = (size_t)(byte_at(ip, 0) & 15) * 4;
	total = word_at(ip, 2);
	if (byte_at(ip, 0) >> 4 != 4 || header < HEADER || total < header || total > ip.length)
		return OUTCOME_DROP_MALFORMED;
	if (!options_are_good(bytes_from(bytes_first(ip, header), HEADER)))
		return OUTCOME_DROP_MALFORMED;

	packet->family = 4;
	packet->source.family = packet->destination.family = 4;
	memcpy(packet->source.bytes, ip.at + 12, 4);
	memcpy(packet->destination.bytes, ip.at + 16, 4);
	packet->hops = byte_at(ip, 8);
	packet->protocol = packet->fragment_protocol = byte_at(ip, 9);
	packet->transport = bytes_from(bytes_first(ip, total), header);

	field = word_at(ip, 6);
	packet->identification = word_at(ip, 4);
	packet->more = field & 0x2000;
	packet->fragment_offset = (field & 0x1fffu) * 8;
	packet->fragment_length = (uint32_t)(total - header);
	packet->fragment = packet->more || packet->fragment_offset > 0;
	packet->first = packet->fragment_offset == 0;
	if (packet->fragment && !fragment_is_good(packet, header))
		return OUTCOME_DROP_MALFORMED;
	return is_martian(policy, packet) ? OUTCOME_DROP_MARTIAN : OUTCOME_UNDECIDED;
}
