/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to the state word when time runs out, or somebody takes an apply back. Programs and
 * loader do it alike: whoever comes first past the deadline makes it so, by compare-and-swap.
 */
#ifndef EDGEGATE_STATE_WORD_H
#define EDGEGATE_STATE_WORD_H

#include <edgegate/abi.h>

/* `now`: milliseconds of CLOCK_BOOTTIME. */
static inline int state_word_is_due(__u64 word, __u64 now)
{
	return word & STATE_PENDING && now >= word >> STATE_MOMENT_SHIFT;
}

/* The former slot in force in its mode, and the live one in its place. The emergency stays. */
static inline __u64 state_word_taken_back(__u64 word, __u64 moment, __u64 flags)
{
	const __u64 slot = STATE_FIELD_MASK;

	return (word >> STATE_FORMER_SHIFT & slot) << STATE_LIVE_SHIFT |
	       (word >> STATE_LIVE_SHIFT & slot) << STATE_FORMER_SHIFT |
	       (word >> STATE_FORMER_MODE_SHIFT & slot) << STATE_MODE_SHIFT |
	       (word >> STATE_MODE_SHIFT & slot) << STATE_FORMER_MODE_SHIFT |
	       (word & (slot << STATE_EMERGENCY_SHIFT | slot << STATE_SESSION_SHIFT)) |
	       STATE_ROLLED_BACK | flags | moment << STATE_MOMENT_SHIFT;
}

/* Of a word that is due. */
static inline __u64 state_word_expired(__u64 word)
{
	return state_word_taken_back(word, word >> STATE_MOMENT_SHIFT, STATE_EXPIRED);
}

#endif
