/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP, UDP, SCTP, ICMP and ICMPv6: what a rule asks of them, and what can't be genuine. Pure. */
#ifndef BPF_PARSE_TRANSPORT_H
#define BPF_PARSE_TRANSPORT_H

#include <linux/tcp.h>
#include <linux/udp.h>
#include "bpf/packet.h"

#define SCTP_CHUNK_INIT 1 /* RFC 9260 3.2 */

/* RFC 9260 3.1 */
struct parse_sctp {
	__be16 source;
	__be16 dest;
	__be32 verification_tag;
	__be32 checksum;
};

/* The part that all ICMP messages share, and an echo's identifier: RFC 792, RFC 4443 2.1. */
struct parse_icmp {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 identifier;
	__be16 sequence;
};

/*
 * The combinations that stacks send, PSH, ECE and CWR aside: those that Linux conntrack takes for
 * valid (net/netfilter/nf_conntrack_proto_tcp.c, tcp_valid_flags). Bit n: flags n are valid, where
 * n = FIN | SYN << 1 | RST << 2 | ACK << 3 | URG << 4.
 */
#define PARSE_TCP_BITS(flags) (((flags)&0x07) | ((flags) >> 1 & 0x18))
#define PARSE_TCP_VALID(flags) (1u << PARSE_TCP_BITS(flags))
#define PARSE_TCP_ALL_VALID                                                                        \
	(PARSE_TCP_VALID(TCP_SYN) | PARSE_TCP_VALID(TCP_SYN | TCP_URG) |                           \
	 PARSE_TCP_VALID(TCP_SYN | TCP_ACK) | PARSE_TCP_VALID(TCP_RST) |                           \
	 PARSE_TCP_VALID(TCP_RST | TCP_ACK) | PARSE_TCP_VALID(TCP_FIN | TCP_ACK) |                 \
	 PARSE_TCP_VALID(TCP_FIN | TCP_ACK | TCP_URG) | PARSE_TCP_VALID(TCP_ACK) |                 \
	 PARSE_TCP_VALID(TCP_ACK | TCP_URG))

/* A header that the packet ends in: a first fragment must hold the whole of it (spec 3.6). */
static __always_inline __u32 parse_cut(const struct packet *packet)
{
	return packet->flags & PACKET_FRAGMENT ? OUTCOME_DROP_FRAGMENT : OUTCOME_DROP_MALFORMED;
}

static __always_inline __u32 parse_tcp(struct cursor *cursor, struct packet *packet)
{
	const struct tcphdr *tcp = cursor_take(cursor, sizeof(*tcp));
	__u32 header;
	__u8 flags;

	if (packet->transport_length < sizeof(*tcp))
		return parse_cut(packet);
	if (!tcp)
		return OUTCOME_DROP_MALFORMED;
	header = tcp->doff * 4;
	if (header < sizeof(*tcp))
		return OUTCOME_DROP_MALFORMED;
	if (header > packet->transport_length)
		return parse_cut(packet);
	if (!tcp->source || !tcp->dest)
		return OUTCOME_DROP_MALFORMED;
	flags = ((const __u8 *)tcp)[13];
	if (!(PARSE_TCP_ALL_VALID >> PARSE_TCP_BITS(flags) & 1))
		return OUTCOME_DROP_BAD_TCP_FLAGS;
	packet->sport = tcp->source;
	packet->dport = tcp->dest;
	packet->tcp_flags = flags;
	packet->header_length += header;
	if ((flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
		packet->flags |= PACKET_OPENS;
	return OUTCOME_UNDECIDED;
}

/* What there is of a datagram of `size` bytes: of an offloaded one the first segment is looked at. */
static __always_inline void parse_payload(const struct frame *frame, struct packet *packet,
					  __u32 size)
{
	__u32 held = packet->transport_length - sizeof(struct udphdr);

	if (held > size)
		held = size;
	if (held > sizeof(packet->payload))
		held = sizeof(packet->payload);
	packet->payload_length = held;
	if (unlikely(frame->gso_size && frame->gso_size < size))
		size = frame->gso_size;
	packet->payload_size = size;
}

/*
 * Its length says where the datagram ends: what the IP packet has behind it is as little payload as the
 * frame's padding is. A first fragment holds less than that.
 */
static __always_inline __u32 parse_udp(struct cursor *cursor, const struct frame *frame,
				       struct packet *packet)
{
	const struct udphdr *udp = cursor_take(cursor, sizeof(*udp));
	__u32 length;

	if (packet->transport_length < sizeof(*udp))
		return parse_cut(packet);
	if (!udp)
		return OUTCOME_DROP_MALFORMED;
	length = bpf_ntohs(udp->len);
	if (unlikely(length == 0 && frame->gso_size))
		length = packet->transport_length;
	if (length < sizeof(*udp))
		return OUTCOME_DROP_MALFORMED;
	/* of a first fragment the length is the whole packet's */
	if (length > packet->transport_length && !(packet->flags & PACKET_FRAGMENT))
		return OUTCOME_DROP_MALFORMED;
	if (!udp->source || !udp->dest)
		return OUTCOME_DROP_MALFORMED;
	packet->sport = udp->source;
	packet->dport = udp->dest;
	packet->header_length += sizeof(*udp);
	parse_payload(frame, packet, length - sizeof(*udp));
	return OUTCOME_UNDECIDED;
}

static __always_inline __u32 parse_sctp(struct cursor *cursor, struct packet *packet)
{
	const struct parse_sctp *sctp = cursor_take(cursor, sizeof(*sctp));
	const __u8 *chunk;

	if (packet->transport_length < sizeof(*sctp))
		return parse_cut(packet);
	if (!sctp)
		return OUTCOME_DROP_MALFORMED;
	if (!sctp->source || !sctp->dest)
		return OUTCOME_DROP_MALFORMED;
	packet->sport = sctp->source;
	packet->dport = sctp->dest;
	packet->header_length += sizeof(*sctp);
	if (packet->transport_length > sizeof(*sctp)) {
		chunk = cursor_take(cursor, 1);
		if (!chunk)
			return OUTCOME_DROP_MALFORMED;
		if (*chunk == SCTP_CHUNK_INIT)
			packet->flags |= PACKET_OPENS;
	}
	return OUTCOME_UNDECIDED;
}

static __always_inline __u32 parse_icmp(struct cursor *cursor, struct packet *packet)
{
	const struct parse_icmp *icmp = cursor_take(cursor, sizeof(*icmp));

	if (packet->transport_length < sizeof(*icmp))
		return parse_cut(packet);
	if (!icmp)
		return OUTCOME_DROP_MALFORMED;
	packet->flags |= PACKET_ICMP;
	packet->icmp_type = icmp->type;
	packet->icmp_code = icmp->code;
	packet->echo_id = icmp->identifier;
	packet->header_length += sizeof(*icmp);
	return OUTCOME_UNDECIDED;
}

static __always_inline __u32 parse_transport(struct cursor *cursor, const struct frame *frame,
					     struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return parse_tcp(cursor, packet);
	if (packet->protocol == IPPROTO_UDP)
		return parse_udp(cursor, frame, packet);
	if (packet->protocol == IP_PROTOCOL_SCTP)
		return parse_sctp(cursor, packet);
	if (packet->protocol == (packet->family == 4 ? IPPROTO_ICMP : IP_PROTOCOL_ICMPV6))
		return parse_icmp(cursor, packet);
	return OUTCOME_UNDECIDED;
}

#endif
