/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/protocol.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "user/base/suggestion.h"

static const struct protocol {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", PROTOCOL_TCP },   { "udp", PROTOCOL_UDP },       { "sctp", PROTOCOL_SCTP },
	{ "icmp", PROTOCOL_ICMP }, { "icmpv6", PROTOCOL_ICMPV6 },
};

/* Names from elsewhere, and what a policy writes for them. */
static const struct foreign {
	const char *name;
	const char *written;
} foreigners[] = {
	{ "igmp", "2" },   { "ipip", "4" },   { "ipencap", "4" },   { "dccp", "33" },
	{ "ipv6", "41" },  { "rsvp", "46" },  { "gre", "47" },      { "esp", "50" },
	{ "ah", "51" },    { "eigrp", "88" }, { "ospf", "89" },     { "pim", "103" },
	{ "vrrp", "112" }, { "l2tp", "115" }, { "udplite", "136" },
};

#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(protocols[0]))
#define FOREIGN_COUNT (sizeof(foreigners) / sizeof(foreigners[0]))

int protocol_find(const char *name, uint8_t *protocol)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
		if (!strcmp(protocols[i].name, name)) {
			*protocol = protocols[i].number;
			return 0;
		}
	}
	return -ENOENT;
}

const char *protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}

const char *protocol_number_text(const char *name)
{
	for (size_t i = 0; i < FOREIGN_COUNT; i++)
		if (!strcmp(foreigners[i].name, name))
			return foreigners[i].written;
	return NULL;
}

const char *protocol_nearest(const char *name)
{
	struct suggestion nearest = { .word = name };

	if (!strcmp(name, "icmp6") || !strcmp(name, "ipv6-icmp"))
		return "icmpv6";
	for (size_t i = 0; i < PROTOCOL_COUNT; i++)
		suggestion_offer(&nearest, protocols[i].name);
	return nearest.name;
}

bool protocol_is_extension_header(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60;
}

bool protocol_has_ports(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
}

bool protocol_has_types(uint8_t protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

unsigned int protocol_families(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_ICMP:
	case PROTOCOL_AH: /* in IPv6 it is an extension header, and walked through */
		return 1;
	case PROTOCOL_ICMPV6:
		return 2;
	default:
		return 3;
	}
}
