/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The negative cache in front of the flow table (struct flow_marks in abi.h). Only packets of the host
 * write it. "No" is certain, so that a flood of packets that answer nothing never touches the flow
 * table's cold lines; "maybe" costs a look-up. The hash begins with random numbers, so that nobody
 * outside can choose tuples that share a bit with a live flow.
 */
#ifndef BPF_MARKS_H
#define BPF_MARKS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"

/* Knobs, fixed at load: jiffies of an epoch, as a shift, and how many entries there are, less one. */
const volatile __u32 marks_epoch_shift = 0;
const volatile __u32 marks_mask = 0;

/* Where a flow's bit is. */
struct marks_place {
	__u32 entry;
	__u32 bit;
};

/*
 * Multilinear: a sum of products with secret numbers, of which the upper half counts (Lemire and Kaser,
 * "Strongly universal string hashing is fast", 2013).
 */
static __always_inline __u64 marks_hash(const struct packet *packet, __u32 direction)
{
	bool out = direction == DIRECTION_OUT;
	const __u32 *local = out ? packet->saddr : packet->daddr;
	const __u32 *remote = out ? packet->daddr : packet->saddr;
	__u32 local_port = out ? packet->sport : packet->dport;
	__u32 remote_port = out ? packet->dport : packet->sport;
	__u64 hash = memory.seeds[0];

	if (packet->flags & PACKET_ICMP)
		local_port = packet->echo_id;
	hash += memory.seeds[1] * ((__u64)packet->protocol << 32 | local_port << 16 | remote_port);
	hash += memory.seeds[2] * ((__u64)local[0] << 32 | remote[0]);
	if (packet->family == 6) {
		hash += memory.seeds[3] * ((__u64)local[1] << 32 | remote[1]);
		hash += memory.seeds[4] * ((__u64)local[2] << 32 | remote[2]);
		hash += memory.seeds[5] * ((__u64)local[3] << 32 | remote[3]);
	}
	return hash;
}

static __always_inline struct flow_marks *marks_entry(__u64 hash)
{
	__u32 entry = (__u32)(hash >> 40) & marks_mask;

	return bpf_map_lookup_elem(&flow_marks, &entry);
}

/* A bit of the 48: by the hash's next eight bits, a multiplication in place of a division. */
static __always_inline __u64 marks_bit(__u64 hash)
{
	return 1ull << (((hash >> 16 & 0xffff) * MARKS_BITS) >> 16);
}

static __always_inline bool marks_is_set(const struct flow_marks *marks, __u64 epoch, __u64 bit)
{
	__u64 word = *(volatile const __u64 *)&marks->words[epoch & 1];

	return word >> MARKS_EPOCH_SHIFT == (epoch & 0xffff) && word & bit;
}

/* Inbound: may there be a live flow of which this is the reverse? False is certain. */
static __always_inline bool marks_may_have(const struct packet *packet)
{
	__u64 hash = marks_hash(packet, DIRECTION_IN), bit = marks_bit(hash);
	__u64 epoch = clock_now() >> marks_epoch_shift;
	struct flow_marks *marks = marks_entry(hash);

	return marks && (marks_is_set(marks, epoch, bit) || marks_is_set(marks, epoch - 1, bit));
}

/* Outbound: a packet of the host on a flow. */
static __always_inline void marks_set(const struct packet *packet)
{
	__u64 hash = marks_hash(packet, DIRECTION_OUT), bit = marks_bit(hash);
	__u64 epoch = clock_now() >> marks_epoch_shift;
	struct flow_marks *marks = marks_entry(hash);
	__u64 *word, was;

	if (!marks || marks_is_set(marks, epoch, bit))
		return;
	word = &marks->words[epoch & 1];
	was = *(volatile __u64 *)word;
	/* the first of an epoch takes the word over; who loses that race finds it taken */
	if (was >> MARKS_EPOCH_SHIFT != (epoch & 0xffff) &&
	    __sync_val_compare_and_swap(word, was, (epoch & 0xffff) << MARKS_EPOCH_SHIFT | bit) ==
		    was)
		return;
	__sync_fetch_and_or(word, bit);
}

#endif
