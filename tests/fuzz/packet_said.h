/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must be true of every IP packet that parsing let through, read out of the frame's bytes once
 * more, by offsets and after the specification's sections 3.2 and 3.5 alone. A check that is lost in
 * the packet path is found here.
 */
#ifndef TESTS_FUZZ_PACKET_SAID_H
#define TESTS_FUZZ_PACKET_SAID_H

#include "tests/fuzz/packet_native.h"

static size_t said_16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static bool said_is_tag(size_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

/* VLAN tags that a frame has, also when there are too many. */
static size_t said_tags(const uint8_t *bytes, size_t length)
{
	size_t tags = 0;

	while (14 + tags * 4 <= length && said_is_tag(said_16(bytes + 12 + tags * 4)))
		tags++;
	return tags;
}

/* Where the transport header begins, how much is there, and what it is. */
struct said_transport {
	size_t at;
	size_t left;
	uint8_t protocol;
	bool first; /* a fragment, the first */
	bool later;
};

static void said_options(const uint8_t *options, size_t length)
{
	size_t at = 0;

	while (at < length && options[at]) {
		size_t size = 1;

		if (options[at] != 1) {
			require(options[at] != 131 && options[at] != 137, "a source route");
			require(at + 1 < length, "an option without a length");
			size = options[at + 1];
			require(size >= 2, "an option of length %zu", size);
		}
		at += size;
		require(at <= length, "options overrun their header");
	}
}

static void said_fragment(const struct packet *packet, size_t offset, bool more, size_t before,
			  struct said_transport *transport)
{
	transport->first = !offset && more;
	transport->later = offset;
	require(!!(packet->flags & PACKET_FRAGMENT) == (offset || more), "a fragment?");
	require(!!(packet->flags & PACKET_LATER) == !!offset, "a later one?");
	if (!offset && !more)
		return;
	require(packet->fragment_offset == offset, "offset %u", packet->fragment_offset);
	require(transport->left > 0, "an empty fragment");
	require(!more || transport->left % 8 == 0, "%zu bytes, and more follow", transport->left);
	require(before + offset + transport->left <= 65535, "longer than a packet can be");
	require(packet->fragment_end == offset + transport->left, "ends at %u",
		packet->fragment_end);
}

static void said_ip4(const struct native_frame *frame, const struct packet *packet, size_t at,
		     struct said_transport *transport)
{
	const uint8_t *ip = frame->bytes + at;
	size_t header, total, field;

	require(frame->length >= at + 20, "cut short");
	header = (size_t)(ip[0] & 15) * 4;
	total = said_16(ip + 2) || !frame->gso_size ? said_16(ip + 2) : frame->length - at;
	field = said_16(ip + 6);
	require(ip[0] >> 4 == 4 && header >= 20 && total >= header && at + total <= frame->length,
		"lengths %zu, %zu of %zu", header, total, frame->length - at);
	require(packet->family == 4 && packet->hop_limit == ip[8], "fields");
	require(!memcmp(packet->saddr, ip + 12, 4) && !memcmp(packet->daddr, ip + 16, 4),
		"addresses");
	said_options(ip + 20, header - 20);
	*transport = (struct said_transport){ at + header, total - header, ip[9], false, false };
	said_fragment(packet, (field & 0x1fff) * 8, field & 0x2000, header, transport);
	if (packet->flags & PACKET_FRAGMENT)
		require(packet->fragment_protocol == ip[9] &&
				!memcmp(&packet->fragment_id, ip + 4, 2),
			"the fragment's key");
	if (frame->direction == DIRECTION_IN) {
		require((ip[12] != 0 || !(ip[13] | ip[14] | ip[15])) && ip[12] != 127 &&
				ip[12] < 224 && ip[16] != 0 && ip[16] != 127 &&
				memcmp(ip + 12, ip + 16, 4) != 0,
			"a martian");
		require(!!(packet->flags & PACKET_UNSPECIFIED) == !ip[12], "unspecified?");
	}
}

static bool said_is_zero(const uint8_t *at, size_t size)
{
	while (size--)
		if (*at++)
			return false;
	return true;
}

static void said_addresses6(const uint8_t *from, const uint8_t *to)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	require(from[0] != 0xff, "from multicast");
	require(!said_is_zero(from, 12) || said_is_zero(from, 16), "from ::/96");
	require(memcmp(from, mapped, 12) != 0, "from a mapped one");
	require(!said_is_zero(to, 15) || to[15] > 1, "to :: or ::1");
	require(memcmp(from, to, 16) != 0, "from and to the same");
}

