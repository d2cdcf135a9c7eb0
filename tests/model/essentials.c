// SPDX-License-Identifier: GPL-2.0-only
/* Neighbor discovery and ICMP errors (spec 3.5, 3.4). */
#include <string.h>

#include "tests/model/packet.h"

/* "at least the length of RFC 4861" */
static size_t least_length(uint8_t type)
{
	switch (type) {
	case 133: /* router solicitation */
		return 8;
	case 134: /* router advertisement */
		return 16;
	default: /* neighbor solicitation and advertisement */
		return 24;
	}
}

/*
 * "types 133-136 with hop limit 255, code 0, at least the length of RFC 4861, without a fragment header,
 * 134 from link-local only, 136 never from ::"
 */
static bool is_neighbor_discovery(const struct packet *packet)
{
	if (packet->type < 133 || packet->type > 136)
		return false;
	if (packet->hops != 255 || packet->code != 0 || packet->fragment_header ||
	    packet->transport.length < least_length(packet->type))
		return false;
	if (packet->type == 134)
		return address_is_link_local(&packet->source);
	if (packet->type == 136)
		return !address_is_unspecified(&packet->source);
	return true;
}

/*
 * "MLD 130-132 and 143 with code 0, hop limit 1 and a link-local or unspecified source"; that neighbor
 * discovery stands "without a fragment header" is taken to hold for it too.
 */
static bool is_listener_discovery(const struct packet *packet)
{
	if ((packet->type < 130 || packet->type > 132) && packet->type != 143)
		return false;
	return packet->code == 0 && packet->hops == 1 && !packet->fragment_header &&
	       (address_is_link_local(&packet->source) || address_is_unspecified(&packet->source));
}

bool neighbor_discovery_passes(const struct packet *packet)
{
	return packet->family == 6 && packet_is_icmp(packet) &&
	       (is_neighbor_discovery(packet) || is_listener_discovery(packet));
}

/* ---- ICMP errors --------------------------------------------------------------------------------- */

static bool read_quote4(struct packet *quote, struct bytes ip)
{
	size_t header;
	uint16_t field;

	if (ip.length < 20 || byte_at(ip, 0) >> 4 != 4)
		return false;
	header = (size_t)(byte_at(ip, 0) & 15) * 4;
	field = word_at(ip, 6);
	if (header < 20 || ip.length < header || (field & 0x1fff) != 0)
		return false;
	quote->source.family = quote->destination.family = 4;
	memcpy(quote->source.bytes, ip.at + 12, 4);
	memcpy(quote->destination.bytes, ip.at + 16, 4);
	quote->protocol = byte_at(ip, 9);
	quote->transport = bytes_from(ip, header);
	return true;
}

static bool read_quote6(struct packet *quote, struct bytes ip)
{
	if (ip.length < 40 || byte_at(ip, 0) >> 4 != 6)
		return false;
	quote->source.family = quote->destination.family = 6;
	memcpy(quote->source.bytes, ip.at + 8, 16);
	memcpy(quote->destination.bytes, ip.at + 24, 16);
	return ip6_chain(quote, bytes_from(ip, 40), byte_at(ip, 6)) == OUTCOME_UNDECIDED &&
	       quote->first;
}

/*
 * "they quote an IP header and at least 8 bytes of an unfragmented or first-fragment packet that
 * travelled the other way"; "The quote is judged by addresses, protocol and ports only; what can't be
 * read is unrelated."
 */
bool read_quote(struct packet *quote, const struct packet *error)
{
	bool good;

	*quote = (struct packet){ .out = !error->out, .quoted = true, .family = error->family };
	good = error->family == 4 ? read_quote4(quote, error->payload) :
				    read_quote6(quote, error->payload);
	if (!good || quote->transport.length < 8)
		return false;
	switch (quote->protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
	case PROTOCOL_SCTP:
		quote->has_ports = true;
		quote->source_port = word_at(quote->transport, 0);
		quote->destination_port = word_at(quote->transport, 2);
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		quote->has_type = true;
		quote->type = byte_at(quote->transport, 0);
		quote->identifier = word_at(quote->transport, 4);
		break;
	}
	return true;
}

/* "`in`, only by a live flow or as the answer of an in rule" */
static bool sent_in_conversation(struct model *model, const struct model_policy *policy,
				 uint64_t now, const struct packet *quote)
{
	struct packet asked;
	struct model_flow *flow = flow_find(model, policy, now, quote);

	if (flow && rule_find(policy, quote))
		return true;
	if (packet_reverse(quote, &asked) && rule_find(policy, &asked))
		return true;
	/* "also as `ping` (`in`: an echo request with a live flow, or an echo reply ...)" */
	return policy->ping &&
	       ((flow && packet_is_echo_request(quote)) || packet_is_echo_reply(quote));
}

/* "`out`, by an in rule or as a reply to a live flow" */
static bool received_in_conversation(struct model *model, const struct model_policy *policy,
				     uint64_t now, const struct packet *quote)
{
	struct packet sent;

	if (rule_find(policy, quote))
		return true;
	if (packet_reverse(quote, &sent) && flow_find(model, policy, now, &sent) &&
	    rule_find(policy, &sent))
		return true;
	/* "also as `ping` (... `out`: any echo request)", and nothing else by ping */
	return policy->ping && packet_is_echo_request(quote);
}

bool icmp_error_passes(struct model *model, const struct model_policy *policy, uint64_t now,
		       const struct packet *packet)
{
	struct packet quote;

	/* "the quoted source is the error's destination" */
	if (!read_quote(&quote, packet) || !address_equal(&quote.source, &packet->destination))
		return false;
	return quote.out ? sent_in_conversation(model, policy, now, &quote) :
			   received_in_conversation(model, policy, now, &quote);
}
