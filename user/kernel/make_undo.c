// SPDX-License-Identifier: GPL-2.0-only
/* What is made of a gate is undone. */
#include <errno.h>

#include "user/kernel/attach.h"
#include "user/kernel/gro.h"
#include "user/kernel/make.h"
#include "user/kernel/state.h"

int make_look(const struct gate *gate, unsigned int index, struct gate_attachment *now,
	      const char *what, struct diags *diags)
{
	int error = gate_read_attachment(gate, index, now);

	if (error) {
		diag_system(diags, -error, what, "cannot see what is attached to %s", now->name);
		diag_hint(diags, error == -EPERM ? "run edgegate as root" :
						   "try again; what is in force stays in force");
	}
	return error;
}

/* Can all that is attached to an interface be taken off? And from where it is. */
static int make_undo_check(const struct gate *gate, unsigned int index, struct gate_attachment *now,
			   enum attach_reach *reach, const char *what, struct diags *diags)
{
	int error = make_look(gate, index, now, what, diags);

	if (error)
		return error;
	/* from one that was moved the kernel has taken the filter off */
	*reach = now->is_here               ? ATTACH_HERE :
		 now->place == PLACE_UNSEEN ? ATTACH_ELSEWHERE :
					      ATTACH_GONE;
	return attach_undo_check(gate->directory, index, &gate->stamp.interfaces[index], *reach,
				 what, diags);
}

int make_undone(struct gate *gate, const char *what, struct diags *diags)
{
	const struct state none = { .live = SLOT_NONE, .former = SLOT_NONE };
	struct gate_attachment now[GATE_INTERFACES_MAX] = { 0 };
	enum attach_reach reach[GATE_INTERFACES_MAX] = { 0 };
	char unfinished[PINS_PATH_SIZE];
	int error = 0;

	/* first: what can't be undone whole is left whole */
	for (unsigned int i = 0; !error && i < gate->stamp.interface_count; i++)
		error = make_undo_check(gate, i, &now[i], &reach[i], what, diags);
	if (error)
		return error;
	/* in and out open at the same instant, whatever comes after */
	__atomic_store_n(gate->word, state_pack(&none), __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		int undone = attach_undo(gate->directory, i, &gate->stamp.interfaces[i], reach[i],
					 what, diags);

		/* after XDP: older kernels turn it off by themselves then */
		if (!undone)
			undone = gro_give_back(gate, i, &now[i], what, diags);
		if (undone)
			error = undone;
	}
	if (error)
		return error;
	/* killed from here on, it leaves what the next apply clears away without a word */
	return make_removed(pins_unfinish(gate->directory, unfinished) ? gate->directory :
									 unfinished,
			    what, diags);
}

int make_removed(const char *directory, const char *what, struct diags *diags)
{
	int error;

	/* what is attached first; afterwards nothing could find it any more */
	for (unsigned int i = 0; i < GATE_INTERFACES_MAX; i++) {
		error = attach_undo_stray(directory, i, what, diags);
		if (error)
			return error;
	}
	/* nothing to do after make_undone(), whose stamp says so */
	gro_give_back_stray(directory, what, diags);
	error = pins_remove(directory);
	pins_remove_empty(directory);
	if (error) {
		diag_system(diags, -error, what, "cannot take away %s", directory);
		diag_hint(diags, "run edgegate as root");
	}
	return error;
}
