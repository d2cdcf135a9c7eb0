// SPDX-License-Identifier: GPL-2.0-only
/* A packet back into words. */
#include <arpa/inet.h>

#include "user/base/text.h"
#include "user/policy/icmp_type.h"
#include "user/policy/protocol.h"
#include "user/policy/words.h"

static void words_add_end(struct text *text, const struct words_flow *flow,
			  const struct words_end *end)
{
	char address[INET6_ADDRSTRLEN] = "";
	bool has_ports = protocol_has_ports(flow->protocol);

	inet_ntop(flow->family == 4 ? AF_INET : AF_INET6, end->address, address, sizeof(address));
	if (!has_ports)
		text_add(text, address);
	else
		text_format(text, flow->family == 4 ? "%s:%u" : "[%s]:%u", address, end->port);
}

static void words_add_flow(struct text *text, const struct words_flow *flow)
{
	const char *name = protocol_name(flow->protocol);

	if (name)
		text_add(text, name);
	else
		text_format(text, "%u", flow->protocol);
	text_add(text, " ");
	words_add_end(text, flow, &flow->from);
	text_add(text, " > ");
	words_add_end(text, flow, &flow->to);
}

static void words_add_type(struct text *text, const struct words_flow *flow)
{
	const char *name = icmp_type_name(flow->protocol, flow->type);

	if (!protocol_has_types(flow->protocol))
		return;
	if (name)
		text_format(text, " type=%s", name);
	else
		text_format(text, " type=%u", flow->type);
	if (flow->code)
		text_format(text, " code=%u", flow->code);
	if ((flow->protocol == PROTOCOL_ICMP && (flow->type == 0 || flow->type == 8)) ||
	    (flow->protocol == PROTOCOL_ICMPV6 && (flow->type == 128 || flow->type == 129)))
		text_format(text, " echo=%u", flow->echo_id);
}

static void words_add_flags(struct text *text, uint8_t flags)
{
	static const char letters[] = "FSRPAUEW"; /* by bit, RFC 9293 3.1 */

	text_add(text, " flags=");
	if (!flags)
		text_add(text, "none");
	for (unsigned int bit = 0; bit < 8; bit++)
		if (flags >> bit & 1)
			text_add_bytes(text, &letters[bit], 1);
}

static void words_add_options(struct text *text, const struct words_packet *packet)
{
	words_add_type(text, &packet->flow);
	if (packet->flow.protocol == PROTOCOL_TCP)
		words_add_flags(text, packet->tcp_flags);
	if (packet->flow.protocol == PROTOCOL_SCTP && packet->chunk != 1)
		text_format(text, " chunk=%u", packet->chunk);
	if (packet->fragment)
		text_format(text, " frag=%u%s id=%u", packet->offset, packet->more ? "+" : "",
			    packet->id);
	if (packet->ttl != words_usual_ttl(&packet->flow))
		text_format(text, " ttl=%u", packet->ttl);
	if (packet->payload_size)
		text_add(text, " payload=");
	for (uint32_t i = 0; i < packet->payload_size; i++)
		text_format(text, "%02x", packet->payload[i]);
	if (packet->has_about) {
		text_add(text, " about ");
		words_add_flow(text, &packet->about);
		words_add_type(text, &packet->about);
	}
}

char *words_text(const struct words_packet *packet)
{
	autotext struct text text = { 0 };

	text_add(&text, packet->direction == POLICY_IN ? "in " : "out ");
	if (packet->arp) {
		text_add(&text, "arp ");
		words_add_end(&text, &packet->flow, &packet->flow.from);
		text_add(&text, " > ");
		words_add_end(&text, &packet->flow, &packet->flow.to);
	} else {
		words_add_flow(&text, &packet->flow);
		words_add_options(&text, packet);
	}
	for (unsigned int i = 0; i < packet->vlan_count; i++)
		text_format(&text, " vlan=%u", packet->vlans[i]);
	if (packet->length)
		text_format(&text, " len=%u", packet->length);
	if (packet->wait)
		text_format(&text, " wait=%llus", (unsigned long long)packet->wait);
	return text_take(&text);
}
