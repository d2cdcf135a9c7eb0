// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "user/packet/wire.h"

/* What is left of a frame. */
struct reader {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *reader_take(struct reader *reader, size_t size)
{
	const uint8_t *taken = reader->at;

	if (reader->left < size)
		return NULL;
	reader->at += size;
	reader->left -= size;
	return taken;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void wire_read_ports(const uint8_t *at, struct words_flow *flow)
{
	flow->from.port = get16(at);
	flow->to.port = get16(at + 2);
}

static void wire_read_transport(struct reader *reader, struct words_packet *packet)
{
	struct words_flow *flow = &packet->flow;
	const uint8_t *begin = reader->at;

	if (packet->fragment && packet->offset)
		return;
	if (flow->protocol == 6 || flow->protocol == 17 || flow->protocol == 132) {
		if (reader->left < 4)
			return;
		wire_read_ports(begin, flow);
		if (flow->protocol == 6 && reader->left >= 14) {
			packet->tcp_flags = begin[13];
			packet->flags_given = true;
		}
		if (flow->protocol == 132 && reader->left >= 13)
			packet->chunk = begin[12];
		return;
	}
	if ((flow->protocol == 1 || flow->protocol == 58) && reader->left >= 2) {
		flow->type = begin[0];
		flow->code = begin[1];
		if (reader->left >= 6)
			flow->echo_id = get16(begin + 4);
	}
}

static bool wire_read_ip4(struct reader *reader, struct words_packet *packet)
{
	const uint8_t *ip = reader_take(reader, 20);
	size_t header;

	if (!ip || ip[0] >> 4 != 4)
		return false;
	packet->flow.family = 4;
	packet->flow.protocol = ip[9];
	memcpy(packet->flow.from.address, ip + 12, 4);
	memcpy(packet->flow.to.address, ip + 16, 4);
	packet->ttl = ip[8];
	packet->ttl_given = true;
	packet->id = get16(ip + 4);
	packet->offset = (get16(ip + 6) & 0x1fffu) * 8;
	packet->more = get16(ip + 6) & 0x2000u;
	packet->fragment = packet->offset || packet->more;
	header = (size_t)(ip[0] & 15) * 4;
	if (header > 20 && !reader_take(reader, header - 20))
		reader->left = 0;
	return true;
}

/* Past extension headers, as far as they are there. */
static void wire_read_chain(struct reader *reader, struct words_packet *packet)
{
	for (unsigned int i = 0; i < 8; i++) {
		uint8_t next = packet->flow.protocol;
		const uint8_t *header = reader->at;
		size_t size;

		if ((next != 0 && next != 43 && next != 44 && next != 51 && next != 60) ||
		    reader->left < 8)
			return;
		size = next == 44 ? 8 : next == 51 ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
		if (next == 44) {
			packet->offset = get16(header + 2) & 0xfff8u;
			packet->more = header[3] & 1;
			packet->fragment = packet->offset || packet->more;
			packet->id = (uint32_t)get16(header + 4) << 16 | get16(header + 6);
		}
		packet->flow.protocol = header[0];
		if (!reader_take(reader, size))
			reader->left = 0;
		if (packet->fragment && packet->offset)
			return;
	}
}

static bool wire_read_ip6(struct reader *reader, struct words_packet *packet)
{
	const uint8_t *ip = reader_take(reader, 40);

	if (!ip || ip[0] >> 4 != 6)
		return false;
	packet->flow.family = 6;
	packet->flow.protocol = ip[6];
	memcpy(packet->flow.from.address, ip + 8, 16);
	memcpy(packet->flow.to.address, ip + 24, 16);
	packet->ttl = ip[7];
	packet->ttl_given = true;
	wire_read_chain(reader, packet);
	return true;
}

/* Does the message quote a packet: RFC 792, RFC 4443? */
static bool wire_is_error(const struct words_flow *flow)
{
	if (flow->protocol == 1)
		return flow->type == 3 || flow->type == 11 || flow->type == 12;
	return flow->protocol == 58 && flow->type >= 1 && flow->type <= 4;
}

static void wire_read_quote(const struct reader *message, struct words_packet *packet)
{
	struct words_packet quote = { 0 };
	struct reader reader = *message;

	if ((packet->fragment && packet->offset) || !wire_is_error(&packet->flow) ||
	    !reader_take(&reader, 8))
		return;
	if (!(packet->flow.family == 4 ? wire_read_ip4(&reader, &quote) :
					 wire_read_ip6(&reader, &quote)))
		return;
	wire_read_transport(&reader, &quote);
	packet->about = quote.flow;
	packet->has_about = true;
}

static bool wire_read_arp(struct reader *reader, struct words_packet *packet)
{
	const uint8_t *arp = reader_take(reader, 28);

	if (!arp)
		return false;
	packet->arp = true;
	packet->flow.family = 4;
	memcpy(packet->flow.from.address, arp + 14, 4);
	memcpy(packet->flow.to.address, arp + 24, 4);
	return true;
}

bool wire_read(const uint8_t *bytes, size_t size, enum policy_direction direction,
	       struct words_packet *packet)
{
	struct reader reader = { bytes, size };
	const uint8_t *link = reader_take(&reader, 14);
	uint16_t ethertype;

	*packet = (struct words_packet){ .direction = direction, .length = (uint32_t)size };
	if (!link)
		return false;
	ethertype = get16(link + 12);
	while ((ethertype == 0x8100 || ethertype == 0x88a8) &&
	       packet->vlan_count < WORDS_VLANS_MAX) {
		const uint8_t *tag = reader_take(&reader, 4);

		if (!tag)
			return false;
		packet->vlans[packet->vlan_count++] = get16(tag) & 0xfffu;
		ethertype = get16(tag + 2);
	}
	if (ethertype == 0x0806)
		return wire_read_arp(&reader, packet);
	if (ethertype != 0x0800 && ethertype != 0x86dd)
		return false;
	if (!(ethertype == 0x0800 ? wire_read_ip4(&reader, packet) :
				    wire_read_ip6(&reader, packet)))
		return false;
	wire_read_transport(&reader, packet);
	wire_read_quote(&reader, packet);
	return true;
}
