/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state word: of every sequence that there is of applies, confirms, rollbacks, emergencies, deadlines and
 * kills, none lets a slot be filled that is live or is what a rollback returns to. test_generations does the
 * like to maps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <edgegate/state_word.h>

#include "user/base/cleanup.h"
#include "user/kernel/change.h"
#include "user/kernel/gate.h"
#include "user/kernel/state.h"

#define FAR (1ull << 40) /* a deadline that does not pass while the test runs */
#define WORLDS_MAX 100000u

/* Where a sequence can lead: the word, and the slot that an apply is filling; SLOT_NONE: none is. */
struct world {
	uint64_t word;
	unsigned int filling;
};

static struct world worlds[WORLDS_MAX];
static size_t world_count;

/* Moments don't matter but for whether there is one. */
static void reach(uint64_t word, unsigned int filling)
{
	if (word >> STATE_MOMENT_SHIFT)
		word = (word & ((1ull << STATE_MOMENT_SHIFT) - 1)) | FAR << STATE_MOMENT_SHIFT;
	for (size_t i = 0; i < world_count; i++)
		if (worlds[i].word == word && worlds[i].filling == filling)
			return;
	assert_true(world_count < WORLDS_MAX);
	worlds[world_count++] = (struct world){ word, filling };
}

/* An apply begins, is killed, or puts its slot into force, in either mode, with a deadline or without. */
static void reach_by_apply(const struct world *from)
{
	const struct state was = state_unpack(from->word);

	if (from->filling == SLOT_NONE) {
		reach(from->word, state_free_slot(from->word));
		return;
	}
	reach(from->word, SLOT_NONE);
	for (int mode = 0; mode < MODE_COUNT; mode++)
		for (int confirm = 0; confirm < 2; confirm++) {
			uint64_t word = state_published(from->word, from->filling, (enum mode)mode,
							confirm ? FAR : 0);
			const struct state state = state_unpack(word);

			/* what waits for its confirm is nothing to fall back to */
			assert_int_equal(state.former, was.is_pending ? was.former : was.live);
			assert_int_equal(state.former_mode,
					 was.is_pending ? was.former_mode : was.mode);
			reach(word, SLOT_NONE);
		}
}

/* The commands themselves, on a word in memory. */
static void reach_by_commands(const struct world *from, struct gate *gate)
{
	const struct session session = { .family = 4 };
	struct state before;

	*gate->word = from->word;
	change_confirm(gate, &before);
	reach(*gate->word, from->filling);
	*gate->word = from->word;
	change_rollback(gate, &before);
	reach(*gate->word, from->filling);
	for (int emergency = EMERGENCY_NONE; emergency <= EMERGENCY_OPEN; emergency++) {
		*gate->word = from->word;
		change_emergency(gate, (enum emergency)emergency,
				 emergency == EMERGENCY_BLOCK ? &session : NULL, &before);
		reach(*gate->word, from->filling);
	}
	if (from->word & STATE_PENDING)
		reach(state_word_expired(from->word), from->filling);
}

static void is_safe(const struct world *world)
{
	const struct state state = state_unpack(world->word);

	assert_true(state_is_sound(world->word));
	if (world->filling == SLOT_NONE)
		return;
	assert_true(world->filling < SLOT_COUNT);
	assert_int_not_equal(world->filling, state.live);
	assert_int_not_equal(world->filling, state.former);
}

static void no_word_lets_a_slot_in_use_be_filled(void **state)
{
	const struct state none = { .live = SLOT_NONE, .former = SLOT_NONE };
	autofree struct gate_memory *memory = calloc(1, sizeof(*memory));
	struct gate gate = GATE_CLOSED;

	(void)state;
	assert_non_null(memory);
	gate.word = (uint64_t *)&memory->state;
	world_count = 0;
	reach(state_pack(&none), SLOT_NONE);
	for (size_t i = 0; i < world_count; i++) {
		const struct world world = worlds[i];

		is_safe(&world);
		reach_by_apply(&world);
		reach_by_commands(&world, &gate);
	}
	/* or it would have gone nowhere: 3 slots, modes, deadlines, rollbacks, emergencies */
	assert_true(world_count > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_word_lets_a_slot_in_use_be_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
