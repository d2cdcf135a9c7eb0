/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cursor that walks a packet, and what is known of a packet once it was walked. Pure: no map,
 * no helper; compiles natively for unit tests and fuzzing.
 */
#ifndef BPF_PACKET_H
#define BPF_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <edgegate/abi.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define IP_PROTOCOL_SCTP 132
#define IP_PROTOCOL_ICMPV6 58

/* The readable part of a frame. `pos` never passes `end`. */
struct cursor {
	const __u8 *pos;
	const __u8 *end;
};

/* The next `size` bytes, a constant, or NULL when there aren't as many; moves past them. */
static __always_inline const void *cursor_take(struct cursor *cursor, __u32 size)
{
	const __u8 *taken = cursor->pos;

	if (taken + size > cursor->end)
		return NULL;
	cursor->pos = taken + size;
	/* no frame begins at 0: callers need not look twice */
	if (!taken)
		__builtin_unreachable();
	return taken;
}

/* Nothing skipped is longer: 2 tags, an IPv6 header and 8 extension headers of 2,048 bytes. */
#define CURSOR_SKIP_MASK 0x7fffu

/* Moves past `size` bytes, a length read from the packet. False when there aren't as many. */
static __always_inline bool cursor_skip(struct cursor *cursor, __u32 size)
{
	const __u8 *from = cursor->pos;

	/* the verifier refuses an unbounded one; clang must not find the mask needless */
	asm volatile("" : "+r"(size));
	size &= CURSOR_SKIP_MASK;
	if (from + size > cursor->end)
		return false;
	cursor->pos = from + size;
	return true;
}

/* A frame as a hook hands it over. The cursor's bytes are its readable head. */
struct frame {
	struct cursor cursor;
	const __u8 *start;
	__u32 length;   /* bytes, the whole buffer's, without FCS */
	__u32 gso_size; /* payload bytes of each segment; 0: not offloaded */
};

enum packet_flags {
	PACKET_OPENS = 1u << 0,           /* begins a TCP or SCTP conversation */
	PACKET_FRAGMENT = 1u << 1,        /* a true fragment, first or later */
	PACKET_ICMP = 1u << 2,            /* ICMP over IPv4, or ICMPv6 over IPv6 */
	PACKET_UNSPECIFIED = 1u << 3,     /* its source is :: or 0.0.0.0 */
	PACKET_FRAGMENT_HEADER = 1u << 4, /* IPv6: has a fragment header, be it an atomic one */
	PACKET_LATER = 1u << 5,           /* a fragment that does not begin the packet */
};

/*
 * What a packet says of itself. Written by parse, constant afterwards; later steps never see the
 * frame. Of the addresses, IPv4 uses word 0 only, and the others are not to be read.
 */
struct packet {
	__u32 saddr[4]; /* network order */
	__u32 daddr[4];
	__u32 transport_length; /* bytes from the transport header to the end of the IP packet */
	__u16 header_length; /* bytes in front of the transport's payload, for what GSO repeats */
	__u16 segments; /* that an offloaded packet becomes, by who knows it; 0: it is one packet */
	__u16 sport;    /* network order; 0 without ports */
	__u16 dport;
	__u16 echo_id;         /* network order; ICMP echo only */
	__u16 fragment_field;  /* IPv4: flags and offset, host order */
	__u16 fragment_offset; /* bytes; of a true fragment */
	__u16 fragment_end;    /* bytes; where the next one may begin */
	__u8 family;           /* 4 or 6 */
	__u8 protocol;         /* IP protocol number of the upper layer */
	__u8 hop_limit;        /* or TTL */
	__u8 flags;            /* enum packet_flags */
	__u8 tcp_flags;        /* byte 13 of the TCP header */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 link;              /* enum packet_link */
	__u32 fragment_id;      /* network order */
	__u8 fragment_protocol; /* what all fragments of the packet say that it carries */
	__u8 payload_length;    /* how many bytes of `payload` this frame holds; 0: none */
	__u16 payload_size; /* UDP: bytes of the whole datagram; offloaded: its first segment's */
	__u8 payload[4];    /* UDP: the datagram's first bytes; read on the long way only */
};

/* What stands behind the Ethernet header and its tags. */
enum packet_link {
	LINK_IP4,
	LINK_IP6,
	LINK_ARP,
	LINK_ARP_MALFORMED, /* cut short, or not Ethernet/IPv4 */
	LINK_CONTROL,       /* genuine link control: spec 3.5 */
	LINK_OTHER,
	LINK_UNREADABLE, /* not in the frame's readable head */
};

/* A 16-bit number that was swapped: to the verifiers of older kernels (seen on Linux 6.1) it might be any number. */
static __always_inline __u32 packet_bounded(__u32 swapped)
{
	/* clang knows better, and must not */
	asm volatile("" : "+r"(swapped));
	return swapped & 0xffff;
}

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

static __always_inline bool packet_has_ports(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP ||
	       packet->protocol == IP_PROTOCOL_SCTP;
}

#endif
