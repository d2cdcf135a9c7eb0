// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk over lengths alone: what is wrong with a header is the programs' to say. It stops where they
 * stop, or later. tests/prog/test_headers.c holds it against them.
 */
#include "user/packet/headers.h"

#define ETHERNET_SIZE 14u
#define VLAN_SIZE 4u
#define VLANS_MOST 2
#define ARP_SIZE 28u
#define LLC_SIZE 3u
#define LLC_LENGTH_MOST 0x05dcu
#define IP4_SIZE 20u
#define IP6_SIZE 40u
#define EXTENSION_SIZE 8u
#define EXTENSIONS_MOST 8
#define TCP_SIZE 20u
#define UDP_SIZE 8u
#define PAYLOAD_SIZE 4u /* bpf/payload.h: a channel's header */
#define SCTP_SIZE 13u   /* and the first chunk's type */
#define ICMP_SIZE 8u
#define QUOTE_SIZE 8u /* of the transport that an ICMP error quotes */

#define ETHERTYPE_IP4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_VLAN_OUTER 0x88a8u
#define ETHERTYPE_IP6 0x86ddu

/* A frame, and the bytes of it that were found to be needed so far. */
struct headers {
	const uint8_t *bytes;
	uint32_t captured;
	uint32_t need;
	bool payload;
};

static unsigned int read16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

/* `size` bytes from byte `at` on are needed: are they there? */
static bool headers_need(struct headers *headers, uint32_t at, uint32_t size)
{
	if (headers->need < at + size)
		headers->need = at + size;
	return at + size <= headers->captured;
}

static bool is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

/* Over extension headers, from *at: false if the walk ends before a transport header. */
static bool headers_extensions(struct headers *headers, uint32_t *at, uint8_t *next)
{
	for (int i = 0; i < EXTENSIONS_MOST && is_extension(*next); i++) {
		const uint8_t *header = headers->bytes + *at;
		uint32_t size;

		if (!headers_need(headers, *at, EXTENSION_SIZE))
			return false;
		size = *next == 44 ? EXTENSION_SIZE :
		       *next == 51 ? (header[1] + 2u) * 4 :
				     (header[1] + 1u) * 8;
		if (!headers_need(headers, *at, size))
			return false;
		*at += size;
		if (*next == 44 && read16(header + 2) & 0xfff8)
			return false; /* a later fragment */
		*next = header[0];
	}
	return !is_extension(*next);
}

/* An IP header, from `at`: false if the walk ends before a transport header. */
static bool headers_network(struct headers *headers, int family, uint32_t *at, uint8_t *protocol)
{
	const uint8_t *ip = headers->bytes + *at;
	uint32_t size;

	if (family == 6) {
		if (!headers_need(headers, *at, IP6_SIZE))
			return false;
		*at += IP6_SIZE;
		*protocol = ip[6];
		return headers_extensions(headers, at, protocol);
	}
	if (!headers_need(headers, *at, IP4_SIZE))
		return false;
	size = (ip[0] & 0x0fu) * 4;
	if (size < IP4_SIZE || !headers_need(headers, *at, size))
		return false;
	*at += size;
	*protocol = ip[9];
	return !(read16(ip + 6) & 0x1fff);
}

/* ICMP errors are judged by the packet that they quote. */
static void headers_icmp(struct headers *headers, int family, uint32_t at)
{
	uint8_t type, protocol;

	if (!headers_need(headers, at, ICMP_SIZE))
		return;
	type = headers->bytes[at];
	at += ICMP_SIZE;
	if (family == 4 ? type != 3 && type != 11 && type != 12 : type < 1 || type > 4)
		return;
	if (headers_network(headers, family, &at, &protocol))
		headers_need(headers, at, QUOTE_SIZE);
}

static void headers_ip(struct headers *headers, int family, uint32_t at)
{
	uint8_t protocol;

	if (!headers_network(headers, family, &at, &protocol))
		return;
	if (protocol == 6)
		headers_need(headers, at, TCP_SIZE);
	else if (protocol == 17)
		headers_need(headers, at, UDP_SIZE + (headers->payload ? PAYLOAD_SIZE : 0));
	else if (protocol == 132)
		headers_need(headers, at, SCTP_SIZE);
	else if (protocol == (family == 4 ? 1 : 58))
		headers_icmp(headers, family, at);
}

static void headers_walk(struct headers *headers)
{
	uint32_t at = ETHERNET_SIZE;
	unsigned int type;

	if (!headers_need(headers, 0, ETHERNET_SIZE))
		return;
	type = read16(headers->bytes + 12);
	for (int i = 0; i < VLANS_MOST && (type == ETHERTYPE_VLAN || type == ETHERTYPE_VLAN_OUTER);
	     i++) {
		if (!headers_need(headers, at, VLAN_SIZE))
			return;
		type = read16(headers->bytes + at + 2);
		at += VLAN_SIZE;
	}
	if (type == ETHERTYPE_IP4 || type == ETHERTYPE_IP6)
		headers_ip(headers, type == ETHERTYPE_IP4 ? 4 : 6, at);
	else if (type == ETHERTYPE_ARP)
		headers_need(headers, at, ARP_SIZE);
	else if (type <= LLC_LENGTH_MOST)
		headers_need(headers, at, LLC_SIZE);
}

uint32_t headers_length(const uint8_t *frame, uint32_t captured, uint32_t length, bool payload)
{
	struct headers headers = { .bytes = frame, .captured = captured, .payload = payload };

	headers_walk(&headers);
	return headers.need < length ? headers.need : length;
}
