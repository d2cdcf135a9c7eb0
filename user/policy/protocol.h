/* SPDX-License-Identifier: GPL-2.0-only */
/* IP protocols: their names, and what a rule on each may and must say. */
#ifndef USER_POLICY_PROTOCOL_H
#define USER_POLICY_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_SCTP = 132,
};

/* One of the names that a policy may use. -ENOENT: none of them. */
int protocol_find(const char *name, uint8_t *protocol);

/* NULL: it has none that a policy may use. */
const char *protocol_name(uint8_t protocol);

/* What to write for a name that policies don't know; the nearest name; NULL. */
const char *protocol_nearest(const char *name);

/* The number of a protocol that policies know by number alone ("gre"), or NULL. */
const char *protocol_number_text(const char *name);

/* 0, 43, 44 and 60 are IPv6 extension headers, which no rule is about. */
bool protocol_is_extension_header(uint8_t protocol);

bool protocol_has_ports(uint8_t protocol);
bool protocol_has_types(uint8_t protocol);

/* Families that can carry it: 1 is IPv4, 2 is IPv6, 3 both. */
unsigned int protocol_families(uint8_t protocol);

#endif
