/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose flow is it: the first out rule of a generation that matches the flow's packet by protocol, ports
 * and addresses (spec 3.3), by an image that was read back from the maps that the programs ask
 * (readback.h): a look-up in the maps themselves would be a system call each.
 * tests/prog/test_flow_rules.c holds it against the programs.
 */
#ifndef USER_KERNEL_FLOW_RULES_H
#define USER_KERNEL_FLOW_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "user/image/lookup.h"

/* The ends of a flow, whatever its family. IPv4 addresses stand in word 0, the others are 0. */
struct flow_ends {
	uint32_t local[4]; /* the host's; network order */
	uint32_t remote[4];
	uint16_t local_port; /* network order; of ICMP the echo's identifier */
	uint16_t remote_port;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
};

/* ICMP over IPv4 or ICMPv6 over IPv6: its flows are echoes. */
bool flow_rules_is_icmp(const struct flow_ends *ends);

/* The rule's slot; 0: no out rule matches. */
uint16_t flow_rules_find(const struct lookup *rules, const struct flow_ends *ends);

#endif
