// SPDX-License-Identifier: GPL-2.0-only
/* The twin of bpf/rules.h for what goes out; there the verifier has its say on the shape. */
#include <arpa/inet.h>

#include "user/kernel/flow_rules.h"

#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_ICMPV6 58u
#define PROTOCOL_SCTP 132u
#define ICMP4_ECHO_REQUEST 8u
#define ICMP6_ECHO_REQUEST 128u

bool flow_rules_is_icmp(const struct flow_ends *ends)
{
	return ends->protocol == (ends->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

static bool flow_rules_has_ports(const struct flow_ends *ends)
{
	return ends->protocol == PROTOCOL_TCP || ends->protocol == PROTOCOL_UDP ||
	       ends->protocol == PROTOCOL_SCTP;
}

/* The first of a list's candidates that takes the flow by the port of its `role`; 0: none. */
static uint16_t flow_rules_walk(const struct lookup *rules, const struct flow_ends *ends,
				uint16_t entry, uint16_t role)
{
	const struct generation *generation = rules->image->generation;
	uint16_t other = role == CANDIDATE_DESTINATION ? ends->local_port : ends->remote_port;
	uint32_t count;
	const uint16_t *list = lookup_list(generation, entry, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint16_t slot = list[i] & CANDIDATE_SLOT_MASK;
		const struct rule_scope *scope = &generation->scopes[slot];

		if (list[i] & role &&
		    lookup_in_set(rules, ends->family, scope->from, ends->local) &&
		    lookup_in_set(rules, ends->family, scope->to, ends->remote) &&
		    (!scope->peers || lookup_is_peer(generation, scope->peers, ntohs(other))))
			return slot;
	}
	return 0;
}

/* Of TCP and UDP by the table that the programs ask: a flow table may hold hundreds of thousands. */
static uint16_t flow_rules_entry(const struct lookup *rules, uint8_t protocol, uint16_t port)
{
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
		return lookup_entry(rules, DIRECTION_OUT, protocol, port);
	return rules->image->generation
		->table[(uint32_t)DIRECTION_OUT << TABLE_DIRECTION_SHIFT |
			(uint32_t)(protocol == PROTOCOL_UDP) << TABLE_UDP_SHIFT | port];
}

uint16_t flow_rules_find(const struct lookup *rules, const struct flow_ends *ends)
{
	const struct generation *generation = rules->image->generation;
	uint16_t entry, other = 0, by_destination, by_source = 0;

	if (flow_rules_has_ports(ends)) {
		entry = flow_rules_entry(rules, ends->protocol, ntohs(ends->remote_port));
		other = flow_rules_entry(rules, ends->protocol, ntohs(ends->local_port));
	} else if (flow_rules_is_icmp(ends)) {
		entry = flow_rules_entry(rules, ends->protocol,
					 ends->family == 4 ? ICMP4_ECHO_REQUEST :
							     ICMP6_ECHO_REQUEST);
	} else if (ends->protocol == PROTOCOL_ICMP || ends->protocol == PROTOCOL_ICMPV6) {
		return 0; /* of the other family: no rule means it */
	} else {
		entry = flow_rules_entry(rules, ends->protocol, 0);
	}
	by_destination = entry & ENTRY_LIST ?
				 flow_rules_walk(rules, ends, entry, CANDIDATE_DESTINATION) :
				 entry & CANDIDATE_SLOT_MASK;
	/* one rule for any address goes by the destination's port */
	if (other & ENTRY_LIST)
		by_source = flow_rules_walk(rules, ends, other, CANDIDATE_SOURCE);
	if (!by_source || !by_destination)
		return by_source ? by_source : by_destination;
	return generation->scopes[by_source].order < generation->scopes[by_destination].order ?
		       by_source :
		       by_destination;
}
