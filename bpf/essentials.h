/* SPDX-License-Identifier: GPL-2.0-only */
/* What any host needs to stay on a network: spec 3.5. */
#ifndef BPF_ESSENTIALS_H
#define BPF_ESSENTIALS_H

#include "bpf/packet.h"

/* ICMPv6 types: RFC 2710, 3810, 4861. */
#define MLD_QUERY 130
#define MLD_DONE 132
#define MLD2_REPORT 143
#define ND_ROUTER_SOLICITATION 133
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_NEIGHBOR_SOLICITATION 135
#define ND_NEIGHBOR_ADVERTISEMENT 136

/* A frame that is not IP: final. */
static __always_inline __u32 essentials_link(const struct packet *packet, __u32 settings)
{
	if (packet->link == LINK_ARP && settings & SETTING_ARP)
		return OUTCOME_PASS_ARP;
	if (packet->link == LINK_ARP_MALFORMED) /* a fault, whatever is switched on: spec 3.2 */
		return OUTCOME_DROP_MALFORMED;
	if (packet->link == LINK_CONTROL && settings & SETTING_LINK_CONTROL)
		return OUTCOME_PASS_LINK_CONTROL;
	return OUTCOME_DROP_ETHERTYPE;
}

static __always_inline bool essentials_is_link_local6(const __u32 address[4])
{
	return (address[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Hop limit 255 cannot have come through a router: RFC 4861 6.1, 7.1. */
static __always_inline bool essentials_is_genuine_nd(const struct packet *packet)
{
	__u32 least;

	if (packet->hop_limit != 255)
		return false;
	switch (packet->icmp_type) {
	case ND_ROUTER_SOLICITATION:
		least = 8;
		break;
	case ND_ROUTER_ADVERTISEMENT:
		if (!essentials_is_link_local6(packet->saddr))
			return false;
		least = 16;
		break;
	case ND_NEIGHBOR_SOLICITATION:
		least = 24;
		break;
	case ND_NEIGHBOR_ADVERTISEMENT:
		if (packet->flags & PACKET_UNSPECIFIED)
			return false;
		least = 24;
		break;
	default:
		return false;
	}
	return packet->transport_length >= least;
}

/* RFC 2710 3: hop limit 1, from a link-local address; :: while there is none (RFC 3590). */
static __always_inline bool essentials_is_genuine_mld(const struct packet *packet)
{
	if (packet->icmp_type != MLD2_REPORT &&
	    (packet->icmp_type < MLD_QUERY || packet->icmp_type > MLD_DONE))
		return false;
	return packet->hop_limit == 1 &&
	       (packet->flags & PACKET_UNSPECIFIED || essentials_is_link_local6(packet->saddr));
}

static __always_inline bool essentials_is_neighbor_discovery(const struct packet *packet)
{
	if (packet->family != 6 || !(packet->flags & PACKET_ICMP) ||
	    packet->flags & PACKET_FRAGMENT_HEADER || packet->icmp_code != 0)
		return false;
	return essentials_is_genuine_nd(packet) || essentials_is_genuine_mld(packet);
}

/* RFC 2131 4.1, RFC 8415 7.2; host order */
#define DHCP4_SERVER 67
#define DHCP4_CLIENT 68
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547

/* From the client's port to the server's, or the other way round. */
static __always_inline bool essentials_is_dhcp(const struct packet *packet, bool to_server)
{
	__u16 client = packet->family == 4 ? DHCP4_CLIENT : DHCP6_CLIENT;
	__u16 server = packet->family == 4 ? DHCP4_SERVER : DHCP6_SERVER;

	return packet->protocol == IPPROTO_UDP &&
	       packet->sport == bpf_htons(to_server ? client : server) &&
	       packet->dport == bpf_htons(to_server ? server : client);
}

/* Nearly no packet: may this one be DHCP's? For the short way, which leaves them to the long one. */
static __always_inline bool essentials_may_be_dhcp(const struct packet *packet)
{
	__u16 port = bpf_ntohs(packet->dport);

	return packet->protocol == IPPROTO_UDP &&
	       ((__u16)(port - DHCP4_SERVER) <= 1 || (__u16)(port - DHCP6_CLIENT) <= 1);
}

#endif
