/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps behind parsing that ask no map: essentials, keys, payload classes. */
#ifndef TESTS_FUZZ_PACKET_STEPS_H
#define TESTS_FUZZ_PACKET_STEPS_H

#include "tests/fuzz/packet_native.h"
#include "tests/fuzz/packet_said.h"

/* As it comes back: a reply's addresses and ports are the other way round. */
static struct packet steps_mirror(const struct packet *packet)
{
	struct packet mirror = *packet;

	memcpy(mirror.saddr, packet->daddr, sizeof(mirror.saddr));
	memcpy(mirror.daddr, packet->saddr, sizeof(mirror.daddr));
	mirror.sport = packet->dport;
	mirror.dport = packet->sport;
	return mirror;
}

/* A flow is found by the reverse of what made it, and no byte of a key is left to chance. */
static void steps_flows(const struct packet *packet)
{
	struct packet mirror = steps_mirror(packet);
	struct flow4_key out4, in4;
	struct flow6_key out6, in6;

	memset(&out4, 0, sizeof(out4));
	memset(&in4, 0xff, sizeof(in4));
	memset(&out6, 0, sizeof(out6));
	memset(&in6, 0xff, sizeof(in6));
	if (packet->family == 4) {
		flows_key4(packet, DIRECTION_OUT, &out4);
		flows_key4(&mirror, DIRECTION_IN, &in4);
		require(!memcmp(&out4, &in4, sizeof(out4)), "the key of a reply");
	} else {
		flows_key6(packet, DIRECTION_OUT, &out6);
		flows_key6(&mirror, DIRECTION_IN, &in6);
		require(!memcmp(&out6, &in6, sizeof(out6)), "the key of a reply");
	}
	for (size_t i = 0; i < sizeof(memory.seeds) / sizeof(*memory.seeds); i++)
		memory.seeds[i] = 0x9e3779b97f4a7c15ull * (i + 1);
	require(flows_hash(packet, DIRECTION_OUT) == flows_hash(&mirror, DIRECTION_IN),
		"the mark of a reply");
}

/* All fragments of a packet have one key, whatever else differs. */
static void steps_fragments(const struct packet *packet, __u32 direction)
{
	struct fragment_key one, other;
	struct packet later = *packet;

	memset(&one, 0, sizeof(one));
	memset(&other, 0xff, sizeof(other));
	later.flags |= PACKET_LATER;
	later.fragment_offset += 8;
	later.sport = later.dport = 0;
	later.protocol = (__u8)~later.protocol;
	if (packet->family == 4)
		memset(&later.saddr[1], 0xff, sizeof(later.saddr) - sizeof(later.saddr[0]));
	fragments_key(packet, direction, &one);
	fragments_key(&later, direction, &other);
	require(!memcmp(&one, &other, sizeof(one)), "the key of the next fragment");
}

static bool steps_is_link_local(const struct packet *packet)
{
	const uint8_t *address = (const uint8_t *)packet->saddr;

	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

/* Spec 3.5. */
static void steps_neighbor_discovery(const struct packet *packet)
{
	__u8 type = packet->icmp_type;
	bool nd = type >= 133 && type <= 136;

	if (!essentials_is_neighbor_discovery(packet))
		return;
	require(packet->family == 6 && packet->protocol == 58, "ICMPv6 alone is");
	require(nd || (type >= 130 && type <= 132) || type == 143, "type %u is not", type);
	require(!packet->icmp_code, "with code %u", packet->icmp_code);
	require(packet->hop_limit == (nd ? 255 : 1), "with hop limit %u", packet->hop_limit);
	require(!(packet->flags & PACKET_FRAGMENT_HEADER), "with a fragment header");
	require(packet->transport_length >= (type >= 135 && nd ? 24u :
					     type == 134       ? 16u :
								 8u),
		"of %u bytes", packet->transport_length);
	require(type != 134 || steps_is_link_local(packet), "a router from afar");
	require(type != 136 || !(packet->flags & PACKET_UNSPECIFIED), "a neighbor from ::");
	require(nd || packet->flags & PACKET_UNSPECIFIED || steps_is_link_local(packet),
		"a listener from afar");
}

static void steps_dhcp(const struct packet *packet)
{
	__u16 client = packet->family == 4 ? 68 : 546, server = packet->family == 4 ? 67 : 547;
	__u16 from = bpf_ntohs(packet->sport), to = bpf_ntohs(packet->dport);
	bool udp = packet->protocol == 17;

	require(essentials_is_dhcp(packet, true) == (udp && from == client && to == server),
		"a request from %u to %u", from, to);
	require(essentials_is_dhcp(packet, false) == (udp && from == server && to == client),
		"an answer from %u to %u", from, to);
	if (essentials_is_dhcp(packet, true) || essentials_is_dhcp(packet, false))
		require(essentials_may_be_dhcp(packet), "the short way would keep it");
}

/* Spec 3.2, the last words of `martian`. */
static void steps_unspecified(const struct packet *packet)
{
	require(!gate_may_be_unspecified(packet, 0), "with all essentials off");
	if (!gate_may_be_unspecified(packet, ALL_SETTINGS))
		return;
	if (packet->family == 4)
		require(essentials_is_dhcp(packet, true), "0.0.0.0 in no request for an address");
	else
		require(essentials_is_neighbor_discovery(packet), ":: in no neighbor discovery");
}

/* RFC 5766 11.4 and 11.5; of a datagram of `size` bytes there are `held`. */
static bool steps_is_channel_data(const uint8_t *payload, size_t held, size_t size)
{
	for (size_t padding = 0; padding <= 3; padding++)
		if (held >= 4 && size == 4 + said_16(payload + 2) + padding)
			return true;
	return false;
}

/* Spec 3.7, and the channels that RFC 5766 had. */
static void steps_payload(const struct native_frame *frame, const struct packet *packet)
{
	const uint8_t *payload = frame->bytes + packet->header_length;
	size_t held = packet->transport_length - 8, size = said_16(payload - 4), first;
	bool media = false;

	size = size ? size - 8 : held; /* 0 is for offloaded ones only: said_udp() */
	held = size < held ? size : held;
	require(packet->payload_length == (held > 4 ? 4 : held), "%u bytes of payload, not %zu",
		packet->payload_length, held);
	if (frame->gso_size)
		size = size < frame->gso_size ? size : frame->gso_size;
	require(packet->payload_size == size, "a datagram of %u bytes, not %zu",
		packet->payload_size, size);
	if (held) {
		first = payload[0];
		require(!memcmp(packet->payload, payload, packet->payload_length), "its bytes");
		media = first <= 3 || (first >= 16 && first <= 79) ||
			(first >= 80 && first <= 127 &&
			 steps_is_channel_data(payload, held, size)) ||
			(first >= 128 && first <= 191) ||
			(held > 1 && first == 0xff && payload[1] == 0x10);
	} else {
		media = !(packet->flags & PACKET_FRAGMENT);
	}
	require(payload_is_udp_media(packet) == media, "media?");
}

/* Of a packet that is whole, its transport read. */
static void steps_check(const struct native_frame *frame, const struct packet *packet)
{
	if (packet->flags & PACKET_FRAGMENT)
		steps_fragments(packet, frame->direction);
	if (packet->flags & PACKET_LATER ||
	    (packet->flags & PACKET_FRAGMENT && !(frame->settings & SETTING_FRAGMENTS_TRACK)))
		return;
	steps_flows(packet);
	steps_neighbor_discovery(packet);
	steps_dhcp(packet);
	steps_unspecified(packet);
	if (packet->protocol == IPPROTO_UDP)
		steps_payload(frame, packet);
}

#endif
