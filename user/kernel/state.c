// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <edgegate/state_word.h>

#include "user/base/cleanup.h"
#include "user/kernel/state.h"

struct state state_unpack(uint64_t word)
{
	return (struct state){
		.live = word >> STATE_LIVE_SHIFT & STATE_FIELD_MASK,
		.former = word >> STATE_FORMER_SHIFT & STATE_FIELD_MASK,
		.mode = (enum mode)(word >> STATE_MODE_SHIFT & STATE_FIELD_MASK),
		.former_mode = (enum mode)(word >> STATE_FORMER_MODE_SHIFT & STATE_FIELD_MASK),
		.emergency = (enum emergency)(word >> STATE_EMERGENCY_SHIFT & STATE_FIELD_MASK),
		.session = word >> STATE_SESSION_SHIFT & STATE_FIELD_MASK,
		.is_pending = word & STATE_PENDING,
		.was_rolled_back = word & STATE_ROLLED_BACK,
		.has_expired = word & STATE_EXPIRED,
		.moment = word >> STATE_MOMENT_SHIFT,
	};
}

uint64_t state_pack(const struct state *state)
{
	return (uint64_t)state->live << STATE_LIVE_SHIFT |
	       (uint64_t)state->former << STATE_FORMER_SHIFT |
	       (uint64_t)state->mode << STATE_MODE_SHIFT |
	       (uint64_t)state->former_mode << STATE_FORMER_MODE_SHIFT |
	       (uint64_t)state->emergency << STATE_EMERGENCY_SHIFT |
	       (uint64_t)state->session << STATE_SESSION_SHIFT |
	       (state->is_pending ? STATE_PENDING : 0) |
	       (state->was_rolled_back ? STATE_ROLLED_BACK : 0) |
	       (state->has_expired ? STATE_EXPIRED : 0) | state->moment << STATE_MOMENT_SHIFT;
}

bool state_is_sound(uint64_t word)
{
	const struct state state = state_unpack(word);

	return state_pack(&state) == word && state.mode < MODE_COUNT &&
	       state.former_mode < MODE_COUNT && state.emergency <= EMERGENCY_OPEN &&
	       state.session <= SESSIONS &&
	       (!state.session || state.emergency == EMERGENCY_BLOCK) &&
	       !(state.is_pending && state.was_rolled_back) &&
	       (!state.has_expired || state.was_rolled_back) &&
	       (!state.moment || state.is_pending || state.was_rolled_back) &&
	       (state.live == SLOT_NONE || state.live != state.former);
}

unsigned int state_free_slot(uint64_t word)
{
	const struct state state = state_unpack(word);
	unsigned int slot = 0;

	while (slot == state.live || slot == state.former)
		slot++;
	return slot;
}

uint64_t state_published(uint64_t word, unsigned int slot, enum mode mode, uint64_t deadline)
{
	struct state state = state_unpack(word);

	if (!state.is_pending) {
		state.former = state.live;
		state.former_mode = state.mode;
	}
	state.live = slot;
	state.mode = mode;
	state.is_pending = deadline > 0;
	state.was_rolled_back = false;
	state.has_expired = false;
	state.moment = deadline;
	return state_pack(&state);
}

uint64_t state_confirmed(uint64_t word)
{
	struct state state = state_unpack(word);

	state.is_pending = false;
	state.moment = 0;
	return state_pack(&state);
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

/* The kernel enters each page of a mapping at once: all of them were a tenth of what a scrape costs. */
uint64_t *state_map_to_read(int map_fd)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *room = mmap(NULL, state_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	if (mmap(room, page, PROT_READ, MAP_SHARED | MAP_FIXED, map_fd, 0) == MAP_FAILED) {
		munmap(room, state_size());
		return NULL;
	}
	return room;
}

/* The rest of it: whatever becomes of that, the word's own page is not touched. */
int state_map_whole(uint64_t *word, int map_fd)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = state_size();

	if (size == page)
		return 0;
	return mmap((char *)word + page, size - page, PROT_READ, MAP_SHARED | MAP_FIXED, map_fd,
		    (off_t)page) == MAP_FAILED ?
		       -errno :
		       0;
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

/*
 * What the time namespace that we are in adds to CLOCK_BOOTTIME, in nanoseconds; programs read the kernel's own
 * clock. time_namespaces(7). The file is that of children, which an exec makes one's own.
 */
static int64_t state_offset(void)
{
	autofclose FILE *offsets = fopen("/proc/self/timens_offsets", "re");
	long long seconds, nanoseconds;
	char line[128];

	/* a kernel without them has no file */
	while (offsets && fgets(line, sizeof(line), offsets))
		if (sscanf(line, "boottime %lld %lld", &seconds, &nanoseconds) == 2)
			return seconds * 1000000000 + nanoseconds;
	return 0;
}

uint64_t state_now(void)
{
	static bool is_known;
	static int64_t offset; /* of a namespace with somebody in it it doesn't change */
	struct timespec now;

	if (!is_known)
		offset = state_offset();
	is_known = true;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)(now.tv_sec * 1000000000ll + now.tv_nsec - offset) / 1000000;
}

uint64_t state_due(const uint64_t *word)
{
	uint64_t seen = state_read(word);

	return state_word_is_due(seen, state_now()) ? state_word_expired(seen) : seen;
}

uint64_t state_settled(uint64_t *word)
{
	for (;;) {
		uint64_t seen = state_read(word);

		if (!state_word_is_due(seen, state_now()))
			return seen;
		if (state_swap(word, seen, state_word_expired(seen)))
			return state_word_expired(seen);
	}
}

bool state_swap(uint64_t *word, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}
