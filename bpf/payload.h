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
 * Only a capture that was cut off has fewer: then as many as there are, and where there are none,
 * what is not seen fits no class.
 */
static __always_inline void payload_read(parse_context *context, struct packet *packet)
{
	for (__u32 size = sizeof(packet->payload); size; size--) {
		if (packet->payload_length < size ||
		    parse_load(context, packet->header_length, packet->payload, size))
			continue;
		packet->payload_length = size;
		return;
	}
	if (packet->payload_length) {
		packet->payload[0] = PAYLOAD_UNREADABLE;
		packet->payload_length = 1;
	}
}

#define PAYLOAD_CHANNEL_HEADER 4 /* RFC 5766 11.4: the channel's number, the data's length */

/*
 * ChannelData whose length is true. Over UDP it may be padded to a multiple of four, and need not be
 * (RFC 5766 11.5). A first fragment must hold the whole header; the length is the whole datagram's.
 */
static __always_inline bool payload_is_channel_data(const struct packet *packet)
{
	__u32 said = PAYLOAD_CHANNEL_HEADER + (packet->payload[2] << 8 | packet->payload[3]);

	if (packet->payload_length < PAYLOAD_CHANNEL_HEADER || said > packet->payload_size)
		return false;
	return packet->payload_size - said < 4;
}

/*
 * RFC 7983 section 7: STUN 0-3, ZRTP 16-19, DTLS 20-63, TURN channels 64-79, RTP and RTCP 128-191; and
 * Microsoft's multiplexed TURN, FF 10. Nothing stricter: its media breaks the RFCs' further rules.
 * RFC 5766 section 11 had channels up to 127, and coturn's client still takes them all; text begins so
 * too, and a true length tells the two apart.
 * An empty datagram is fine; a first fragment without a byte of payload hides what follows.
 */
static __always_inline bool payload_is_udp_media(const struct packet *packet)
{
	__u8 first = packet->payload[0];

	if (!packet->payload_length)
		return !(packet->flags & PACKET_FRAGMENT);
	if (first <= 3 || (first >= 16 && first <= 79) || (first >= 128 && first <= 191))
		return true;
	if (first >= 80 && first <= 127)
		return payload_is_channel_data(packet);
	return packet->payload_length > 1 && first == 0xff && packet->payload[1] == 0x10;
}

#endif
