/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of ICMP and ICMPv6 types: nftables' ones, and what iptables and IANA call them beside. */
#ifndef USER_POLICY_ICMP_TYPE_H
#define USER_POLICY_ICMP_TYPE_H

#include <stdint.h>

#include "user/base/suggestion.h"

/* `protocol` is 1 or 58. -ENOENT: no type of this name. */
int icmp_type_find(uint8_t protocol, const char *name, uint8_t *type);

/* NULL: it has none. */
const char *icmp_type_name(uint8_t protocol, uint8_t type);

/* Offers all names. */
void icmp_type_suggest(uint8_t protocol, struct suggestion *nearest);

#endif
