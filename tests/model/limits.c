// SPDX-License-Identifier: GPL-2.0-only
/* Limits (spec 3.6) and payload classes (spec 3.7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/packet.h"

/* "per rule and outside address (`per: source`; a /32, or a /64 of IPv6)" */
static struct model_address outside_of(const struct packet *packet)
{
	struct model_address outside = packet->out ? packet->destination : packet->source;

	if (outside.family == 6)
		memset(outside.bytes + 8, 0, 8);
	return outside;
}

/* A bucket is the rule's by its name, also in the next policy. */
static struct bucket *bucket_of(struct model *model, uint64_t now, const struct model_rule *rule,
				const struct packet *packet, uint64_t full)
{
	struct model_address outside = outside_of(packet);
	struct bucket *bucket;

	for (unsigned int i = 0; i < model->bucket_count; i++) {
		bucket = &model->buckets[i];
		if (strcmp(bucket->rule->name, rule->name) == 0 &&
		    (!rule->limit.per_source || address_equal(&bucket->outside, &outside)))
			return bucket;
	}
	if (model->bucket_count == MEMORY_MAX) {
		fprintf(stderr, "more buckets than the model has room for\n");
		abort();
	}
	bucket = &model->buckets[model->bucket_count++];
	*bucket = (struct bucket){ .rule = rule, .outside = outside, .level = full, .at = now };
	return bucket;
}

/* "For TCP and SCTP it counts packets that open, for the rest every packet." */
static bool counts(const struct packet *packet)
{
	if (packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_SCTP)
		return packet_opens(packet);
	return true;
}

/*
 * A bucket holds `burst` tokens, begins full, and regains `count` tokens in `seconds`. A token is cut
 * into as many parts as jiffies in that time, so that `count` parts are regained in a jiffy, exactly.
 */
bool limit_allows(struct model *model, uint64_t now, const struct model_rule *rule,
		  const struct packet *packet)
{
	uint64_t token = (uint64_t)rule->limit.seconds * MODEL_HZ, full = token * rule->limit.burst;
	struct bucket *bucket;

	if (rule->limit.count == 0 || !counts(packet))
		return true;
	bucket = bucket_of(model, now, rule, packet, full);
	bucket->level += (now - bucket->at) * rule->limit.count;
	if (bucket->level > full)
		bucket->level = full;
	bucket->at = now;
	if (bucket->level < token)
		return false;
	bucket->level -= token;
	return true;
}

/*
 * Channels 5000 to 7FFF, which RFC 5766 11 had and RFC 7983 has not (docs/policy.md): genuine where the
 * length that ChannelData says, after its number, is true but for up to three bytes of padding (11.5).
 */
static bool is_channel_data(const struct packet *packet)
{
	size_t said;

	if (packet->payload.length < 4)
		return false;
	said = 4u + word_at(packet->payload, 2);
	return packet->datagram == said || packet->datagram == said + 1 ||
	       packet->datagram == said + 2 || packet->datagram == said + 3;
}

/*
 * "the first byte is one that RFC 7983 gives to STUN (0-3), ZRTP (16-19), DTLS (20-63), TURN channels
 * (64-79) or RTP/RTCP (128-191), or the payload starts with FF 10 ..., or it is empty (a first fragment
 * without a byte of payload is a mismatch)"
 */
bool payload_is_media(const struct packet *packet)
{
	uint8_t first;

	if (packet->payload.length == 0)
		return !packet->fragment;
	first = byte_at(packet->payload, 0);
	if (first <= 3 || (first >= 16 && first <= 79) || (first >= 128 && first <= 191))
		return true;
	if (first >= 80 && first <= 127)
		return is_channel_data(packet);
	return first == 0xff && packet->payload.length >= 2 && byte_at(packet->payload, 1) == 0x10;
}
