// SPDX-License-Identifier: GPL-2.0-only
/* Which rule a packet matches (spec 3.3), and why none did (spec 3.8). */
#include "tests/model/packet.h"

static bool in_ranges(const struct model_ranges *ranges, uint16_t value)
{
	for (unsigned int i = 0; i < ranges->count; i++)
		if (value >= ranges->range[i].first && value <= ranges->range[i].last)
			return true;
	return false;
}

/* "the port at the other end than `ports`; any where left out" */
static bool peer_port_fits(const struct model_rule *rule, uint16_t port)
{
	return rule->peer_ports.count == 0 || in_ranges(&rule->peer_ports, port);
}

static bool ports_fit(const struct model_rule *rule, const struct packet *packet, bool with_peer)
{
	bool by_destination = in_ranges(&rule->ports, packet->destination_port) &&
			      (!with_peer || peer_port_fits(rule, packet->source_port));
	bool by_source = in_ranges(&rule->ports, packet->source_port) &&
			 (!with_peer || peer_port_fits(rule, packet->destination_port));

	switch (rule->port_of) {
	case MODEL_DESTINATION:
		return by_destination;
	case MODEL_SOURCE:
		return by_source;
	default:
		return by_destination || by_source;
	}
}

/* Protocol, direction, and port or ICMP type. */
static bool tuple_fits(const struct model_rule *rule, const struct packet *packet, bool with_peer)
{
	if (rule->out != packet->out || rule->protocol != packet->protocol)
		return false;
	/* "`icmp` is IPv4 only, `icmpv6` IPv6 only"; "51 matches IPv4 only" by how headers are walked */
	if (rule->protocol == PROTOCOL_ICMP || rule->protocol == PROTOCOL_ICMPV6)
		return packet_is_icmp(packet) && in_ranges(&rule->ports, packet->type);
	if (packet->has_ports)
		return ports_fit(rule, packet, with_peer);
	return true;
}

/* "the first in the file that matches takes the packet and its count" */
const struct model_rule *rule_find(const struct model_policy *policy, const struct packet *packet)
{
	for (unsigned int i = 0; i < policy->rule_count; i++) {
		const struct model_rule *rule = &policy->rules[i];

		if (tuple_fits(rule, packet, true) &&
		    address_in_set(&packet->source, &rule->from) &&
		    address_in_set(&packet->destination, &rule->to))
			return rule;
	}
	return NULL;
}

/*
 * "`address` (there is a rule for the tuple in the packet's own direction, but not between those
 * addresses or with that port at the other end ...)", else "`no-rule`"
 */
enum outcome rule_why_none(const struct model_policy *policy, const struct packet *packet)
{
	for (unsigned int i = 0; i < policy->rule_count; i++)
		if (tuple_fits(&policy->rules[i], packet, false))
			return OUTCOME_DROP_ADDRESS;
	return OUTCOME_DROP_NO_RULE;
}
