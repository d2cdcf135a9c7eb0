// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"
#include "user/verb/apply_check.h"
#include "user/verb/apply_compile.h"

/* Passes anything that is judged no more, by what is attached now? Where nobody can tell, it does. */
static bool apply_is_open(const struct gate *gate)
{
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		struct gate_attachment now;

		if (gate_read_attachment(gate, i, &now) || now.place == PLACE_ANEW ||
		    (now.is_here && now.is_lost))
			return true;
	}
	return false;
}

/* Is what a deadline returns to a policy that is enforced? */
static bool apply_falls_back_shut(const struct state *state)
{
	unsigned int slot = state->is_pending ? state->former : state->live;
	enum mode mode = state->is_pending ? state->former_mode : state->mode;

	return slot != SLOT_NONE && mode != MODE_MONITOR;
}

/* What is in force, and what it counts, for compiling against. */
static int apply_read_running(const struct apply_compile *compile, struct apply_before *before,
			      struct listing_header **former, struct gate_counts *counts,
			      struct diags *diags)
{
	const uint64_t word = state_settled(compile->gate->word);
	const struct state state = state_unpack(word);
	int error = readback(compile->gate, state.live, &before->image);

	bool is_open = apply_is_open(compile->gate);

	before->is_there = !error;
	/* by the word, and by what is attached: it drops nothing where it isn't */
	before->drops = !error && state.mode != MODE_MONITOR && !state.emergency && !is_open;
	before->shuts = is_open && apply_falls_back_shut(&state);
	before->mode = state.mode == MODE_MONITOR ? MODE_MONITOR : MODE_ENFORCE;
	/* nothing was there, or nothing that could be believed any more: that is drift */
	if (error == -ENOENT || error == -EPROTO)
		error = 0;
	if (!error)
		error = apply_check_drift(compile->gate, word,
					  before->is_there ? &before->image : NULL,
					  compile->dry_run, compile->what, diags);
	if (!error)
		error = gate_listing(compile->gate, state.former, former);
	if (error == -EPROTO)
		error = 0;
	if (!error)
		error = gate_read_counts(compile->gate, counts);
	return error ? diag_system(diags, -error, compile->what, "cannot read what is in force") :
		       0;
}

int apply_compile_image(const struct apply_compile *compile, struct apply_before *before,
			struct image *image, struct diags *diags)
{
	struct image_running running = {
		.applied_at = (uint64_t)time(NULL),
		.mode = compile->mode,
	};
	const struct stamp *stamp = &compile->gate->stamp;
	cleanup(gate_free_counts) struct gate_counts counts = { 0 };
	autofree struct listing_header *former = NULL;
	int error = 0;

	image_free(&before->image);
	if (!compile->is_new)
		error = apply_read_running(compile, before, &former, &counts, diags);
	if (error)
		return error;
	running.kept[0] = before->image.listing;
	running.kept[1] = former;
	running.counts = counts.rules;
	/* a gate that is only thought of has no epoch yet: it will be made for this policy */
	running.epoch = stamp->hz ? (1ull << stamp->epoch_shift) / stamp->hz : UINT64_MAX;
	image_free(image);
	error = image_compile(compile->policy, &running, image, diags);
	if (!error && !(image->generation->settings.flags & SETTING_FLOW_MARKS)) {
		diag_warning(
			diags, NULL, compile->what,
			"its timeouts are longer than those that the gate was made for: a flood of "
			"forged replies costs more than it need");
		diag_hint(diags,
			  "detach and apply make the gate anew; conversations are cut by it");
	}
	return error;
}
