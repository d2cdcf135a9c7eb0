// SPDX-License-Identifier: GPL-2.0-only
#include "user/packet/wire.h"

#include <string.h>

#define ETHERTYPE_IP4 0x0800u
#define ETHERTYPE_IP6 0x86ddu
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_8021Q 0x8100u
#define ETHERTYPE_8021AD 0x88a8u

#define ICMP 1u
#define TCP 6u
#define UDP 17u
#define IP6_FRAGMENT 44u
#define ICMPV6 58u
#define SCTP 132u

#define QUOTED_TRANSPORT 8u /* bytes: RFC 792 */
#define OTHER_TRANSPORT 8u  /* bytes of a protocol of which nothing is known */

/* Writes from front to back. */
struct writer {
	uint8_t *at;
};

static uint8_t *writer_take(struct writer *writer, size_t size)
{
	uint8_t *taken = writer->at;

	memset(taken, 0, size);
	writer->at += size;
	return taken;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* ---- how long ------------------------------------------------------------------------------------ */

/* Bytes of the transport header, with what must be behind it for the packet to be whole. */
static size_t wire_transport_size(const struct words_packet *packet)
{
	const struct words_flow *flow = &packet->flow;
	size_t network = packet->about.family == 4 ? 20 : 40;

	if (packet->fragment && packet->offset)
		return packet->payload_size ? 0 : 16; /* the middle of something */
	switch (flow->protocol) {
	case TCP:
		return 20;
	case UDP:
		return 8;
	case SCTP:
		return 16; /* with the first chunk's header */
	case ICMP:
		return 8 + (packet->has_about ? network + QUOTED_TRANSPORT : 0);
	case ICMPV6:
		if (packet->has_about)
			return 8 + network + QUOTED_TRANSPORT;
		/* RFC 4861 4.2 to 4.4, RFC 2710 3 */
		if (flow->type == 134)
			return 16;
		return (flow->type >= 130 && flow->type <= 132) || flow->type == 135 ||
				       flow->type == 136 ?
			       24 :
			       8;
	default:
		return OTHER_TRANSPORT;
	}
}

static size_t wire_link_size(const struct words_packet *packet)
{
	return 14 + 4 * (size_t)packet->vlan_count;
}

static size_t wire_network_size(const struct words_packet *packet)
{
	if (packet->flow.family == 4)
		return 20;
	return 40 + (packet->fragment ? 8 : 0);
}

/* ---- header by header ---------------------------------------------------------------------------- */

static void wire_write_link(struct writer *writer, const struct words_packet *packet)
{
	uint32_t ethertype = packet->arp              ? ETHERTYPE_ARP :
			     packet->flow.family == 4 ? ETHERTYPE_IP4 :
							ETHERTYPE_IP6;
	uint8_t *link = writer_take(writer, 14);

	link[0] = 0x02; /* locally administered: RFC 7042 2.1 */
	link[5] = 0x01;
	link[6] = 0x02;
	link[11] = 0x02;
	for (unsigned int i = 0; i < packet->vlan_count; i++) {
		uint8_t *tag = writer_take(writer, 4);

		/* in front of each tag stands what it is; the outer one of two is the provider's */
		put16(tag - 2, i + 1 < packet->vlan_count ? ETHERTYPE_8021AD : ETHERTYPE_8021Q);
		put16(tag, packet->vlans[i]);
	}
	put16(writer->at - 2, ethertype);
}

static void wire_write_arp(struct writer *writer, const struct words_packet *packet)
{
	uint8_t *arp = writer_take(writer, 28); /* RFC 826 */

	put16(arp, 1);
	put16(arp + 2, ETHERTYPE_IP4);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, 1);
	arp[8] = 0x02;
	arp[13] = 0x02;
	memcpy(arp + 14, packet->flow.from.address, 4);
	memcpy(arp + 24, packet->flow.to.address, 4);
}

static void wire_write_ip4(struct writer *writer, const struct words_flow *flow, uint8_t ttl,
			   size_t payload)
{
	uint8_t *ip = writer_take(writer, 20); /* RFC 791 3.1 */

	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(20 + payload));
	ip[8] = ttl;
	ip[9] = flow->protocol;
	memcpy(ip + 12, flow->from.address, 4);
	memcpy(ip + 16, flow->to.address, 4);
}

