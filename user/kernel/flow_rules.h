/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose flow is it: the first out rule of a generation that matches the flow's packet by protocol, ports
 * and addresses (spec 3.3). Asks what the programs ask: the generation in the gate's memory, the hash of
 * tuples, the tries of prefixes. tests/prog/test_flow_rules.c holds it against the programs.
 */
#ifndef USER_KERNEL_FLOW_RULES_H
#define USER_KERNEL_FLOW_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include <edgegate/abi.h>

/* The ends of a flow, whatever its family. IPv4 addresses stand in word 0, the others are 0. */
struct flow_ends {
	uint32_t local[4]; /* the host's; network order */
	uint32_t remote[4];
	uint16_t local_port; /* network order; of ICMP the echo's identifier */
	uint16_t remote_port;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
};

struct flow_rules_answer;

/* What is asked. The generation and the descriptors are borrowed, the answers owned. */
struct flow_rules {
	const struct generation *generation;
	int tuples;      /* map of the generation's tuples; -1: it has none */
	int prefixes[2]; /* tries of IPv4 and IPv6 prefixes; -1: there are none */
	struct flow_rules_answer
		*answers; /* that tries gave, by hash: one look-up is a system call */
};

/* -ENOMEM, or 0. */
int flow_rules_begin(struct flow_rules *rules, const struct generation *generation, int tuples,
		     const int prefixes[2]);
void flow_rules_end(struct flow_rules *rules);

/* ICMP over IPv4 or ICMPv6 over IPv6: its flows are echoes. */
bool flow_rules_is_icmp(const struct flow_ends *ends);

/* The rule's slot; 0: no out rule matches. */
uint16_t flow_rules_find(const struct flow_rules *rules, const struct flow_ends *ends);

#endif
