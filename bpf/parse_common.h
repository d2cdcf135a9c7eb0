/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way through a frame, for nearly all packets: TCP or UDP right behind an IP header without options,
 * extension headers or fragments, and without fault. What it takes it makes of it what parse_frame() would have
 * made, but for the payload, which it leaves unread: a rule that asks for it takes the long way. "No" means
 * nothing but "take the long way", so it may say so of whatever is rare. Pure.
 *
 * It is written for few instructions, and for few values that live long, because clang keeps those on the
 * stack: the addresses come last, and are of no interest to most packets. docs/performance.md has what each costs.
 */
#ifndef BPF_PARSE_COMMON_H
#define BPF_PARSE_COMMON_H

#include "bpf/parse.h"

#define COMMON_IP4_FIRST_BYTE 0x45 /* version 4, a header without options */

/* Does an IP packet of `total` bytes, at most 65,575, end within its frame? */
static __always_inline bool common_is_whole(parse_context *context, struct frame *frame,
					    const void *ip, __u32 total)
{
	/* pointers are compared: no length need be worked out */
	if (likely((const __u8 *)ip + total <= frame->cursor.end))
		return true;
	frame->length = parse_length(context);
	return total <= frame->length - ((const __u8 *)ip - frame->start);
}

/* genuine_addresses4() of the header itself, and no 0.0.0.0. */
static __always_inline bool common_is_genuine4(const struct iphdr *ip)
{
	__u32 source = ((const __u8 *)ip)[offsetof(struct iphdr, saddr)];
	__u32 destination = ((const __u8 *)ip)[offsetof(struct iphdr, daddr)];

	return source - 1 < 223 && source != 127 && destination && destination != 127 &&
	       ip->saddr != ip->daddr;
}

/* genuine_addresses6() likewise. What begins with 64 zeros is none, or rare enough for the long way. */
static __always_inline bool common_is_genuine6(const struct ipv6hdr *ip)
{
	const __be32 *source = ip->saddr.s6_addr32, *destination = ip->daddr.s6_addr32;

	if (ip->saddr.s6_addr[0] == 0xff || !(source[0] | source[1]) ||
	    !(destination[0] | destination[1]))
		return false;
	return source[3] != destination[3] || source[2] != destination[2] ||
	       source[1] != destination[1] || source[0] != destination[0];
}

/* The header, but for its addresses, or NULL. */
static __always_inline const struct iphdr *common_ip4(parse_context *context, struct cursor *cursor,
						      struct frame *frame, struct packet *packet,
						      __u32 direction)
{
	const struct iphdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 total, fragment;

	if (!ip || *(const __u8 *)ip != COMMON_IP4_FIRST_BYTE)
		return NULL;
	fragment = ip->frag_off;
	if (fragment & bpf_htons(IP4_MORE_FRAGMENTS | IP4_OFFSET_MASK))
		return NULL;
	total = packet_bounded(bpf_ntohs(ip->tot_len));
	if (total < sizeof(*ip) || !common_is_whole(context, frame, ip, total))
		return NULL;
	if (direction == DIRECTION_IN && !common_is_genuine4(ip))
		return NULL;
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->hop_limit = ip->ttl;
	packet->transport_length = total - sizeof(*ip);
	packet->header_length = cursor->pos - frame->start;
	packet->fragment_field = bpf_ntohs(ip->frag_off);
	packet->fragment_id = ip->id;
	return ip;
}

static __always_inline void common_addresses4(const struct iphdr *ip, struct packet *packet)
{
	packet->saddr[0] = ip->saddr;
	packet->daddr[0] = ip->daddr;
}

static __always_inline const struct ipv6hdr *common_ip6(parse_context *context,
							struct cursor *cursor, struct frame *frame,
							struct packet *packet, __u32 direction)
{
	const struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 payload;

	if (!ip || ip->version != 6)
		return NULL;
	payload = packet_bounded(bpf_ntohs(ip->payload_len));
	if (!payload || !common_is_whole(context, frame, ip, sizeof(*ip) + payload))
		return NULL;
	if (direction == DIRECTION_IN && !common_is_genuine6(ip))
		return NULL;
	packet->family = 6;
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	packet->transport_length = payload;
	packet->header_length = cursor->pos - frame->start;
	return ip;
}

static __always_inline void common_addresses6(const struct ipv6hdr *ip, struct packet *packet)
{
	for (int i = 0; i < 4; i++) {
		packet->saddr[i] = ip->saddr.s6_addr32[i];
		packet->daddr[i] = ip->daddr.s6_addr32[i];
	}
}

/* As far as packet->link; false: not IP, or cut short. */
static __always_inline bool common_link(struct cursor *cursor, const struct frame *frame,
					struct packet *packet)
{
	__u32 ignored;

	parse_begin(packet);
	return !parse_link(cursor, frame, packet, &ignored) &&
	       (packet->link == LINK_IP4 || packet->link == LINK_IP6);
}

/* `protocol` is known already, and a constant: no code of the other is left. */
static __always_inline bool common_transport(struct cursor *cursor, const struct frame *frame,
					     struct packet *packet, __u32 protocol)
{
	packet->protocol = protocol;
	return protocol == IPPROTO_TCP ? !parse_tcp(cursor, packet) :
					 !parse_udp(cursor, frame, packet);
}

#endif
