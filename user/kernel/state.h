/* SPDX-License-Identifier: GPL-2.0-only */
/* The state word (include/edgegate/abi.h): what is in force. Read whole, changed by compare-and-swap. */
#ifndef USER_KERNEL_STATE_H
#define USER_KERNEL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <edgegate/abi.h>

/* The word, taken apart. */
struct state {
	unsigned int live;   /* slot, or SLOT_NONE */
	unsigned int former; /* slot, or SLOT_NONE */
	enum mode mode;
	enum mode former_mode;
	enum emergency emergency;
	unsigned int session; /* 1 or 2: of the memory's sessions; 0: none */
	bool is_pending;      /* the former slot comes back at `moment` */
	bool was_rolled_back; /* the last apply was taken back at `moment` */
	bool has_expired;     /* ... because nobody confirmed it in time */
	uint64_t moment;      /* milliseconds of CLOCK_BOOTTIME; 0: none */
};

struct state state_unpack(uint64_t word);

/*
 * The slot whose policy judges packets: the live one; where none is, a blocked gate goes by what was taken
 * back. SLOT_NONE: everything passes.
 */
static inline unsigned int state_judges_by(const struct state *state)
{
	return state->live == SLOT_NONE && state->emergency == EMERGENCY_BLOCK ? state->former :
										 state->live;
}

uint64_t state_pack(const struct state *state);

/* Can it be one that edgegate has written? */
bool state_is_sound(uint64_t word);

/* The only slot that may be filled: neither live nor what a rollback returns to. */
unsigned int state_free_slot(uint64_t word);

/*
 * The word with another slot in force. What was live becomes what a rollback returns to, but where it
 * waits for its own confirm: then that stays what it was. `deadline`: until when it has to be confirmed,
 * 0: not at all.
 */
uint64_t state_published(uint64_t word, unsigned int slot, enum mode mode, uint64_t deadline);

/* Of a word with a deadline: without it. */
uint64_t state_confirmed(uint64_t word);

/*
 * The word, in the mapping of the whole memory that it begins; NULL on failure. Unmap with
 * state_unmap().
 */
uint64_t *state_map(int map_fd);

/*
 * The same for reading alone: no state_settled(), no state_swap(). It can't be made writable afterwards. Of the memory
 * the first page is there, and all of it after state_map_whole(): 0 or a negative errno, then the first one is there all the same.
 */
uint64_t *state_map_to_read(int map_fd);
int state_map_whole(uint64_t *word, int map_fd);
void state_unmap(uint64_t **word);

/* The memory around a mapped word. */
static inline struct gate_memory *state_memory(uint64_t *word)
{
	return (struct gate_memory *)word;
}

/* As it stands, also past a deadline that no packet has seen yet. */
uint64_t state_read(const uint64_t *word);

/*
 * What is in force now: the first command past a deadline makes that final, as the first packet does
 * (include/edgegate/state_word.h).
 */
uint64_t state_settled(uint64_t *word);

/* The same without making it final: for those who may only read. */
uint64_t state_due(const uint64_t *word);

/*
 * Milliseconds of CLOCK_BOOTTIME, in a time namespace too the machine's own: the clock of deadlines, which
 * neither suspend nor the date moves.
 */
uint64_t state_now(void);

/* False: somebody was quicker, and the word is as they left it. */
bool state_swap(uint64_t *word, uint64_t from, uint64_t to);

#endif
