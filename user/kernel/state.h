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
};

struct state state_unpack(uint64_t word);
uint64_t state_pack(const struct state *state);

/*
 * The word, in the mapping of the whole memory that it begins; NULL on failure. Unmap with
 * state_unmap().
 */
uint64_t *state_map(int map_fd);
void state_unmap(uint64_t **word);

/* The memory around a mapped word. */
static inline struct gate_memory *state_memory(uint64_t *word)
{
	return (struct gate_memory *)word;
}

uint64_t state_read(const uint64_t *word);
/* False: somebody was quicker, and the word is as they left it. */
bool state_swap(uint64_t *word, uint64_t from, uint64_t to);

#endif
