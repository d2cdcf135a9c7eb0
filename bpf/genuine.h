/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that can't come from outside: spec 3.2, `martian`; RFC 6890's registries. Pure. */
#ifndef BPF_GENUINE_H
#define BPF_GENUINE_H

#include "bpf/packet.h"

/* The source may still be 0.0.0.0, which is fine for who asks for an address by DHCP. */
static __always_inline bool genuine_addresses4(const struct packet *packet)
{
	__u32 source = bpf_ntohl(packet->saddr[0]) >> 24;
	__u32 destination = bpf_ntohl(packet->daddr[0]) >> 24;

	return (source != 0 || packet->saddr[0] == 0) && source != 127 && source < 224 &&
	       destination != 0 && destination != 127 && packet->saddr[0] != packet->daddr[0];
}

static __always_inline bool genuine_is_unspecified6(const __u32 address[4])
{
	return !(address[0] | address[1] | address[2] | address[3]);
}

/* The source may still be ::, which is fine for what neighbor discovery lets pass. */
static __always_inline bool genuine_addresses6(const struct packet *packet)
{
	const __u32 *source = packet->saddr;
	const __u32 *destination = packet->daddr;

	if ((source[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		return false;
	/* ::/96 with ::1 in it, and ::ffff:0:0/96 */
	if (!(source[0] | source[1]) && (!source[2] || source[2] == bpf_htonl(0xffff)) &&
	    !genuine_is_unspecified6(source))
		return false;
	if (!(destination[0] | destination[1] | destination[2]) &&
	    (!destination[3] || destination[3] == bpf_htonl(1)))
		return false;
	return source[0] != destination[0] || source[1] != destination[1] ||
	       source[2] != destination[2] || source[3] != destination[3];
}

#endif
