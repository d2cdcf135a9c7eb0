// SPDX-License-Identifier: GPL-2.0-only
/* Conversations: mostly what some rule lets begin, each way and at any stage. */
#include <string.h>

#include "tests/model/packet.h"
#include "tests/property/make.h"
#include "tests/property/pools.h"

/* An address of the set, or any from the pool where there is none or by chance. */
static struct model_address address_for(struct random *random, const struct model_set *set,
					int family, bool host)
{
	struct model_address address = { 0 };

	for (unsigned int tries = 0; tries < 8; tries++) {
		address = host ? pool_host(random, family) : pool_peer(random, family);
		if (address_in_set(&address, set))
			return address;
	}
	return address;
}

static uint16_t port_for(struct random *random, const struct model_ranges *ranges)
{
	unsigned int i;

	if (ranges->count == 0 || random_chance(random, 5))
		return pool_port(random);
	i = random_below(random, ranges->count);
	switch (random_below(random, 4)) {
	case 0:
		return ranges->range[i].last;
	case 1:
		return (uint16_t)(ranges->range[i].first +
				  random_below(random, ranges->range[i].last -
							       ranges->range[i].first + 1u));
	default:
		return ranges->range[i].first;
	}
}

static void talk_by_rule(struct random *random, const struct model_rule *rule, struct talk *talk)
{
	const struct model_set *host = rule->out ? &rule->from : &rule->to;
	const struct model_set *peer = rule->out ? &rule->to : &rule->from;
	uint16_t port = port_for(random, &rule->ports), other = port_for(random, &rule->peer_ports);
	bool at_destination = rule->port_of == MODEL_DESTINATION ||
			      (rule->port_of == MODEL_EITHER && random_chance(random, 50));

	talk->protocol = rule->protocol;
	if (rule->protocol == PROTOCOL_ICMP)
		talk->family = 4;
	else if (rule->protocol == PROTOCOL_ICMPV6)
		talk->family = 6;
	else if (host->count)
		talk->family = host->prefixes[random_below(random, host->count)].address.family;
	else if (peer->count)
		talk->family = peer->prefixes[random_below(random, peer->count)].address.family;
	talk->host = address_for(random, host, talk->family, true);
	talk->peer = address_for(random, peer, talk->family, false);
	talk->begun_out = rule->out;
	talk->type = (uint8_t)port;
	talk->host_port = at_destination == rule->out ? other : port;
	talk->peer_port = at_destination == rule->out ? port : other;
}

void talk_make(struct random *random, const struct model_policy *policy, struct talk *talk)
{
	static const uint8_t protocols[] = { 6, 6, 17, 17, 132, 1, 58, 0 };

	*talk = (struct talk){ .family = random_chance(random, 50) ? 4 : 6 };
	talk->media = random_chance(random, 70);
	if (random_chance(random, 80)) {
		talk_by_rule(random, &policy->rules[random_below(random, policy->rule_count)],
			     talk);
	} else {
		talk->protocol = random_pick(random, protocols);
		if (!talk->protocol)
			talk->protocol = pool_protocol(random);
		talk->host = pool_host(random, talk->family);
		talk->peer = pool_peer(random, talk->family);
		talk->host_port = pool_port(random);
		talk->peer_port = pool_port(random);
		talk->begun_out = random_chance(random, 50);
		talk->type = random_chance(random, 70) ? (talk->family == 4 ? 8 : 128) :
							 pool_icmp_type(random, talk->family);
	}
	if (talk->protocol == PROTOCOL_ICMP || talk->protocol == PROTOCOL_ICMPV6)
		talk->host_port = talk->peer_port = (uint16_t)(1 + random_below(random, 3));
}

static uint8_t tcp_flags(struct random *random, const struct talk *talk, bool out)
{
	static const uint8_t usual[] = { TCP_ACK,           TCP_ACK,           TCP_ACK | TCP_PSH,
					 TCP_ACK | TCP_URG, TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK,
					 TCP_RST,           TCP_RST | TCP_ACK, TCP_SYN,
					 TCP_SYN | TCP_ACK, TCP_SYN | TCP_URG };

	if (random_chance(random, 4))
		return (uint8_t)random_next(random);
	if (random_chance(random, 75) && talk->stage == 0)
		return TCP_SYN | (random_chance(random, 10) ? TCP_ECE | TCP_CWR : 0);
	if (random_chance(random, 60) && talk->stage == 1 && out != talk->begun_out)
		return TCP_SYN | TCP_ACK;
	if (random_chance(random, 50))
		return TCP_ACK;
	return random_pick(random, usual);
}

static uint16_t udp_data(struct random *random, const struct talk *talk, uint8_t data[64])
{
	static const uint8_t edges[] = { 0,  3,  4,   15,  16,  19,  20,   63,  64,
					 79, 80, 127, 128, 191, 192, 0xfe, 0xff };
	uint16_t length = (uint16_t)(random_chance(random, 10) ? random_below(random, 4) :
								 8 + random_below(random, 40));

	memset(data, 0x5a, 64);
	data[0] = talk->media ? 0x80 : random_pick(random, edges);
	data[1] = random_chance(random, 50) ? 0x10 : (uint8_t)random_next(random);
	/* ChannelData's length: true, padded, or off by as much again */
	if (length >= 4 && random_chance(random, 50)) {
		data[2] = 0;
		data[3] = (uint8_t)(length - 4 + 2 - random_below(random, 8));
	}
	return length;
}

