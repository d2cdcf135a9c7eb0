/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The negative cache in front of the flow table (struct flow_marks in abi.h). Only packets of the host
 * write it. "No" is certain, so that a flood of packets that answer nothing never touches the flow
 * table's cold lines; "maybe" costs a look-up. Why "no" is certain, whatever stands still for how long
 * between two instructions: docs/decisions/005-flow-marks.md.
 */
#ifndef BPF_MARKS_H
#define BPF_MARKS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"
#include "bpf/parse_context.h"

/* Knobs, fixed at load: jiffies of an epoch, as a shift, and how many entries there are, less one. */
const volatile __u32 marks_epoch_shift = 0;
const volatile __u32 marks_mask = 0;

/*
 * Multilinear-HM (Lemire and Kaser, "Strongly universal string hashing is fast", 2013): 32-bit words in
 * pairs, each with a secret 64-bit number, of whose sum of products the upper half counts. Two tuples
 * share a bit no more often than two random numbers would, whoever chose them without the secret.
 */
static __always_inline __u64 marks_pair(__u32 pair, __u32 one, __u32 other)
{
	return (memory.seeds[1 + 2 * pair] + one) * (memory.seeds[2 + 2 * pair] + other);
}

static __always_inline __u32 marks_hash4(const struct flow4_key *key)
{
	__u32 ports = (__u32)key->local_port << 16 | key->remote_port;

	return (memory.seeds[0] + marks_pair(0, ports, key->protocol) +
		marks_pair(1, key->local, key->remote)) >>
	       32;
}

static __always_inline __u32 marks_hash6(const struct flow6_key *key)
{
	__u32 ports = (__u32)key->local_port << 16 | key->remote_port;
	__u64 sum = memory.seeds[0] + marks_pair(0, ports, key->protocol);

	for (int i = 0; i < 4; i++)
		sum += marks_pair(1 + i, key->local[i], key->remote[i]);
	return sum >> 32;
}

/* The hash times MARKS_BITS: which bit in the upper half, which entry in the lower. */
static __always_inline struct flow_marks *marks_entry(__u32 hash)
{
	__u32 entry = (hash * MARKS_BITS >> (32 - MARKS_ENTRIES_SHIFT_MOST)) & marks_mask;

	return bpf_map_lookup_elem(&flow_marks, &entry);
}

static __always_inline __u64 marks_bit(__u32 hash)
{
	return 1ull << ((__u64)hash * MARKS_BITS >> 32);
}

static __always_inline __u64 marks_epoch(void)
{
	return clock_now() >> marks_epoch_shift;
}

static __always_inline __u64 marks_read(const __u64 *word)
{
	return *(volatile const __u64 *)word;
}

static __always_inline bool marks_is_of(__u64 word, __u64 epoch)
{
	return word >> MARKS_EPOCH_SHIFT == (epoch & 0xffff);
}

/* Is the bit set, in this epoch or one beside it? (Beside: a test's clock may go back a little.) */
static __always_inline bool marks_has(__u64 word, __u64 epoch, __u64 bit)
{
	return word & bit && (((word >> MARKS_EPOCH_SHIFT) - epoch + 1) & 0xffff) <= 2;
}

/* May there be a live flow with this hash? False is certain. */
static __always_inline bool marks_may_have(__u32 hash)
{
	struct flow_marks *marks = marks_entry(hash);
	__u64 epoch = marks_epoch(), bit = marks_bit(hash);

	if (!marks || marks_has(marks_read(&marks->words[0]), epoch, bit) ||
	    marks_has(marks_read(&marks->words[1]), epoch, bit))
		return true;
	/* a word may have been taken over while we stood between the clock and it */
	return marks_epoch() != epoch;
}

#define MARKS_TRIES 8

/*
 * Sets the bit in the word of this epoch, and takes it over if it is still that of a former one. The word
 * is read between two looks at the same epoch: so one that isn't of it is older, never newer, and no
 * word is ever set back. What changes a word under our hands is either one of the same epoch, which
 * leaves us only to add the bit, or one that stood still for a whole epoch.
 */
noinline_global __u32 marks_add(__u32 hash)
{
	struct flow_marks *marks = marks_entry(hash);
	__u64 bit = marks_bit(hash);

	if (!marks)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < MARKS_TRIES; i++) {
		__u64 epoch = marks_epoch();
		__u64 *word = &marks->words[epoch & 1];
		__u64 was = marks_read(word);

		if (marks_epoch() != epoch)
			continue;
		if (marks_is_of(was, epoch)) {
			__sync_fetch_and_or(word, bit);
			return 1;
		}
		if (__sync_val_compare_and_swap(word, was, epoch << MARKS_EPOCH_SHIFT | bit) == was)
			return 1;
	}
	return 0;
}

/* A packet of the host on the flow with this hash: before its `last_seen` says so. */
static __always_inline void marks_set(__u32 hash)
{
	struct flow_marks *marks = marks_entry(hash);
	__u64 epoch = marks_epoch(), bit = marks_bit(hash), word;

	if (!marks)
		return;
	word = marks_read(&marks->words[epoch & 1]);
	if (likely(marks_is_of(word, epoch) && word & bit))
		return;
	marks_add(hash);
}

#endif
