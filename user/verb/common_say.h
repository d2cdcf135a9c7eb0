/* SPDX-License-Identifier: GPL-2.0-only */
/* What apply says besides doing it: what changes, what is dropped, what to look out for. */
#ifndef USER_VERB_COMMON_SAY_H
#define USER_VERB_COMMON_SAY_H

#include "user/base/diag.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

/* What changes, on standard output. `before` NULL: there was no policy. Returns an exit status. */
int common_say_changes(const char *interfaces, const struct image *before, enum mode mode_before,
		       const struct image *after, enum mode mode);

/* In a sentence: what passes, so that everything else is known to be dropped. */
void common_say_effect(const struct policy *policy, const char *interfaces, enum mode mode,
		       struct text *text);

/* Warnings about a policy on this machine: DNS, ephemeral ports (spec section 2). */
void common_say_warnings(const struct policy *policy, const struct image *image,
			 struct diags *diags);

#endif
