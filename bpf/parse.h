/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frame in, struct packet out, or the reason why it can't be genuine. Faults are found in the order
 * in which they stand in the packet. Pure.
 */
#ifndef BPF_PARSE_H
#define BPF_PARSE_H

#include "bpf/genuine.h"
#include "bpf/packet.h"
#include "bpf/parse_context.h"
#include "bpf/parse_ip4.h"
#include "bpf/parse_ip6.h"
#include "bpf/parse_link.h"
#include "bpf/parse_transport.h"
#include "bpf/payload.h"

/* What every packet has before the walk: the verifier wants each field written on every path. */
static __always_inline void parse_begin(struct packet *packet)
{
	packet->header_length = 0;
	packet->transport_length = 0;
	packet->sport = 0;
	packet->dport = 0;
	packet->echo_id = 0;
	packet->fragment_field = 0;
	packet->fragment_offset = 0;
	packet->fragment_end = 0;
	packet->fragment_id = 0;
	packet->fragment_protocol = 0;
	packet->payload_length = 0;
	packet->payload_size = 0;
	packet->segments = 0;
	packet->payload[0] = packet->payload[1] = 0;
	packet->payload[2] = packet->payload[3] = 0;
	packet->family = 0;
	packet->protocol = 0;
	packet->hop_limit = 0;
	packet->flags = 0;
	packet->tcp_flags = 0;
	packet->icmp_type = 0;
	packet->icmp_code = 0;
	packet->link = LINK_OTHER;
}

static __always_inline __u32 parse_network4(parse_context *context, struct cursor *cursor,
					    const struct frame *frame, struct packet *packet,
					    __u32 link_length, __u32 direction)
{
	__u32 outcome = parse_ip4(context, cursor, frame, packet, link_length);

	if (outcome)
		return outcome;
	if (direction == DIRECTION_IN && !genuine_addresses4(packet))
		return OUTCOME_DROP_MARTIAN;
	if (packet->saddr[0] == 0)
		packet->flags |= PACKET_UNSPECIFIED;
	return OUTCOME_UNDECIDED;
}

/* The transport's header stands behind all extension headers. */
static __always_inline __u32 parse_extensions(parse_context *context, struct cursor *cursor,
					      const struct frame *frame, struct packet *packet)
{
	__u32 outcome = parse_ip6_walk(context, packet);

	if (outcome)
		return outcome;
	cursor->pos = frame->cursor.pos;
	return cursor_skip(cursor, packet->header_length) ? OUTCOME_UNDECIDED :
							    OUTCOME_DROP_MALFORMED;
}

static __always_inline __u32 parse_network6(parse_context *context, struct cursor *cursor,
					    const struct frame *frame, struct packet *packet,
					    __u32 link_length, __u32 direction)
{
	__u32 outcome = parse_ip6(cursor, frame, packet, link_length);

	if (outcome)
		return outcome;
	if (direction == DIRECTION_IN && !genuine_addresses6(packet))
		return OUTCOME_DROP_MARTIAN;
	if (genuine_is_unspecified6(packet->saddr))
		packet->flags |= PACKET_UNSPECIFIED;
	if (likely(!parse_is_extension(packet->protocol)))
		return OUTCOME_UNDECIDED;
	return parse_extensions(context, cursor, frame, packet);
}

/*
 * Undecided: `packet` is whole, and if packet->link says IP, so are its transport fields. Of a later
 * fragment the transport is not read, nor of any where `settings` say that fragments are not tracked.
 */
static __always_inline __u32 parse_frame(parse_context *context, const struct frame *frame,
					 struct packet *packet, __u32 direction, __u32 settings)
{
	struct cursor cursor = frame->cursor;
	__u32 link_length, outcome;

	parse_begin(packet);
	outcome = parse_link(&cursor, frame, packet, &link_length);
	if (outcome)
		return outcome;
	if (likely(packet->link == LINK_IP4))
		outcome = parse_network4(context, &cursor, frame, packet, link_length, direction);
	else if (packet->link == LINK_IP6)
		outcome = parse_network6(context, &cursor, frame, packet, link_length, direction);
	else
		return OUTCOME_UNDECIDED;
	if (!outcome && (!(packet->flags & PACKET_FRAGMENT) ||
			 (!(packet->flags & PACKET_LATER) && settings & SETTING_FRAGMENTS_TRACK)))
		outcome = parse_transport(&cursor, frame, packet);
	if (!outcome)
		payload_read(context, packet);
	/* what stands behind a source that can't be is not worth a reason of its own */
	if (outcome && direction == DIRECTION_IN && (packet->flags & PACKET_UNSPECIFIED))
		return OUTCOME_DROP_MARTIAN;
	return outcome;
}

#endif
