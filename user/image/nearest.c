// SPDX-License-Identifier: GPL-2.0-only
#include "user/image/nearest.h"

#include <string.h>

#include "user/base/text.h"
#include "user/image/lookup.h"
#include "user/image/nearest_words.h"

#define ICMP 1u
#define TCP 6u
#define UDP 17u
#define ICMPV6 58u
#define SCTP 132u
#define ECHO_REPLY 0u
#define ECHO_REQUEST 8u
#define ECHO6_REQUEST 128u
#define ECHO6_REPLY 129u
#define CHUNK_INIT 1u
#define NO_TYPE 256u /* of ICMP: none, for types are bytes */

/* A way of looking at a packet: as it is, or as the answer to what a rule lets through. */
struct view {
	const struct words_flow *flow;
	const struct words_end *from, *to;
	enum direction direction;
	uint16_t type; /* of ICMP, as a rule would have to name it */
	/* what is allowed on the destination's port (or type, or the protocol), and on the source's */
	uint16_t by_destination[DIRECTION_COUNT], by_source[DIRECTION_COUNT];
};

static bool nearest_has_ports(uint8_t protocol)
{
	return protocol == TCP || protocol == UDP || protocol == SCTP;
}

static bool nearest_has_types(uint8_t protocol)
{
	return protocol == ICMP || protocol == ICMPV6;
}

/* ---- how a rule and a packet compare ---------------------------------------------------------------- */

/* The only reply that ICMP has is that to an echo request. */
static uint16_t nearest_request_type(const struct words_flow *flow)
{
	if (flow->protocol == ICMP && flow->type == ECHO_REPLY)
		return ECHO_REQUEST;
	return flow->protocol == ICMPV6 && flow->type == ECHO6_REPLY ? ECHO6_REQUEST : NO_TYPE;
}

/* The packet itself, or with `is_reply` what it would be the reply to. */
static struct view nearest_view(const struct lookup *nearest, const struct words_packet *packet,
				bool is_reply)
{
	const struct words_flow *flow = &packet->flow;
	bool in = (packet->direction == POLICY_IN) != is_reply;
	struct view view = {
		.flow = flow,
		.from = is_reply ? &flow->to : &flow->from,
		.to = is_reply ? &flow->from : &flow->to,
		.direction = in ? DIRECTION_IN : DIRECTION_OUT,
		.type = is_reply ? nearest_request_type(flow) : flow->type,
	};

	for (int i = 0; i < DIRECTION_COUNT; i++) {
		enum direction direction = (enum direction)i;
		uint16_t port = nearest_has_ports(flow->protocol) ? view.to->port :
				nearest_has_types(flow->protocol) ? view.type :
								    0;

		view.by_destination[i] = lookup_entry(nearest, direction, flow->protocol, port);
		if (nearest_has_ports(flow->protocol))
			view.by_source[i] =
				lookup_entry(nearest, direction, flow->protocol, view.from->port);
	}
	return view;
}

/* Is the rule with this slot allowed by an entry, in this role? */
static bool nearest_is_candidate(const struct generation *generation, uint16_t entry, uint16_t slot,
				 uint16_t role)
{
	const uint16_t *list;
	uint32_t count;

	if (!(entry & ENTRY_LIST))
		return entry && entry == slot && role == CANDIDATE_DESTINATION;
	list = lookup_list(generation, entry, &count);
	for (uint32_t i = 0; i < count; i++)
		if ((list[i] & CANDIDATE_SLOT_MASK) == slot && list[i] & role)
			return true;
	return false;
}

static bool nearest_in_set(const struct lookup *nearest, uint16_t set, int family,
			   const struct words_end *end)
{
	uint32_t words[4];

	memcpy(words, end->address, sizeof(words));
	return lookup_in_set(nearest, family, set, words);
}

static bool nearest_is_source_rule(const struct image *image, const struct listing_row *row)
{
	return strcmp(listing_string(image->listing, row->port_of), "source") == 0;
}

/* To a rule of the packet's protocol. */
static struct nearest_difference nearest_compare(const struct lookup *nearest,
						 const struct listing_row *row,
						 const struct view *view)
{
	const struct generation *generation = nearest->image->generation;
	const struct rule_scope *scope = &generation->scopes[row->slot];
	bool by_destination = nearest_is_candidate(generation, view->by_destination[row->direction],
						   row->slot, CANDIDATE_DESTINATION);
	bool by_source = nearest_is_candidate(generation, view->by_source[row->direction],
					      row->slot, CANDIDATE_SOURCE);
	uint16_t other = nearest_is_source_rule(nearest->image, row) ? view->to->port :
								       view->from->port;
	int family = view->flow->family;

	return (struct nearest_difference){
		.direction = row->direction != view->direction,
		.port = !by_destination && !by_source,
		.peer = scope->peers && !lookup_is_peer(generation, scope->peers, other),
		.from = !nearest_in_set(nearest, scope->from, family, view->from),
		.to = !nearest_in_set(nearest, scope->to, family, view->to),
	};
}

