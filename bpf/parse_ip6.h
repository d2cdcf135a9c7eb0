/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6, RFC 8200: header and the walk over its extension headers. Pure. */
#ifndef BPF_PARSE_IP6_H
#define BPF_PARSE_IP6_H

#include <linux/ipv6.h>
#include "bpf/packet.h"
#include "bpf/parse_context.h"
#include "bpf/parse_ip4.h"

#define IP6_HOP_BY_HOP 0
#define IP6_ROUTING 43
#define IP6_FRAGMENT 44
#define IP6_AUTHENTICATION 51
#define IP6_DESTINATION 60
#define IP6_EXTENSION_HEADERS_MAX 8
#define IP6_MORE_FRAGMENTS 0x0001
#define IP6_OFFSET_MASK 0xfff8

/* The first eight bytes of an extension header: every kind has as many. */
struct parse_extension {
	__u8 next;
	__u8 length; /* in 8 bytes, less the first 8; AH: in 4 bytes, less 8 (RFC 4302 2.2) */
	__u8 routing_type;
	__u8 segments_left;
	__u8 rest[4];
};

/* RFC 8200 4.5 */
struct parse_fragment {
	__u8 next;
	__u8 reserved;
	__be16 offset; /* in 8 bytes, and flags */
	__be32 identification;
};

static __always_inline bool parse_is_extension(__u32 next)
{
	return next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT ||
	       next == IP6_AUTHENTICATION || next == IP6_DESTINATION;
}

/* Where the walk stands. */
struct parse_chain {
	__u32 at;          /* byte of the frame at which the next header begins */
	__u32 left;        /* bytes of the IPv6 packet from there */
	__u32 walked;      /* bytes of extension headers in front of it */
	__u32 count;       /* of headers walked */
	__u32 next;        /* number of the next header */
	__u32 flags;       /* of the packet, those of fragments */
	__u32 fragment_id; /* network order */
	__u16 fragment_offset;
	__u16 fragment_end;
	__u8 fragment_protocol;
	bool quoted; /* in an ICMP error: cut off anywhere */
};

static __always_inline __u32 parse_ip6_fragment(const struct parse_fragment *header,
						struct parse_chain *chain)
{
	__u32 field = bpf_ntohs(header->offset);
	__u32 offset = field & IP6_OFFSET_MASK;
	__u32 left = chain->left - sizeof(*header);
	bool more = field & IP6_MORE_FRAGMENTS;

	chain->flags |= PACKET_FRAGMENT_HEADER;
	if (offset == 0 && !more)
		return OUTCOME_UNDECIDED; /* atomic, RFC 6946: no fragment */
	/* RFC 8200 4.5; what is in front of the fragment header belongs to the whole packet as well */
	if (!chain->quoted &&
	    (left == 0 || (more && left % 8) || chain->walked + offset + left > IP_PACKET_MAX))
		return OUTCOME_DROP_MALFORMED;
	chain->flags |= PACKET_FRAGMENT | (offset ? PACKET_LATER : 0);
	chain->fragment_id = header->identification;
	chain->fragment_offset = offset;
	chain->fragment_end = offset + left;
	chain->fragment_protocol = header->next;
	return OUTCOME_UNDECIDED;
}

/* Of the header at chain->at, whose first bytes these are: sets *length to its own. */
static __always_inline __u32 parse_ip6_header(const struct parse_extension *header,
					      struct parse_chain *chain, __u32 *length)
{
	*length = (header->length + 1) * 8;
	if (chain->next == IP6_FRAGMENT) {
		*length = sizeof(struct parse_fragment);
		return parse_ip6_fragment((const struct parse_fragment *)header, chain);
	}
	if (chain->next == IP6_AUTHENTICATION) {
		*length = (header->length + 2) * 4;
		if (*length < 12)
			return OUTCOME_DROP_MALFORMED;
	}
	if (*length > chain->left)
		return chain->flags & PACKET_FRAGMENT ? OUTCOME_DROP_FRAGMENT :
							OUTCOME_DROP_MALFORMED;
	/* RFC 5095 for type 0; segments left: the destination isn't the one that it says */
	if (chain->next == IP6_ROUTING && (header->routing_type == 0 || header->segments_left))
		return OUTCOME_DROP_MALFORMED;
	return OUTCOME_UNDECIDED;
}

