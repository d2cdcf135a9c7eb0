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

/* A try is lost only to another CPU that took a token: whoever loses as many is over most limits. */
#define LIMITS_TRIES 32

/*
 * An empty bucket is full again in (tolerance + interval). One that says more was left by a policy with
 * another limit, or by a clock that stood ahead: it is made an empty one, or a rule that was given a
 * higher rate could wait for weeks. The second is for CPUs that read the clock before they were held up;
 * without it they would take time away from the bucket.
 */
#define LIMITS_AHEAD_MAX (CLOCK_NANOSECONDS * LIMIT_TICKS)

/* One token out of a bucket, which other CPUs take from as well. False: there is none. */
static __always_inline bool limits_take(__u64 *full_at, const struct rule_extra *extra, __u64 now)
{
	__u64 empty = extra->tolerance + extra->interval;

#pragma clang loop unroll(disable)
	for (int i = 0; i < LIMITS_TRIES; i++) {
		__u64 was = *(volatile __u64 *)full_at;
		__u64 from = was > now ? was : now;
		__u64 then = from + extra->interval;
		bool is_over = from - now > extra->tolerance;

		if (is_over) {
			if (from - now <= empty + LIMITS_AHEAD_MAX)
				return false;
			then = now + empty;
		}
		if (__sync_val_compare_and_swap(full_at, was, then) == was)
			return !is_over;
	}
	return false;
}

/* The same out of the bucket of the packet's address outside. */
static __always_inline bool limits_take_of_source(const struct rule_extra *extra,
						  const struct packet *packet, __u32 slot,
						  __u32 direction, __u64 now)
{
	const __u32 *outside = direction == DIRECTION_IN ? packet->saddr : packet->daddr;
	struct limit_key key = { .slot = slot, .family = packet->family };
	__u64 begin = now + extra->interval;
	__u64 *full_at;

	key.address[0] = outside[0];
	if (packet->family == 6)
		key.address[1] = outside[1];
	full_at = bpf_map_lookup_elem(&limit_sources, &key);
	if (!full_at) {
		/* a new bucket is full but for this packet's token */
		if (!bpf_map_update_elem(&limit_sources, &key, &begin, BPF_NOEXIST))
			return true;
		/* another CPU made it in the meantime */
		full_at = bpf_map_lookup_elem(&limit_sources, &key);
	}
	/*
	 * Or the kernel has no entry to give at this moment. To let the packet pass would make a limit that
	 * a flood can lift, to drop it one that starves whoever is new: all such packets share the rule's
	 * own bucket, which nobody else uses.
	 */
	if (!full_at)
		full_at = bpf_map_lookup_elem(&limits, &slot);
	return full_at && limits_take(full_at, extra, now);
}

static __always_inline bool limits_take_of_rule(const struct rule_extra *extra, __u32 slot,
						__u64 now)
{
	__u64 *full_at = bpf_map_lookup_elem(&limits, &slot);

	return full_at && limits_take(full_at, extra, now);
}

/* 0, or why a packet that a rule takes is dropped all the same. Global: verified once. */
noinline_global __u32 limits_judge(const struct packet *packet, __u32 generation_slot, __u32 slot,
				   __u32 direction)
{
	const struct generation *generation = rules_generation(generation_slot);
	const struct rule_extra *extra;
	bool has_token;
	__u64 now;

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
	now = clock_now_ns() * LIMIT_TICKS;
	has_token = extra->flags & EXTRA_PER_SOURCE ?
			    limits_take_of_source(extra, packet, slot, direction, now) :
			    limits_take_of_rule(extra, slot, now);
	return has_token ? OUTCOME_UNDECIDED : OUTCOME_DROP_RATE_LIMIT;
}

#endif
