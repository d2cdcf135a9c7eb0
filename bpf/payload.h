/* SPDX-License-Identifier: GPL-2.0-only */
/* What a UDP datagram begins with, and which class of payload that is: spec 3.7. Pure. */
#ifndef BPF_PAYLOAD_H
#define BPF_PAYLOAD_H

#include "bpf/packet.h"
#include "bpf/parse_context.h"

/* A first byte that no class begins with, for what can't be read. */
#define PAYLOAD_UNREADABLE 0xff

/*
 * Fetches the bytes that parse_udp() found to be there, wherever in the frame's buffers they are.
 * Only a capture that was cut off has fewer: what is not seen of it fits no class.
 */
static __always_inline void payload_read(parse_context *context, struct packet *packet)
{
	long error = 0;

	if (packet->payload_length > 1)
		error = parse_load(context, packet->header_length, packet->payload, 2);
	else if (packet->payload_length == 1)
		error = parse_load(context, packet->header_length, packet->payload, 1);
	if (error) {
		packet->payload[0] = PAYLOAD_UNREADABLE;
		packet->payload[1] = 0;
	}
}

/*
 * RFC 7983 section 7: STUN 0-3, ZRTP 16-19, DTLS 20-63, TURN channels 64-79, RTP and RTCP 128-191; and
 * Microsoft's multiplexed TURN, FF 10. Nothing stricter: its media breaks the RFCs' further rules.
 * An empty datagram is fine; a first fragment without a byte of payload hides what follows.
 */
static __always_inline bool payload_is_udp_media(const struct packet *packet)
{
	__u8 first = packet->payload[0];

	if (!packet->payload_length)
		return !(packet->flags & PACKET_FRAGMENT);
	if (first <= 3 || (first >= 16 && first <= 79) || (first >= 128 && first <= 191))
		return true;
	return packet->payload_length > 1 && first == 0xff && packet->payload[1] == 0x10;
}

#endif
