/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet in words, as `explain` and `expect` take it (docs/explain.md has the grammar):
 *
 *	in tcp 198.51.100.7:40000 > 192.0.2.10:5061 flags=S vlan=7
 *	out icmpv6 2001:db8::10 > 2001:db8::53 type echo-request
 *	in icmp 203.0.113.1 > 192.0.2.10 type=3 code=4 about udp 192.0.2.10:3478 > 198.51.100.7:3478
 *
 * What the words leave out is what it would be in a packet that opens a conversation.
 */
#ifndef USER_POLICY_WORDS_H
#define USER_POLICY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"
#include "user/policy/policy.h"

#define WORDS_VLANS_MAX 4u
#define WORDS_PAYLOAD_MAX 64u
#define WORDS_LENGTH_MAX 65549u /* bytes: a whole IPv4 packet behind an Ethernet header */

#define WORDS_FIN 0x01u /* RFC 9293 3.1 */
#define WORDS_SYN 0x02u
#define WORDS_RST 0x04u
#define WORDS_PSH 0x08u
#define WORDS_ACK 0x10u
#define WORDS_URG 0x20u
#define WORDS_ECE 0x40u
#define WORDS_CWR 0x80u

#define WORDS_GROUP_SIZE 64u /* a name of 63 characters and the NUL */

/* An end of a packet. */
struct words_end {
	char group[WORDS_GROUP_SIZE]; /* whose member the address is to be; empty: it is said */
	uint8_t address[16];          /* network order; IPv4 in the first four bytes */
	uint16_t port;                /* host order; 0 where the protocol has none */
};

/* Who speaks to whom: of the packet itself, and of one that an ICMP error is about. */
struct words_flow {
	int family;       /* 4 or 6; 0 while both ends are groups */
	uint8_t protocol; /* IP's number of it */
	uint8_t type;     /* ICMP and ICMPv6 */
	uint8_t code;
	uint16_t echo_id; /* host order; of echo requests and replies */
	struct words_end from, to;
};

struct words_packet {
	struct place place; /* of the words; no source where they are none */
	enum policy_direction direction;
	bool arp; /* then nothing below but the addresses, tags and length means anything */
	struct words_flow flow;
	uint8_t tcp_flags; /* WORDS_...; SYN where they are left out */
	bool flags_given;
	uint8_t chunk; /* SCTP: type of the first chunk; 1, INIT, where it is left out */
	uint8_t ttl;   /* or hop limit; where it is left out what hosts send */
	bool ttl_given;
	uint16_t vlans[WORDS_VLANS_MAX]; /* outermost first */
	unsigned int vlan_count;
	uint32_t length; /* bytes of the frame; 0: as short as may be */
	bool fragment;
	bool more;       /* fragments follow */
	uint32_t offset; /* bytes */
	uint32_t id;     /* of the packet that fragments are of */
	uint8_t payload[WORDS_PAYLOAD_MAX];
	uint32_t payload_size;
	uint64_t wait; /* seconds that pass before it */
	bool has_about;
	struct words_flow about; /* what an ICMP error quotes */
};

/* The packet in words, canonical, such that reading them gives the same; the caller's, NULL: no memory. */
char *words_text(const struct words_packet *packet);

/* The TTL or hop limit that hosts send such a packet with: RFC 4861 says 255, RFC 2710 1. */
uint8_t words_usual_ttl(const struct words_flow *flow);

/* Is one the exact reverse of the other (protocol, addresses, ports or identifier)? */
bool words_is_reverse(const struct words_flow *one, const struct words_flow *other);

#endif
