/* SPDX-License-Identifier: GPL-2.0-only */
/* What a rule asks of packets beyond whose they are: payload classes (spec 3.7), limits (3.6). */
#ifndef BPF_LIMITS_H
#define BPF_LIMITS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"
#include "bpf/payload.h"
#include "bpf/rules.h"

/* True: it fits, or the rule only counts that it doesn't. */
static __always_inline bool limits_payload_fits(const struct rule_extra *extra,
						const struct packet *packet, __u32 slot)
{
	struct rule_count *count;

	if (!(extra->flags & EXTRA_UDP_MEDIA) || payload_is_udp_media(packet))
		return true;
	count = bpf_map_lookup_elem(&rule_counts, &slot);
	if (count)
		count->payload_mismatches++;
	return !(extra->flags & EXTRA_ENFORCE);
}

#define LIMITS_TRIES 8

/* One token out of a bucket, which other CPUs take from as well. False: there is none. */
static __always_inline bool limits_take(__u64 *full_at, const struct rule_extra *extra)
{
	__u64 now = clock_now_ns() * LIMIT_TICKS;

	for (int i = 0; i < LIMITS_TRIES; i++) {
		__u64 was = *(volatile __u64 *)full_at;
		__u64 from = was > now ? was : now;

		if (from - now > extra->tolerance)
			return false;
		if (__sync_val_compare_and_swap(full_at, was, from + extra->interval) == was)
			return true;
	}
	return false; /* so many packets at the very same moment are over any limit */
}

static __always_inline bool limits_take_of_source(const struct rule_extra *extra,
						  const struct packet *packet, __u32 slot,
						  __u32 direction)
{
	const __u32 *outside = direction == DIRECTION_IN ? packet->saddr : packet->daddr;
	struct limit_key key = { .slot = slot, .family = packet->family };
	__u64 begin = clock_now_ns() * LIMIT_TICKS + extra->interval;
	__u64 *full_at;

	key.address[0] = outside[0];
	if (packet->family == 6)
		key.address[1] = outside[1];
	full_at = bpf_map_lookup_elem(&limit_sources, &key);
	if (full_at)
		return limits_take(full_at, extra);
	/* a new bucket is full but for this packet's token */
	bpf_map_update_elem(&limit_sources, &key, &begin, BPF_ANY);
	return true;
}

/* 0, or why a packet that a rule takes is dropped all the same. Global: verified once. */
noinline_global __u32 limits_judge(const struct packet *packet, __u32 generation_slot, __u32 slot,
				   __u32 direction)
{
	const struct generation *generation = rules_generation(generation_slot);
	const struct rule_extra *extra;
	__u64 *full_at;

	if (!packet || !generation)
		return OUTCOME_DROP_NO_RULE;
	slot &= RULE_SLOTS - 1;
	extra = &generation->extras[slot];
	if (!limits_payload_fits(extra, packet, slot))
		return OUTCOME_DROP_PAYLOAD;
	if (!extra->interval)
		return OUTCOME_UNDECIDED;
	/* a conversation that began within the limit goes on */
	if ((packet->protocol == IPPROTO_TCP || packet->protocol == IP_PROTOCOL_SCTP) &&
	    !(packet->flags & PACKET_OPENS))
		return OUTCOME_UNDECIDED;
	if (extra->flags & EXTRA_PER_SOURCE)
		return limits_take_of_source(extra, packet, slot, direction) ?
			       OUTCOME_UNDECIDED :
			       OUTCOME_DROP_RATE_LIMIT;
	full_at = bpf_map_lookup_elem(&limits, &slot);
	return full_at && limits_take(full_at, extra) ? OUTCOME_UNDECIDED : OUTCOME_DROP_RATE_LIMIT;
}

#endif
