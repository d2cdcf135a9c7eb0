/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before a policy comes into force: which of the host's conversations it would cut, by the real program.
 * One that is the caller's SSH session is not cut unawares (spec section 4).
 */
#ifndef USER_VERB_APPLY_GUARD_H
#define USER_VERB_APPLY_GUARD_H

#include <edgegate/abi.h>

#include "user/image/image.h"
#include "user/verb/common.h"

/* All of it is borrowed. */
struct apply_guard {
	const struct common_options *options;     /* mode, --force, --confirm */
	const struct stamp_interface *interfaces; /* of the gate: index and facing */
	size_t interface_count;
	const struct gate *gate; /* that is there; NULL: none yet */
	enum hooks hooks;
	const struct image *after;
	const struct image *before; /* what it drops already isn't cut by `after`; NULL: nothing */
	bool shuts;                 /* as of struct apply_before */
	bool *cuts_own; /* set where one that is the caller's is cut, and it goes on all the same */
	const char *what;
};

/*
 * Says in `diags` what would be cut. 0: go on. Negative: not without --force, or --confirm, or it can't be
 * told.
 */
int apply_guard(const struct apply_guard *guard, struct diags *diags);

#endif
