/* SPDX-License-Identifier: GPL-2.0-only */
/* The state word: which policy is in force, and since when another one is. */
#ifndef BPF_STATE_H
#define BPF_STATE_H

#include <edgegate/state_word.h>

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"

#define STATE_RACES_MAX 8 /* lost to others who change the word; then it is only read as due */

/*
 * Of a word with a deadline: what is in force now. The first packet past it makes that final, so that
 * no confirm that comes later brings the policy back. A lost race shows what somebody else made of it.
 */
noinline_global __u64 state_settle(__u64 word)
{
	__u64 now = clock_boot_ms(), seen;

	for (int i = 0; i < STATE_RACES_MAX; i++) {
		if (!state_word_is_due(word, now))
			return word;
		seen = __sync_val_compare_and_swap(&memory.state, word, state_word_expired(word));
		if (seen == word)
			break;
		word = seen;
	}
	return state_word_is_due(word, now) ? state_word_expired(word) : word;
}

/* Once per packet. *in_emergency: blocked or open, whatever the policy says. Nearly always one test tells both. */
static __always_inline __u64 state_read(bool *in_emergency)
{
	__u64 word = *(volatile __u64 *)&memory.state;

	*in_emergency = false;
	if (unlikely(word & (STATE_PENDING | STATE_EMERGENCY))) {
		if (word & STATE_PENDING)
			word = state_settle(word);
		*in_emergency = word & STATE_EMERGENCY;
	}
	return word;
}

static __always_inline __u32 state_slot(__u64 word)
{
	return word >> STATE_LIVE_SHIFT & STATE_FIELD_MASK;
}

/*
 * Of a word without a live slot. Blocked all the same, a gate drops what isn't essential: by the policy
 * that was taken back, which stands in the former slot. SLOT_NONE there too: everything passes.
 */
static __always_inline __u64 state_without_policy(__u64 word)
{
	__u64 former = word >> STATE_FORMER_SHIFT & STATE_FIELD_MASK;

	return word & STATE_BLOCK ? (word & ~(__u64)STATE_FIELD_MASK) | former : word;
}

/* Does a packet with this decision, none that passes by itself, pass all the same? */
static __always_inline bool state_lets_pass(__u64 word, __u32 decision)
{
	if (unlikely(word & STATE_EMERGENCY))
		return !(word & STATE_BLOCK) || decision & DECISION_SPARED;
	return (word >> STATE_MODE_SHIFT & STATE_FIELD_MASK) == MODE_MONITOR;
}

#endif
