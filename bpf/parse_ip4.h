/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4, RFC 791: header, options, fragments. Pure. */
#ifndef BPF_PARSE_IP4_H
#define BPF_PARSE_IP4_H

#include <linux/ip.h>
#include "bpf/packet.h"
#include "bpf/parse_context.h"

#define IP4_OPTION_END 0
#define IP4_OPTION_NOP 1
#define IP4_OPTION_LSRR 131
#define IP4_OPTION_SSRR 137
#define IP4_OPTIONS_MAX 40
#define IP4_MORE_FRAGMENTS 0x2000
#define IP4_OFFSET_MASK 0x1fff
#define IP_PACKET_MAX 65535

/* An option list, copied; filled up to a power of two so that an index can be masked. */
struct parse_options {
	__u32 at; /* of the next option */
	__u32 length;
	__u8 bytes[64];
};

/* 1 if the list stays within its header and holds no source route (RFC 791 3.1), else 0. */
noinline_global __u32 parse_ip4_walk(struct parse_options *options)
{
	if (!options)
		return 0;
	for (int step = 0; step < IP4_OPTIONS_MAX; step++) {
		__u32 at = options->at, length;
		__u8 type;

		if (at >= options->length)
			return 1;
		type = options->bytes[at & 63];
		if (type == IP4_OPTION_END)
			return 1;
		if (type == IP4_OPTION_NOP) {
			options->at = at + 1;
			continue;
		}
		if (type == IP4_OPTION_LSRR || type == IP4_OPTION_SSRR)
			return 0;
		if (at + 2 > options->length)
			return 0;
		length = options->bytes[(at + 1) & 63];
		if (length < 2 || at + length > options->length)
			return 0;
		options->at = at + length;
	}
	return 1;
}

/* The options from byte `at` of the frame, `length` of them: 1 if they are in order. */
static __always_inline __u32 parse_ip4_options(parse_context *context, __u32 at, __u32 length)
{
	struct parse_options options = { 0 };
	__u32 size;

	if (length == 0 || length > IP4_OPTIONS_MAX)
		return 0;
	/* `length` again, such that Linux 6.1 sees that it is neither 0 nor more than there is room */
	size = ((length - 1) & (sizeof(options.bytes) - 1)) + 1;
	asm volatile("" : "+r"(size));
	if (parse_load(context, at, options.bytes, size))
		return 0;
	options.length = length;
	return parse_ip4_walk(&options);
}

/* The fixed header: addresses and lengths. Options and fragments are parse_ip4()'s. */
static __always_inline __u32 parse_ip4_fixed(struct cursor *cursor, const struct frame *frame,
					     struct packet *packet, __u32 link_length)
{
	const struct iphdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 header, total;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return OUTCOME_DROP_MALFORMED;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (unlikely(total == 0 && frame->gso_size))
		total = frame->length - link_length; /* BIG TCP, Linux 6.3 */
	if (total < header || total > frame->length - link_length)
		return OUTCOME_DROP_MALFORMED;
	packet->saddr[0] = ip->saddr;
	packet->daddr[0] = ip->daddr;
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->hop_limit = ip->ttl;
	packet->transport_length = total - header;
	packet->header_length = link_length + header;
	packet->fragment_field = bpf_ntohs(ip->frag_off);
	packet->fragment_id = ip->id;
	return OUTCOME_UNDECIDED;
}

static __always_inline __u32 parse_ip4(parse_context *context, struct cursor *cursor,
				       const struct frame *frame, struct packet *packet,
				       __u32 link_length)
{
	__u32 outcome = parse_ip4_fixed(cursor, frame, packet, link_length);
	__u32 options, offset, more;

	if (outcome)
		return outcome;
	options = packet->header_length - link_length - sizeof(struct iphdr);
	if (options && (!parse_ip4_options(context, link_length + sizeof(struct iphdr), options) ||
			!cursor_skip(cursor, options)))
		return OUTCOME_DROP_MALFORMED;
	offset = (packet->fragment_field & IP4_OFFSET_MASK) * 8;
	more = packet->fragment_field & IP4_MORE_FRAGMENTS;
	if (!offset && !more)
		return OUTCOME_UNDECIDED;
	if (packet->transport_length == 0 || (more && packet->transport_length % 8) ||
	    offset + sizeof(struct iphdr) + options + packet->transport_length > IP_PACKET_MAX)
		return OUTCOME_DROP_MALFORMED;
	packet->flags |= PACKET_FRAGMENT | (offset ? PACKET_LATER : 0);
	packet->fragment_offset = offset;
	packet->fragment_end = offset + packet->transport_length;
	packet->fragment_protocol = packet->protocol;
	return OUTCOME_UNDECIDED;
}

#endif
