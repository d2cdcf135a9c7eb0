// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>
#include <unistd.h>

#include "user/kernel/state.h"

struct state state_unpack(uint64_t word)
{
	return (struct state){
		.live = word >> STATE_LIVE_SHIFT & STATE_FIELD_MASK,
		.former = word >> STATE_FORMER_SHIFT & STATE_FIELD_MASK,
		.mode = (enum mode)(word >> STATE_MODE_SHIFT & STATE_FIELD_MASK),
		.former_mode = (enum mode)(word >> STATE_FORMER_MODE_SHIFT & STATE_FIELD_MASK),
	};
}

uint64_t state_pack(const struct state *state)
{
	return (uint64_t)state->live << STATE_LIVE_SHIFT |
	       (uint64_t)state->former << STATE_FORMER_SHIFT |
	       (uint64_t)state->mode << STATE_MODE_SHIFT |
	       (uint64_t)state->former_mode << STATE_FORMER_MODE_SHIFT;
}

static size_t state_size(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct gate_memory) + page - 1) / page * page;
}

uint64_t *state_map(int map_fd)
{
	struct gate_memory *memory =
		mmap(NULL, state_size(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	return memory == MAP_FAILED ? NULL : (uint64_t *)&memory->state;
}

void state_unmap(uint64_t **word)
{
	if (*word)
		munmap(*word, state_size());
	*word = NULL;
}

uint64_t state_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

bool state_swap(uint64_t *word, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}
