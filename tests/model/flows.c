// SPDX-License-Identifier: GPL-2.0-only
/* Flows: who makes and refreshes them, and when they end (spec 3.3). */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/packet.h"

/*
 * "A TCP flow is on the `tcp-transitory` timeout until the host has sent a segment other than SYN or RST,
 * after a FIN in each direction, and after a RST."
 */
static uint32_t timeout_of(const struct model_flow *flow, const struct model_timeouts *timeouts)
{
	switch (flow->protocol) {
	case PROTOCOL_TCP:
		if (!flow->established || (flow->fin_out && flow->fin_in) || flow->reset)
			return timeouts->tcp_transitory;
		return timeouts->tcp;
	case PROTOCOL_UDP:
		return timeouts->udp;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return timeouts->icmp;
	default:
		return timeouts->other;
	}
}

static bool in_time(const struct model_flow *flow, const struct model_policy *policy, uint64_t now)
{
	return within(now, flow->last_sent, timeout_of(flow, &policy->timeouts));
}

/* "a flow (protocol, both addresses, both ports; for an echo request its identifier in place of ports)" */
static bool is_of(const struct model_flow *flow, const struct packet *sent)
{
	if (flow->protocol != sent->protocol || !address_equal(&flow->host, &sent->source) ||
	    !address_equal(&flow->peer, &sent->destination))
		return false;
	if (sent->has_type)
		return packet_is_echo_request(sent) && flow->host_port == sent->identifier;
	return flow->host_port == sent->source_port && flow->peer_port == sent->destination_port;
}

static struct model_flow *find_any(struct model *model, const struct packet *sent)
{
	for (unsigned int i = 0; i < model->flow_count; i++)
		if (is_of(&model->flows[i], sent))
			return &model->flows[i];
	return NULL;
}

/*
 * "A flow lives only as long as some out rule of the policy in force matches its packet by protocol,
 * ports and addresses"; those of echo requests also while ping (3.5) lets them out.
 */
static bool is_allowed(const struct model_policy *policy, const struct packet *sent)
{
	return rule_find(policy, sent) || (policy->ping && packet_is_echo_request(sent));
}

struct model_flow *flow_find(struct model *model, const struct model_policy *policy, uint64_t now,
			     const struct packet *sent)
{
	struct model_flow *flow = find_any(model, sent);

	return flow && in_time(flow, policy, now) && is_allowed(policy, sent) ? flow : NULL;
}

/* "A RST, FIN or SYN+ACK creates no flow"; of ICMP only an echo request does. */
static bool may_create(const struct packet *packet)
{
	if (packet->has_type)
		return packet_is_echo_request(packet);
	if (packet->protocol != PROTOCOL_TCP)
		return true;
	return !(packet->flags & (TCP_RST | TCP_FIN)) &&
	       (packet->flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK);
}

static struct model_flow *create(struct model *model, const struct packet *packet)
{
	struct model_flow *flow = find_any(model, packet); /* one that has timed out */

	if (!flow) {
		if (model->flow_count == MEMORY_MAX) {
			fprintf(stderr, "more flows than the model has room for\n");
			abort();
		}
		flow = &model->flows[model->flow_count++];
	}
	*flow = (struct model_flow){
		.protocol = packet->protocol,
		.host = packet->source,
		.peer = packet->destination,
		.host_port = packet->has_type ? packet->identifier : packet->source_port,
		.peer_port = packet->has_type ? 0 : packet->destination_port,
	};
	return flow;
}

/*
 * "After a RST any later outbound segment without SYN, RST and FIN puts it back on `tcp` ...; after a FIN
 * in each direction nothing does but a SYN, which begins anew."
 */
static void tcp_sent(struct model_flow *flow, uint8_t flags)
{
	if ((flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
		flow->established = flow->fin_out = flow->fin_in = flow->reset = false;
		return;
	}
	if (flags & TCP_RST)
		flow->reset = true;
	if (flags & TCP_FIN)
		flow->fin_out = true;
	if (!(flags & (TCP_SYN | TCP_RST)))
		flow->established = true;
	if (!(flags & (TCP_SYN | TCP_RST | TCP_FIN)))
		flow->reset = false;
}

/* "A packet that passes by an out rule creates or refreshes a flow" */
void flow_sent(struct model *model, const struct model_policy *policy, uint64_t now,
	       const struct packet *packet)
{
	struct model_flow *flow = flow_find(model, policy, now, packet);

	if (!flow && !may_create(packet))
		return;
	if (!flow)
		flow = create(model, packet);
	flow->last_sent = now;
	if (packet->protocol == PROTOCOL_TCP)
		tcp_sent(flow, packet->flags);
}

/*
 * "An inbound packet that reverses a live flow has this effect on it whatever let it pass." It prolongs
 * nothing.
 */
void flow_received(struct model *model, const struct model_policy *policy, uint64_t now,
		   const struct packet *packet)
{
	struct packet sent;
	struct model_flow *flow;

	if (packet->protocol != PROTOCOL_TCP || !packet_reverse(packet, &sent))
		return;
	flow = flow_find(model, policy, now, &sent);
	if (!flow)
		return;
	if (packet->flags & TCP_RST)
		flow->reset = true;
	if (packet->flags & TCP_FIN)
		flow->fin_in = true;
}

unsigned int model_flow_entries(const struct model *model)
{
	return model->flow_count;
}
