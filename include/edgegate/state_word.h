/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state word: what is in force; and what happens to it when time runs out, or somebody takes an apply
 * back. Programs and loader do it alike: whoever comes first past a deadline makes it so.
 */
#ifndef EDGEGATE_STATE_WORD_H
#define EDGEGATE_STATE_WORD_H

#include <linux/types.h>

/*
 * One aligned 64-bit word decides which policy is in force, so that `in` and `out` change at the
 * same instant; it is changed by compare-and-swap only and read once per packet.
 *
 *   bits  0-1   live slot, SLOT_NONE: no policy, everything passes and nothing is counted
 *   bits  2-3   former slot, what a rollback returns to; SLOT_NONE: to no policy. After a rollback: the
 *               slot that was taken back
 *   bits  4-5   mode of the live slot (enum mode)
 *   bits  6-7   mode of the former slot
 *   bits  8-9   enum emergency
 *   bits 10-11  while blocked: 1 or 2, gate_memory.sessions[this - 1] passes; 0: none does
 *   bit  12     STATE_PENDING
 *   bit  13     STATE_ROLLED_BACK
 *   bit  14     STATE_EXPIRED
 *   bit  15     0
 *   bits 16-63  a moment, milliseconds of CLOCK_BOOTTIME: with STATE_PENDING the deadline, with
 *               STATE_ROLLED_BACK when that was; else 0
 */
#define SLOT_COUNT 3u
#define SLOT_NONE 3u
#define STATE_LIVE_SHIFT 0
#define STATE_FORMER_SHIFT 2
#define STATE_MODE_SHIFT 4
#define STATE_FORMER_MODE_SHIFT 6
#define STATE_EMERGENCY_SHIFT 8
#define STATE_SESSION_SHIFT 10
#define STATE_FIELD_MASK 3u
#define STATE_PENDING (1ull << 12)     /* past the deadline the former slot is in force */
#define STATE_ROLLED_BACK (1ull << 13) /* the last apply was taken back */
#define STATE_EXPIRED (1ull << 14)     /* ... because nobody confirmed it in time */
#define STATE_MOMENT_SHIFT 16

enum mode { MODE_ENFORCE, MODE_MONITOR, MODE_COUNT };

/* Above any mode, until it is resumed; a rollback leaves it as it is. */
enum emergency {
	EMERGENCY_NONE,
	EMERGENCY_BLOCK, /* drops what would have passed as a rule, a reply or a fragment */
	EMERGENCY_OPEN,  /* drops nothing */
};
#define STATE_EMERGENCY ((__u64)STATE_FIELD_MASK << STATE_EMERGENCY_SHIFT)
#define STATE_BLOCK ((__u64)EMERGENCY_BLOCK << STATE_EMERGENCY_SHIFT)

/* A TCP conversation of the host that a blocked gate lets pass. */
struct session {
	__u32 local[4]; /* network order; IPv4 in word 0, the others 0 */
	__u32 remote[4];
	__u16 local_port; /* network order */
	__u16 remote_port;
	__u32 family; /* 4 or 6 */
};
#define SESSIONS 2u /* the next one is written while the other is in force */

/* ---- changes of it -------------------------------------------------------------------------- */

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