static void wire_write_ip6(struct writer *writer, const struct words_flow *flow, uint8_t next,
			   uint8_t ttl, size_t payload)
{
	uint8_t *ip = writer_take(writer, 40); /* RFC 8200 3 */

	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)payload);
	ip[6] = next;
	ip[7] = ttl;
	memcpy(ip + 8, flow->from.address, 16);
	memcpy(ip + 24, flow->to.address, 16);
}

static void wire_write_network(struct writer *writer, const struct words_packet *packet,
			       size_t payload)
{
	uint32_t more = packet->more ? 1 : 0;
	uint8_t *begin = writer->at, *fragment;

	if (packet->flow.family == 4) {
		wire_write_ip4(writer, &packet->flow, packet->ttl, payload);
		put16(begin + 4, packet->id);
		put16(begin + 6, packet->fragment ? more << 13 | packet->offset / 8 : 0);
		return;
	}
	if (!packet->fragment) {
		wire_write_ip6(writer, &packet->flow, packet->flow.protocol, packet->ttl, payload);
		return;
	}
	wire_write_ip6(writer, &packet->flow, IP6_FRAGMENT, packet->ttl, 8 + payload);
	fragment = writer_take(writer, 8); /* RFC 8200 4.5 */
	fragment[0] = packet->flow.protocol;
	put16(fragment + 2, packet->offset | more);
	put32(fragment + 4, packet->id);
}

static void wire_write_ports(uint8_t *at, const struct words_flow *flow)
{
	put16(at, flow->from.port);
	put16(at + 2, flow->to.port);
}

/* The packet that an ICMP error is about: its header and the first eight bytes behind it. */
static void wire_write_quote(struct writer *writer, const struct words_flow *about)
{
	uint8_t *transport;

	if (about->family == 4)
		wire_write_ip4(writer, about, 63, QUOTED_TRANSPORT);
	else
		wire_write_ip6(writer, about, about->protocol, 63, QUOTED_TRANSPORT);
	transport = writer_take(writer, QUOTED_TRANSPORT);
	if (about->protocol == ICMP || about->protocol == ICMPV6) {
		transport[0] = about->type;
		put16(transport + 4, about->echo_id);
	} else {
		wire_write_ports(transport, about);
		if (about->protocol == UDP)
			put16(transport + 4, QUOTED_TRANSPORT);
	}
}

/* `size`: of header and all behind it. */
static void wire_write_transport(struct writer *writer, const struct words_packet *packet,
				 size_t size)
{
	const struct words_flow *flow = &packet->flow;
	uint8_t *begin = writer_take(writer, wire_transport_size(packet));

	if (packet->fragment && packet->offset)
		return;
	switch (flow->protocol) {
	case TCP:
		wire_write_ports(begin, flow);
		begin[12] = 5 << 4;
		begin[13] = packet->tcp_flags;
		put16(begin + 14, 65535);
		break;
	case UDP:
		wire_write_ports(begin, flow);
		put16(begin + 4, (uint32_t)size);
		break;
	case SCTP:
		wire_write_ports(begin, flow);
		begin[12] = packet->chunk;
		put16(begin + 14, 4);
		break;
	case ICMP:
	case ICMPV6:
		begin[0] = flow->type;
		begin[1] = flow->code;
		put16(begin + 4, flow->echo_id);
		if (packet->has_about) {
			struct writer quote = { begin + 8 };

			put16(begin + 4, 0);
			wire_write_quote(&quote, &packet->about);
		}
		break;
	default:
		break;
	}
}

size_t wire_write(const struct words_packet *packet, uint8_t bytes[WIRE_SIZE_MAX], size_t *least)
{
	size_t link = wire_link_size(packet);
	size_t network = packet->arp ? 28 : wire_network_size(packet);
	size_t transport = packet->arp ? 0 : wire_transport_size(packet) + packet->payload_size;
	struct writer writer = { bytes };

	if (packet->fragment && packet->more && !packet->length)
		transport = (transport + 7) / 8 * 8; /* RFC 791 3.2: a fragment that more follow */
	*least = link + network + transport;
	if (packet->length) {
		if (packet->length < *least)
			return 0;
		if (!packet->arp)
			transport = packet->length - link - network;
	}
	memset(bytes, 0, packet->length ? packet->length : *least);
	wire_write_link(&writer, packet);
	if (packet->arp) {
		wire_write_arp(&writer, packet);
	} else {
		wire_write_network(&writer, packet, transport);
		wire_write_transport(&writer, packet, transport);
		memcpy(writer.at, packet->payload, packet->payload_size);
	}
	return packet->length ? packet->length : *least;
}
