// SPDX-License-Identifier: GPL-2.0-only
/* Bytes, and the link layer (spec 3.2, 3.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/packet.h"

/* The model reads nothing of which it hasn't asked whether it is there. */
static void must_hold(struct bytes bytes, size_t offset, size_t count)
{
	if (offset + count <= bytes.length)
		return;
	fprintf(stderr, "the model read byte %zu of %zu\n", offset + count, bytes.length);
	abort();
}

uint8_t byte_at(struct bytes bytes, size_t offset)
{
	must_hold(bytes, offset, 1);
	return bytes.at[offset];
}

uint16_t word_at(struct bytes bytes, size_t offset)
{
	must_hold(bytes, offset, 2);
	return (uint16_t)(bytes.at[offset] << 8 | bytes.at[offset + 1]);
}

uint32_t long_at(struct bytes bytes, size_t offset)
{
	return (uint32_t)word_at(bytes, offset) << 16 | word_at(bytes, offset + 2);
}

struct bytes bytes_from(struct bytes bytes, size_t offset)
{
	if (offset > bytes.length)
		offset = bytes.length;
	return (struct bytes){ bytes.at + offset, bytes.length - offset };
}

struct bytes bytes_first(struct bytes bytes, size_t length)
{
	return (struct bytes){ bytes.at, length < bytes.length ? length : bytes.length };
}

static bool is_tag(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

/*
 * "One or two VLAN tags (802.1Q, 802.1ad) are looked through"; "malformed: ... more than two VLAN tags"
 */
enum outcome read_link(struct packet *packet, struct bytes frame)
{
	size_t offset = 12;
	unsigned int tags = 0;

	if (frame.length < 14)
		return OUTCOME_DROP_MALFORMED;
	packet->destination_mac = frame.at;
	while (is_tag(word_at(frame, offset))) {
		tags++;
		if (tags > 2)
			return OUTCOME_DROP_MALFORMED;
		offset += 4;
		if (frame.length < offset + 2)
			return OUTCOME_DROP_MALFORMED;
	}
	packet->tagged = tags > 0;
	packet->ethertype = word_at(frame, offset);
	packet->network = bytes_from(frame, offset + 2);
	return OUTCOME_UNDECIDED;
}

/* "untagged frames to 01-80-C2-00-00-00…0F" */
static bool to_link_group(const struct packet *packet)
{
	static const uint8_t group[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(packet->destination_mac, group, sizeof(group)) == 0 &&
	       packet->destination_mac[5] <= 0x0f;
}

/* "LLC 42-42-03 with a length that fits (spanning tree)": an ethertype up to 1500 is a length. */
static bool is_spanning_tree(const struct packet *packet)
{
	return packet->ethertype >= 3 && packet->ethertype <= 1500 &&
	       packet->ethertype <= packet->network.length && byte_at(packet->network, 0) == 0x42 &&
	       byte_at(packet->network, 1) == 0x42 && byte_at(packet->network, 2) == 0x03;
}

/* "slow protocols 0x8809, LLDP 0x88CC or 802.1X 0x888E (802.1X also unicast)" */
bool link_control_passes(const struct packet *packet)
{
	bool unicast = !(packet->destination_mac[0] & 1);

	if (packet->tagged)
		return false;
	if (packet->ethertype == 0x888e)
		return to_link_group(packet) || unicast;
	return to_link_group(packet) && (is_spanning_tree(packet) || packet->ethertype == 0x8809 ||
					 packet->ethertype == 0x88cc);
}
