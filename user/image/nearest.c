// SPDX-License-Identifier: GPL-2.0-only
#include "user/policy/nearest.h"

#include <string.h>

#include "user/base/text.h"
#include "user/policy/address.h"
#include "user/policy/protocol.h"

/* In what a packet differs from a rule. */
struct difference {
	bool protocol;
	bool direction;
	bool port; /* or type */
	bool peer;
	bool from;
	bool to;
};

/* A way of looking at a packet: as it is, or as the answer to what the rule lets through. */
struct view {
	const struct words_flow *flow;
	const struct words_end *from, *to;
	enum policy_direction direction;
	bool is_reply;
};

static bool nearest_in_ranges(const struct policy_range *list, size_t count, uint16_t value)
{
	for (size_t i = 0; i < count; i++)
		if (value >= list[i].first && value <= list[i].last)
			return true;
	return false;
}

static bool nearest_in_set(const struct policy_addresses *set, int family,
			   const struct words_end *end)
{
	struct policy_prefix address = { .family = family, .bits = family == 4 ? 32 : 128 };

	if (set->any)
		return true;
	memcpy(address.address, end->address, sizeof(address.address));
	for (size_t i = 0; i < set->count; i++)
		if (address_contains(&set->list[i], &address))
			return true;
	return false;
}

/* Do the ports fit where `port` is the one that the rule names and `other` the other end's? */
static bool nearest_fits_port(const struct policy_rule *rule, uint16_t port)
{
	return nearest_in_ranges(rule->ports, rule->port_count, port);
}

static void nearest_compare_ports(const struct policy_rule *rule, const struct view *view,
				  struct difference *difference)
{
	uint16_t source = view->from->port, destination = view->to->port;

	if (protocol_has_types(rule->protocol)) {
		/* the reply to an echo request is the only one that ICMP has */
		uint8_t type = view->flow->type;

		if (view->is_reply)
			type = rule->protocol == PROTOCOL_ICMP ? (type == 0 ? 8 : 255) :
								 (type == 129 ? 128 : 255);
		difference->port = !nearest_fits_port(rule, type);
		return;
	}
	if (!protocol_has_ports(rule->protocol))
		return;
	switch (rule->port_of) {
	case POLICY_PORT_OF_DESTINATION:
		difference->port = !nearest_fits_port(rule, destination);
		difference->peer = rule->peers &&
				   !nearest_in_ranges(rule->peers, rule->peer_count, source);
		break;
	case POLICY_PORT_OF_SOURCE:
		difference->port = !nearest_fits_port(rule, source);
		difference->peer = rule->peers &&
				   !nearest_in_ranges(rule->peers, rule->peer_count, destination);
		break;
	case POLICY_PORT_OF_EITHER:
		difference->port = !nearest_fits_port(rule, source) &&
				   !nearest_fits_port(rule, destination);
		break;
	}
}

static struct difference nearest_compare(const struct policy_rule *rule, const struct view *view)
{
	struct difference difference = {
		.protocol = rule->protocol != view->flow->protocol,
		.direction = rule->direction != view->direction,
	};

	if (!difference.protocol)
		nearest_compare_ports(rule, view, &difference);
	difference.from = !nearest_in_set(&rule->from, view->flow->family, view->from);
	difference.to = !nearest_in_set(&rule->to, view->flow->family, view->to);
	return difference;
}

/* How far away: what people change least comes last. 0: it fits. */
static unsigned int nearest_distance(const struct difference *difference)
{
	return (difference->from ? 2u : 0) + (difference->to ? 2u : 0) +
	       (difference->peer ? 2u : 0) + (difference->port ? 5u : 0) +
	       (difference->direction ? 6u : 0) + (difference->protocol ? 20u : 0);
}
#define DISTANCE_MOST 9u /* a wrong port and both addresses */

/* ---- words --------------------------------------------------------------------------------------- */