/* One header, which is an extension header: an outcome, or the chain moves behind it. */
noinline_global __u32 parse_ip6_step(parse_context *context, struct parse_chain *chain)
{
	struct parse_extension header;
	__u32 length, outcome;

	if (!chain)
		return OUTCOME_DROP_MALFORMED;
	/* a header that should not be there is not read */
	if (chain->count == IP6_EXTENSION_HEADERS_MAX ||
	    (chain->next == IP6_HOP_BY_HOP && chain->count) ||
	    (chain->next == IP6_FRAGMENT && chain->flags & PACKET_FRAGMENT_HEADER))
		return OUTCOME_DROP_EXTENSION_HEADER;
	/* a first fragment must hold its whole chain (RFC 7112) */
	if (chain->left < sizeof(header))
		return chain->flags & PACKET_FRAGMENT ? OUTCOME_DROP_FRAGMENT :
							OUTCOME_DROP_MALFORMED;
	if (parse_load(context, chain->at, &header, sizeof(header)))
		return OUTCOME_DROP_MALFORMED;
	outcome = parse_ip6_header(&header, chain, &length);
	if (outcome)
		return outcome;
	chain->at += length;
	chain->left -= length;
	chain->walked += length;
	chain->count++;
	chain->next = header.next;
	return OUTCOME_UNDECIDED;
}

/* The fixed header: addresses and lengths. The chain behind it is parse_ip6_chain()'s. */
static __always_inline __u32 parse_ip6(struct cursor *cursor, const struct frame *frame,
				       struct packet *packet, __u32 link_length)
{
	const struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 payload;

	if (!ip || ip->version != 6)
		return OUTCOME_DROP_MALFORMED;
	payload = bpf_ntohs(ip->payload_len);
	if (unlikely(payload == 0)) {
		if (!frame->gso_size)
			return OUTCOME_DROP_MALFORMED;
		payload = frame->length - link_length - sizeof(*ip); /* BIG TCP, Linux 5.19 */
	}
	if (payload > frame->length - link_length - sizeof(*ip))
		return OUTCOME_DROP_MALFORMED;
	for (int i = 0; i < 4; i++) {
		packet->saddr[i] = ip->saddr.s6_addr32[i];
		packet->daddr[i] = ip->daddr.s6_addr32[i];
	}
	packet->family = 6;
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	packet->transport_length = payload;
	packet->header_length = link_length + sizeof(*ip);
	return OUTCOME_UNDECIDED;
}

/* Walks the extension headers and moves the packet's protocol and lengths behind them. */
static __always_inline __u32 parse_ip6_walk(parse_context *context, struct packet *packet)
{
	struct parse_chain chain = {
		.at = packet->header_length,
		.left = packet->transport_length,
		.next = packet->protocol,
	};
	__u32 outcome;

#pragma clang loop unroll(disable)
	for (int i = 0; i <= IP6_EXTENSION_HEADERS_MAX; i++) {
		outcome = parse_ip6_step(context, &chain);
		if (outcome)
			return outcome;
		if (chain.flags & PACKET_LATER || !parse_is_extension(chain.next))
			break;
	}
	packet->protocol = chain.next;
	packet->flags |= chain.flags;
	packet->fragment_id = chain.fragment_id;
	packet->fragment_offset = chain.fragment_offset;
	packet->fragment_end = chain.fragment_end;
	packet->fragment_protocol = chain.fragment_protocol;
	packet->header_length = chain.at;
	packet->transport_length = chain.left;
	return OUTCOME_UNDECIDED;
}

#endif