/* Walks the chain; gives up where the packet is said to be wrong. */
static void said_chain(const struct native_frame *frame, const struct packet *packet,
		       struct said_transport *transport, size_t payload)
{
	size_t begin = transport->at, headers = 0;
	bool fragment = false;

	while (!transport->later) {
		const uint8_t *header = frame->bytes + transport->at;
		uint8_t kind = transport->protocol;
		size_t size;

		if (kind != 0 && kind != 43 && kind != 44 && kind != 51 && kind != 60)
			break;
		require(++headers <= 8, "too many extension headers");
		require(kind || headers == 1, "hop-by-hop not first");
		require(transport->left >= 8, "an extension header cut short");
		size = kind == 44 ? 8 : kind == 51 ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
		require(size <= transport->left, "an extension header past the end");
		require(kind != 43 || (header[2] && !header[3]), "a routing header in use");
		require(kind != 51 || size >= 12, "an AH too short");
		transport->protocol = header[0];
		transport->at += size;
		transport->left = payload - (transport->at - begin);
		if (kind == 44) {
			bool was_first = transport->first;

			require(!fragment, "two fragment headers");
			fragment = true;
			said_fragment(packet, said_16(header + 2) & 0xfff8, header[3] & 1,
				      transport->at - begin - 8, transport);
			transport->first |= was_first;
			if (packet->flags & PACKET_FRAGMENT)
				require(packet->fragment_protocol == header[0] &&
						!memcmp(&packet->fragment_id, header + 4, 4),
					"the fragment's key");
		}
	}
	require(!!(packet->flags & PACKET_FRAGMENT_HEADER) == fragment, "a fragment header?");
	require(fragment || !(packet->flags & PACKET_FRAGMENT), "a fragment without a header");
}

static void said_ip6(const struct native_frame *frame, const struct packet *packet, size_t at,
		     struct said_transport *transport)
{
	const uint8_t *ip = frame->bytes + at;
	size_t payload;

	require(frame->length >= at + 40, "cut short");
	payload = said_16(ip + 4) || !frame->gso_size ? said_16(ip + 4) : frame->length - at - 40;
	/* nothing behind a BIG TCP header: lengths that agree, though no card makes it */
	require(payload || frame->gso_size, "no payload");
	require(ip[0] >> 4 == 6 && at + 40 + payload <= frame->length, "lengths");
	require(packet->family == 6 && packet->hop_limit == ip[7], "fields");
	require(!memcmp(packet->saddr, ip + 8, 16) && !memcmp(packet->daddr, ip + 24, 16),
		"addresses");
	if (frame->direction == DIRECTION_IN)
		said_addresses6(ip + 8, ip + 24);
	require(!!(packet->flags & PACKET_UNSPECIFIED) == said_is_zero(ip + 8, 16), "unspecified?");
	*transport = (struct said_transport){ at + 40, payload, ip[6], false, false };
	said_chain(frame, packet, transport, payload);
}

static void said_tcp(const uint8_t *tcp, size_t left, const struct packet *packet)
{
	/* SYN, SYN+URG, SYN+ACK, RST, RST+ACK, FIN+ACK, FIN+ACK+URG, ACK, ACK+URG */
	static const uint8_t valid[] = { 0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30 };
	size_t header;

	require(left >= 20, "a TCP header cut short");
	header = (size_t)(tcp[12] >> 4) * 4;
	require(header >= 20 && header <= left, "a data offset of %zu in %zu", header, left);
	require(memchr(valid, tcp[13] & 0x37, sizeof(valid)), "TCP flags %02x", tcp[13]);
	require(packet->tcp_flags == tcp[13], "its flags");
	require(!!(packet->flags & PACKET_OPENS) == ((tcp[13] & 0x17) == 0x02), "does it open?");
}