static void nearest_add_set(struct text *text, const char *word, const struct policy_addresses *set)
{
	char address[ADDRESS_TEXT_SIZE];

	text_format(text, "%s %s only", word, set->text);
	for (size_t i = 0; i < set->count && i < 3; i++) {
		address_print(&set->list[i], address);
		if (i == 0 && !strcmp(address, set->text))
			return; /* it is said already */
		text_format(text, "%s%s", i ? ", " : ": ", address);
	}
	if (set->count > 3)
		text_format(text, " and %zu more", set->count - 3);
}

static void nearest_add_rule(struct text *text, const struct policy_rule *rule)
{
	const char *name = protocol_name(rule->protocol);

	text_format(text, "rule '%s' allows ", rule->name);
	if (name)
		text_add(text, name);
	else
		text_format(text, "protocol %u", rule->protocol);
	if (rule->ports_text[0])
		text_format(text, " %s%s", rule->ports_text,
			    rule->port_of == POLICY_PORT_OF_SOURCE ? " as the source's port" :
			    rule->port_of == POLICY_PORT_OF_EITHER ? " at either end" :
								     "");
	text_add(text, rule->direction == POLICY_IN ? " in" : " out");
}

static char *nearest_describe(const struct policy_rule *rule, const struct difference *difference)
{
	autotext struct text text = { 0 };
	const char *join = ", but ";

	nearest_add_rule(&text, rule);
	if (difference->direction) {
		text_format(&text, "%snot %s", join, rule->direction == POLICY_IN ? "out" : "in");
		join = " and ";
	}
	if (difference->from) {
		text_add(&text, join);
		nearest_add_set(&text, "from", &rule->from);
		join = " and ";
	}
	if (difference->to) {
		text_add(&text, join);
		nearest_add_set(&text, "to", &rule->to);
		join = " and ";
	}
	if (difference->peer)
		text_format(&text, "%swith port %s at the other end only", join, rule->peers_text);
	return text_take(&text);
}

/* Does it open a conversation (spec 3.3)? Then it is nobody's reply. */
static bool nearest_opens(const struct words_packet *packet)
{
	const uint8_t mask = WORDS_SYN | WORDS_ACK | WORDS_RST | WORDS_FIN;

	if (packet->flow.protocol == PROTOCOL_TCP)
		return (packet->tcp_flags & mask) == WORDS_SYN;
	return packet->flow.protocol == PROTOCOL_SCTP && packet->chunk == 1;
}

/* The rule whose reply it could be. */
static char *nearest_reply(const struct policy *policy, const struct words_packet *packet)
{
	const struct words_flow *flow = &packet->flow;
	const struct view view = {
		.flow = flow,
		.from = &flow->to,
		.to = &flow->from,
		.direction = packet->direction == POLICY_IN ? POLICY_OUT : POLICY_IN,
		.is_reply = true,
	};

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct difference difference = nearest_compare(rule, &view);

		if (nearest_distance(&difference))
			continue;
		if (nearest_opens(packet))
			return text_print(
				"as a reply rule '%s' would let it through, but it opens a "
				"conversation, and that no reply does",
				rule->name);
		if (packet->direction == POLICY_IN)
			return text_print(
				"rule '%s' lets such replies in, but there is no live flow: "
				"the host has sent nothing lately that this answers",
				rule->name);
	}
	return NULL;
}

char *nearest_text(const struct policy *policy, const struct words_packet *packet)
{
	const struct words_flow *flow = &packet->flow;
	const struct view view = {
		.flow = flow,
		.from = &flow->from,
		.to = &flow->to,
		.direction = packet->direction,
	};
	const struct policy_rule *nearest = NULL;
	struct difference found = { 0 };
	unsigned int least = DISTANCE_MOST + 1;
	char *reply;

	if (packet->arp || (packet->fragment && packet->offset))
		return NULL;
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct difference difference = nearest_compare(&policy->rules[i], &view);
		unsigned int distance = nearest_distance(&difference);

		if (distance && distance < least) {
			least = distance;
			nearest = &policy->rules[i];
			found = difference;
		}
	}
	/* a rule for this very port says more than a reply that it could have been */
	if (nearest && !found.port && !found.direction)
		return nearest_describe(nearest, &found);
	reply = nearest_reply(policy, packet);
	if (reply || !nearest)
		return reply;
	return nearest_describe(nearest, &found);
}
