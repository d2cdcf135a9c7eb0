/* SPDX-License-Identifier: GPL-2.0-only */
/* The link layer: Ethernet and up to two VLAN tags. Pure. */
#ifndef BPF_PARSE_LINK_H
#define BPF_PARSE_LINK_H

#include "bpf/packet.h"

#define ETHERTYPE_SLOW 0x8809 /* LACP and other slow protocols: IEEE 802.3 57B */
#define ETHERTYPE_8021X 0x888e
#define ETHERTYPE_LLDP 0x88cc
#define ETHERTYPE_LENGTH_MAX                                                                       \
	0x05dc /* up to here it is the length of an LLC frame: IEEE 802.3 3.2.6 */

struct parse_vlan {
	__be16 tci;
	__be16 ethertype;
};

/* ARP for IPv4 over Ethernet: RFC 826. */
struct parse_arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 addresses[20];
};

static __always_inline bool parse_is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline __u8 parse_arp(struct cursor *cursor, __u32 left)
{
	const struct parse_arp *arp = cursor_take(cursor, sizeof(*arp));

	if (!arp && left >= sizeof(*arp))
		return LINK_UNREADABLE;
	if (!arp || arp->hardware != bpf_htons(1) || arp->protocol != bpf_htons(ETH_P_IP) ||
	    arp->hardware_length != ETH_ALEN || arp->protocol_length != 4)
		return LINK_ARP_MALFORMED;
	return LINK_ARP;
}

/* 01-80-C2-00-00-00 to -0F, which no bridge forwards: IEEE 802.1D table 7-10. */
static __always_inline bool parse_is_link_local_group(const __u8 *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 &&
	       (mac[5] & 0xf0) == 0;
}

/* An untagged frame that is not IP and not ARP. */
static __always_inline __u8 parse_link_control(struct cursor *cursor, const struct ethhdr *eth,
					       __u32 frame_length)
{
	__u16 ethertype = bpf_ntohs(eth->h_proto);
	const __u8 *llc;

	if (ethertype == ETHERTYPE_8021X && !(eth->h_dest[0] & 1))
		return LINK_CONTROL;
	if (!parse_is_link_local_group(eth->h_dest))
		return LINK_OTHER;
	if (ethertype == ETHERTYPE_SLOW || ethertype == ETHERTYPE_LLDP ||
	    ethertype == ETHERTYPE_8021X)
		return LINK_CONTROL;
	if (ethertype > ETHERTYPE_LENGTH_MAX || ethertype < 3 ||
	    ethertype > frame_length - sizeof(*eth))
		return LINK_OTHER;
	llc = cursor_take(cursor, 3);
	if (!llc) /* the length fits: it is there */
		return LINK_UNREADABLE;
	if (llc[0] == 0x42 && llc[1] == 0x42 && llc[2] == 0x03)
		return LINK_CONTROL; /* spanning tree */
	return LINK_OTHER;
}

/*
 * Sets packet->link, and *length to the bytes in front of the network header. A frame from which the
 * card has stripped the tag has none here, and that is fine: flows and rules don't tell VLANs apart.
 */
static __always_inline __u32 parse_link(struct cursor *cursor, const struct frame *frame,
					struct packet *packet, __u32 *length)
{
	const struct ethhdr *eth = cursor_take(cursor, sizeof(*eth));
	const struct parse_vlan *vlan;
	__be16 ethertype;

	if (!eth)
		return OUTCOME_DROP_MALFORMED;
	*length = sizeof(*eth);
	/* struct ethhdr is packed: clang would read it byte by byte */
	ethertype = *(const __be16 *)((const __u8 *)eth + offsetof(struct ethhdr, h_proto));
	if (unlikely(parse_is_vlan(ethertype))) {
		vlan = cursor_take(cursor, sizeof(*vlan));
		if (!vlan)
			return OUTCOME_DROP_MALFORMED;
		*length += sizeof(*vlan);
		ethertype = vlan->ethertype;
		if (parse_is_vlan(ethertype)) {
			vlan = cursor_take(cursor, sizeof(*vlan));
			if (!vlan)
				return OUTCOME_DROP_MALFORMED;
			*length += sizeof(*vlan);
			ethertype = vlan->ethertype;
			if (parse_is_vlan(ethertype))
				return OUTCOME_DROP_MALFORMED;
		}
	}
	if (likely(ethertype == bpf_htons(ETH_P_IP)))
		packet->link = LINK_IP4;
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		packet->link = LINK_IP6;
	else if (ethertype == bpf_htons(ETH_P_ARP))
		packet->link = parse_arp(cursor, frame->length - *length);
	else if (*length == sizeof(*eth))
		packet->link = parse_link_control(cursor, eth, frame->length);
	else
		packet->link = LINK_OTHER;
	/* outside the readable head: at tc it is pulled in, and parsed again */
	if (packet->link == LINK_UNREADABLE)
		return OUTCOME_DROP_MALFORMED;
	return OUTCOME_UNDECIDED;
}

#endif