static void said_udp(const uint8_t *udp, const struct said_transport *transport,
		     const struct native_frame *frame)
{
	size_t length;

	require(transport->left >= 8, "a UDP header cut short");
	length = said_16(udp + 4);
	require(length >= 8 || (!length && frame->gso_size), "a UDP length of %zu", length);
	require(length <= transport->left || transport->first, "a UDP length past the end");
}

/* Of all but later fragments, and of first ones only where fragments are tracked. */
static void said_transport(const struct native_frame *frame, const struct packet *packet,
			   const struct said_transport *transport)
{
	const uint8_t *at = frame->bytes + transport->at;
	bool opens = packet->flags & PACKET_OPENS;

	switch (transport->protocol) {
	case 6:
		said_tcp(at, transport->left, packet);
		break;
	case 17:
		require(!opens, "UDP doesn't open");
		said_udp(at, transport, frame);
		break;
	case 132:
		require(transport->left >= 12, "an SCTP header cut short");
		require(opens == (transport->left > 12 && at[12] == 1), "does it open?");
		break;
	default:
		require(!opens && !packet->sport && !packet->dport, "ports of no protocol");
		if (transport->protocol == (packet->family == 4 ? 1 : 58)) {
			require(transport->left >= 8 && packet->flags & PACKET_ICMP, "ICMP");
			require(packet->icmp_type == at[0] && packet->icmp_code == at[1] &&
					!memcmp(&packet->echo_id, at + 4, 2),
				"its fields");
		} else {
			require(!(packet->flags & PACKET_ICMP), "ICMP of the other family");
		}
		return;
	}
	require(!memcmp(&packet->sport, at, 2) && !memcmp(&packet->dport, at + 2, 2), "ports");
	require(packet->sport && packet->dport, "port 0");
}

/* Of a packet that is whole: `frame` says so too. */
static void said_check(const struct native_frame *frame, const struct packet *packet)
{
	size_t at = 14 + said_tags(frame->bytes, frame->length) * 4;
	struct said_transport transport;

	require(at <= 22, "%zu VLAN tags", (at - 14) / 4);
	require(packet->frame_length == frame->length, "its length");
	require(said_16(frame->bytes + at - 2) == (packet->link == LINK_IP4 ? 0x0800 : 0x86dd),
		"its EtherType");
	if (packet->link == LINK_IP4)
		said_ip4(frame, packet, at, &transport);
	else
		said_ip6(frame, packet, at, &transport);
	require(packet->protocol == transport.protocol, "protocol %u", packet->protocol);
	require(packet->transport_length == transport.left, "%u bytes of transport, not %zu",
		packet->transport_length, transport.left);
	require(packet->header_length >= transport.at &&
			packet->header_length <= transport.at + transport.left,
		"headers of %u bytes", packet->header_length);
	if (!transport.later && (!transport.first || frame->settings & SETTING_FRAGMENTS_TRACK))
		said_transport(frame, packet, &transport);
}

/* Of a frame that isn't IP and passes as `outcome`: spec 3.2 on ARP, 3.5 on link control. */
static void said_check_link(const struct native_frame *frame, __u32 outcome)
{
	static const uint8_t group[] = { 0x01, 0x80, 0xc2, 0, 0 };
	static const uint8_t arp[] = { 0, 1, 8, 0, 6, 4 };
	const uint8_t *bytes = frame->bytes;
	size_t at = 14 + said_tags(bytes, frame->length) * 4, type = said_16(bytes + at - 2);
	bool to_group = !memcmp(bytes, group, sizeof(group)) && bytes[5] < 16;

	if (outcome == OUTCOME_PASS_ARP) {
		require(at <= 22 && type == 0x0806 && frame->length >= at + 28 &&
				!memcmp(bytes + at, arp, sizeof(arp)),
			"no ARP for IPv4 over Ethernet");
		return;
	}
	require(outcome == OUTCOME_PASS_LINK_CONTROL && at == 14, "it passes as %u", outcome);
	require(to_group || (type == 0x888e && !(bytes[0] & 1)), "not to the next bridge");
	require(type == 0x888e || type == 0x8809 || type == 0x88cc ||
			(type <= 1500 && type >= 3 && 14 + type <= frame->length &&
			 !memcmp(bytes + 14, "\x42\x42\x03", 3)),
		"type %04zx", type);
}

#endif
