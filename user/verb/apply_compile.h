/* SPDX-License-Identifier: GPL-2.0-only */
/* From a policy to the image that takes the place of what is in force. */
#ifndef USER_VERB_APPLY_COMPILE_H
#define USER_VERB_APPLY_COMPILE_H

#include <stdbool.h>

#include "user/image/image.h"
#include "user/kernel/gate.h"

/* What was in force: owned. */
struct apply_before {
	struct image image;
	enum mode mode;
	bool is_there;
	bool drops; /* what it judges so: it is enforced and attached, and no emergency stands above it */
	bool shuts; /* an interface is open, and what a deadline falls back to is a policy, enforced */
};

/* All of it is borrowed. */
struct apply_compile {
	const struct policy *policy;
	const struct gate *gate; /* where it is new: without an epoch until it is made */
	bool is_new;
	bool dry_run;
	enum mode mode;
	const char *what;
};

/*
 * Compiles against what runs: counters of rules whose name stays go on. *image and *before are set anew.
 * 0, or negative with a diag.
 */
int apply_compile_image(const struct apply_compile *compile, struct apply_before *before,
			struct image *image, struct diags *diags);

#endif