static uint8_t icmp_type(const struct talk *talk, bool out)
{
	bool first = out == talk->begun_out;

	if (talk->protocol == PROTOCOL_ICMP && talk->type == 8)
		return first ? 8 : 0;
	if (talk->protocol == PROTOCOL_ICMPV6 && talk->type == 128)
		return first ? 128 : 129;
	return talk->type;
}

static void talk_segment(struct random *random, const struct talk *talk, bool out,
			 struct segment *segment)
{
	static const int chunks[] = { 1, 1, 2, 0, 0, 3, 10, -1 };
	uint16_t source = out ? talk->host_port : talk->peer_port;
	uint16_t destination = out ? talk->peer_port : talk->host_port;
	uint8_t data[64];
	uint16_t length;

	switch (talk->protocol) {
	case PROTOCOL_TCP:
		segment_tcp(segment, source, destination, tcp_flags(random, talk, out),
			    (uint8_t)(random_chance(random, 30) ? random_below(random, 11) : 0),
			    (uint16_t)random_below(random, 24));
		break;
	case PROTOCOL_UDP:
		length = udp_data(random, talk, data);
		segment_udp(segment, source, destination, data, length);
		break;
	case PROTOCOL_SCTP:
		segment_sctp(segment, source, destination,
			     talk->stage == 0 ? 1 : random_pick(random, chunks));
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		segment_icmp(segment, talk->protocol == PROTOCOL_ICMP ? 4 : 6, icmp_type(talk, out),
			     0, talk->host_port, NULL, (uint16_t)random_below(random, 32));
		break;
	default:
		segment_raw(segment, talk->protocol, (uint16_t)(1 + random_below(random, 40)));
	}
}

/* Who begins goes first; then either. */
static bool talk_direction(struct random *random, const struct talk *talk)
{
	if (talk->stage == 0)
		return random_chance(random, 90) == talk->begun_out;
	if (talk->stage == 1)
		return random_chance(random, 80) != talk->begun_out;
	return random_chance(random, 50);
}

static void talk_envelope(struct random *random, const struct talk *talk, bool out,
			  struct envelope *envelope)
{
	struct model_address host = talk->host, peer = talk->peer;

	if (random_chance(random, 3))
		peer = pool_any(random, talk->family);
	if (random_chance(random, 2))
		host = pool_any(random, talk->family);
	envelope_make(random, out ? &host : &peer, out ? &peer : &host, envelope);
}

void talk_step(struct random *random, struct talk *talk, struct step *step)
{
	struct envelope envelope;
	struct segment segment;

	step->out = talk_direction(random, talk);
	talk_segment(random, talk, step->out, &segment);
	talk_envelope(random, talk, step->out, &envelope);
	envelope_write(&envelope, &segment, step);
	talk->stage++;
	if (random_chance(random, 2))
		step->out = !step->out;
}

/* ---- in fragments -------------------------------------------------------------------------------- */

static void make_fragment(const struct envelope *whole, const struct segment *segment,
			  uint16_t offset, uint16_t end, struct step *step)
{
	struct envelope envelope = *whole;
	struct segment part = { .protocol = segment->protocol };

	envelope.offset = offset;
	envelope.more = end < segment->length;
	part.length = (uint16_t)(end - offset);
	memcpy(part.bytes, segment->bytes + offset, part.length);
	envelope_write(&envelope, &part, step);
}

static void has_fragment_header(struct random *random, struct envelope *envelope)
{
	unsigned int at;

	if (envelope->source.family == 4 || envelope->extension_count == EXTENSIONS_MAX)
		return;
	for (unsigned int i = 0; i < envelope->extension_count; i++)
		if (envelope->extensions[i] == 44)
			return;
	at = envelope->extension_count ? random_below(random, envelope->extension_count + 1u) : 0;
	if (at == 0 && envelope->extension_count && envelope->extensions[0] == 0)
		at = 1;
	memmove(envelope->extensions + at + 1, envelope->extensions + at,
		envelope->extension_count - at);
	envelope->extensions[at] = 44;
	envelope->extension_count++;
}

size_t talk_fragments(struct random *random, struct talk *talk, struct step *steps, size_t room)
{
	bool out = talk_direction(random, talk);
	uint16_t offset = 0, end;
	struct envelope envelope;
	struct segment segment;
	size_t count = 0;

	talk_segment(random, talk, out, &segment);
	if (segment.length < 48 && random_chance(random, 80))
		segment.length = (uint16_t)(48 + random_below(random, 40));
	talk_envelope(random, talk, out, &envelope);
	has_fragment_header(random, &envelope);
	envelope.identification = 1 + random_below(random, 3);
	while (count < room && offset < segment.length) {
		end = (uint16_t)(offset + 8 * (1 + random_below(random, 4)));
		if (offset == 0 && random_chance(random, 80))
			end += 24;
		if (end > segment.length || random_chance(random, 20))
			end = segment.length;
		steps[count].out = out;
		make_fragment(&envelope, &segment, offset, end, &steps[count++]);
		offset = end;
		if (random_chance(random, 10)) /* overlapping, or with a hole */
			offset = (uint16_t)((offset + 8 * random_below(random, 3)) & ~7u) - 8;
	}
	if (count > 1 && random_chance(random, 30)) {
		size_t a = random_below(random, (uint32_t)count);
		struct step swapped = steps[a];

		steps[a] = steps[0];
		steps[0] = swapped;
	}
	talk->stage++;
	return count;
}
