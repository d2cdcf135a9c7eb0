/* SPDX-License-Identifier: GPL-2.0-only */
/* What a rule asks of packets beyond whose they are: payload classes (spec 3.7), limits (3.6). */
#ifndef BPF_LIMITS_H
#define BPF_LIMITS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"
#include "bpf/payload.h"
#include "bpf/rules.h"

/* An offloaded packet counts as the segments that it becomes, in limits as in all counts. */
static __always_inline __u64 limits_packets(const struct packet *packet)
{
	return packet->segments ? packet->segments : 1;
}

/* True: it fits, or the rule only counts that it doesn't. */
static __always_inline bool limits_payload_fits(const struct rule_extra *extra,
						const struct packet *packet, __u32 slot)
{
	struct rule_count *count;

	if (!(extra->flags & EXTRA_UDP_MEDIA) || payload_is_udp_media(packet))
		return true;
	count = bpf_map_lookup_elem(&rule_counts, &slot);
	if (count)
		count->payload_mismatches += limits_packets(packet);
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

/*
 * What a packet asks for beyond one token, in ticks: the other segments of an offloaded one. Of more than a
 * bucket holds, which could never pass, a full one lets all pass.
 */
static __always_inline __u64 limits_more(const struct rule_extra *extra,
					 const struct packet *packet)
{
	/* at most 65,535 minutes: no overflow */
	__u64 more = (limits_packets(packet) - 1) * extra->interval;

	return more < extra->tolerance ? more : extra->tolerance;
}

/*
 * One token, and `more`, out of a bucket, which other CPUs take from as well. False: there are not as many.
 */
static __always_inline bool limits_take(__u64 *full_at, const struct rule_extra *extra, __u64 now,
					__u64 more)
{
	/*
	 * Read here and not in the loop: clang would do so again at its end, and enter it by a jump into its
	 * middle. Linux 6.1 refuses a loop that goes round without a jump ("back-edge").
	 */
	__u64 interval = extra->interval, tolerance = extra->tolerance;
	__u64 empty = tolerance + interval;

#pragma clang loop unroll(disable)
	for (int i = 0; i < LIMITS_TRIES; i++) {
		__u64 was = *(volatile __u64 *)full_at;
		__u64 from = was > now ? was : now;
		__u64 then = from + more + interval;
		bool is_over = from - now > tolerance - more;

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
						  __u32 direction, __u64 now, __u64 more)
{
	const __u32 *outside = direction == DIRECTION_IN ? packet->saddr : packet->daddr;
	struct limit_key key = { .slot = slot, .family = packet->family };
	__u64 begin = now + more + extra->interval;
	__u64 *full_at;

	key.address[0] = outside[0];
	if (packet->family == 6)
		key.address[1] = outside[1];
	full_at = bpf_map_lookup_elem(&limit_sources, &key);
	if (!full_at) {
		/* a new bucket is full but for what this packet takes */
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
	return full_at && limits_take(full_at, extra, now, more);
}

static __always_inline bool limits_take_of_rule(const struct rule_extra *extra, __u32 slot,
						__u64 now, __u64 more)
{
	__u64 *full_at = bpf_map_lookup_elem(&limits, &slot);

	return full_at && limits_take(full_at, extra, now, more);
}

/* 0, or why a packet that a rule takes is dropped all the same. Global: verified once. */
noinline_global __u32 limits_judge(const struct packet *packet, __u32 generation_slot, __u32 slot,
				   __u32 direction)
{
	const struct generation *generation = rules_generation(generation_slot);
	const struct rule_extra *extra;
	bool has_token;
	__u64 now, more;

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
	more = limits_more(extra, packet);
	has_token = extra->flags & EXTRA_PER_SOURCE ?
			    limits_take_of_source(extra, packet, slot, direction, now, more) :
			    limits_take_of_rule(extra, slot, now, more);
	return has_token ? OUTCOME_UNDECIDED : OUTCOME_DROP_RATE_LIMIT;
}

#endif
