// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include <edgegate/state_word.h>

#include "user/kernel/change.h"

int change_confirm(struct gate *gate, struct state *before)
{
	for (;;) {
		uint64_t word = state_settled(gate->word);

		*before = state_unpack(word);
		if (!before->is_pending)
			return -ENOENT;
		/* whoever made the expiry final meanwhile has won */
		if (state_swap(gate->word, word, state_confirmed(word)))
			return 0;
	}
}

int change_rollback(struct gate *gate, struct state *before)
{
	for (;;) {
		uint64_t word = state_settled(gate->word);

		*before = state_unpack(word);
		if (before->was_rolled_back || before->live == SLOT_NONE)
			return -ENOENT;
		if (state_swap(gate->word, word, state_word_taken_back(word, state_now(), 0)))
			return 0;
	}
}

int change_emergency(struct gate *gate, enum emergency emergency, const struct session *session,
		     struct state *before)
{
	for (;;) {
		uint64_t word = state_settled(gate->word);
		struct state state = state_unpack(word);

		*before = state;
		if (emergency == EMERGENCY_BLOCK && state.live == SLOT_NONE &&
		    state.former == SLOT_NONE)
			return -ENOENT;
		state.emergency = emergency;
		state.session = 0;
		if (session) {
			/* not over the one that is in force */
			state.session = before->session == 1 ? 2 : 1;
			state_memory(gate->word)->sessions[state.session - 1] = *session;
		}
		if (state_swap(gate->word, word, state_pack(&state)))
			return 0;
	}
}
