/* SPDX-License-Identifier: GPL-2.0-only */
/* What a gate can't be, and what it can't become. -EINVAL or -EEXIST with a diag, or 0. */
#ifndef USER_VERB_APPLY_CHECK_H
#define USER_VERB_APPLY_CHECK_H

#include "user/image/image.h"
#include "user/verb/common.h"

/* Facings of one gate: both hooks on both kinds would judge what is forwarded twice. */
int apply_check_hooks(const struct common_options *options, const char *what, struct diags *diags);

/* What a gate has had since it was made must be what is asked for now, where it is asked for. */
int apply_check_gate(const struct common_options *options, const struct gate *gate,
		     const struct policy *policy, const char *what, struct diags *diags);

/*
 * Has somebody written to the maps of what is in force since it was applied? That is said; the apply that
 * is about to come sets it right, for it fills maps of its own. A negative errno, and no diag: they can't
 * be read.
 */
int apply_check_drift(const struct gate *gate, uint64_t word, const struct image *live,
		      bool dry_run, const char *what, struct diags *diags);

/* A former apply that waits for its confirm is not to be passed over unawares: -EBUSY. */
int apply_check_pending(const struct common_options *options, const struct gate *gate,
			const char *what, struct diags *diags);

/* Are there an interface, and no two options that don't go together? 0, or -EINVAL with a diag. */
int apply_check_words(const struct common_options *options, struct diags *diags);

#endif
