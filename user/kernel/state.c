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

uint64_t *state_map(int map_fd)
{
	void *word = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			  map_fd, 0);

	return word == MAP_FAILED ? NULL : word;
}

void state_unmap(uint64_t **word)
{
	if (*word)
		munmap(*word, (size_t)sysconf(_SC_PAGESIZE));
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