/* How far away: what people change least comes last. 0: it fits. */
static unsigned int nearest_distance(const struct nearest_difference *difference)
{
	return (difference->from ? 2u : 0) + (difference->to ? 2u : 0) +
	       (difference->peer ? 2u : 0) + (difference->port ? 5u : 0) +
	       (difference->direction ? 6u : 0);
}
#define DISTANCE_MOST 9u /* a wrong port and both addresses */

/* ---- which one -------------------------------------------------------------------------------------- */

/* Does it open a conversation (spec 3.3)? Then it is nobody's reply. */
static bool nearest_opens(const struct words_packet *packet)
{
	const uint8_t mask = WORDS_SYN | WORDS_ACK | WORDS_RST | WORDS_FIN;

	if (packet->flow.protocol == TCP)
		return (packet->tcp_flags & mask) == WORDS_SYN;
	return packet->flow.protocol == SCTP && packet->chunk == CHUNK_INIT;
}

/* The first rule of the packet's protocol that fits in all; NULL. */
static const struct listing_row *nearest_fit(const struct lookup *nearest, const struct view *view)
{
	const struct listing_header *listing = nearest->image->listing;

	for (uint32_t i = 0; i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		struct nearest_difference difference;

		if (row->protocol != view->flow->protocol)
			continue;
		difference = nearest_compare(nearest, row, view);
		if (!nearest_distance(&difference))
			return row;
	}
	return NULL;
}

/* The rule whose reply it could be. */
static char *nearest_reply(const struct lookup *nearest, const struct words_packet *packet)
{
	const struct view view = nearest_view(nearest, packet, true);
	const struct listing_row *row = nearest_fit(nearest, &view);
	const char *name = row ? listing_string(nearest->image->listing, row->name) : NULL;

	if (row && nearest_opens(packet))
		return text_print("as a reply rule '%s' would let it through, but it opens a "
				  "conversation, and that no reply does",
				  name);
	if (row && packet->direction == POLICY_IN)
		return text_print("rule '%s' lets such replies in, but there is no live flow: "
				  "the host has sent nothing lately that this answers",
				  name);
	return NULL;
}

/* What no rule lets pass. */
static char *nearest_rule(const struct lookup *nearest, const struct words_packet *packet)
{
	const struct listing_header *listing = nearest->image->listing;
	const struct view view = nearest_view(nearest, packet, false);
	const struct listing_row *found = NULL;
	struct nearest_difference in_what = { 0 };
	unsigned int least = DISTANCE_MOST + 1;
	char *reply;

	for (uint32_t i = 0; i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		struct nearest_difference difference;
		unsigned int distance;

		if (row->protocol != packet->flow.protocol)
			continue;
		difference = nearest_compare(nearest, row, &view);
		distance = nearest_distance(&difference);
		if (distance && distance < least) {
			least = distance;
			found = row;
			in_what = difference;
		}
	}
	/* a rule for this very port says more than a reply that it could have been */
	if (found && !in_what.port && !in_what.direction)
		return nearest_words_difference(nearest->image, found, &in_what);
	reply = nearest_reply(nearest, packet);
	if (reply || !found)
		return reply;
	return nearest_words_difference(nearest->image, found, &in_what);
}

/* What a rule took, and dropped for what it asks besides: the first that fits. */
static char *nearest_extra(const struct lookup *nearest, const struct words_packet *packet,
			   enum outcome reason)
{
	const struct listing_header *listing = nearest->image->listing;
	const struct view view = nearest_view(nearest, packet, false);
	const struct listing_row *row = nearest_fit(nearest, &view);
	autotext struct text text = { 0 };
	const char *payload; /* "udp-media, enforce" */

	if (!row)
		return NULL;
	payload = listing_string(listing, row->payload);
	nearest_words_rule(&text, nearest->image, row);
	if (reason == OUTCOME_DROP_RATE_LIMIT)
		text_format(&text, ", but no more than %s", listing_string(listing, row->limit));
	else
		text_format(&text, ", but only with a payload of %.*s", (int)strcspn(payload, ","),
			    payload);
	return text_take(&text);
}

/* What has no address family could not be read; later fragments have no ports; icmp is IPv4's. */
static bool nearest_is_asked(const struct words_packet *packet)
{
	const struct words_flow *flow = &packet->flow;

	if (!flow->family || packet->arp || (packet->fragment && packet->offset))
		return false;
	return flow->protocol != (flow->family == 4 ? ICMPV6 : ICMP);
}

char *nearest_text(const struct image *image, const struct words_packet *packet,
		   enum outcome reason)
{
	cleanup(lookup_end) struct lookup nearest = { 0 };

	if (!nearest_is_asked(packet))
		return NULL;
	if (lookup_begin(&nearest, image))
		return NULL;
	switch (reason) {
	case OUTCOME_DROP_NO_RULE:
	case OUTCOME_DROP_ADDRESS:
		return nearest_rule(&nearest, packet);
	case OUTCOME_DROP_RATE_LIMIT:
	case OUTCOME_DROP_PAYLOAD:
		return nearest_extra(&nearest, packet, reason);
	default:
		return NULL;
	}
}
