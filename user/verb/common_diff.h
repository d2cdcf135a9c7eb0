/* SPDX-License-Identifier: GPL-2.0-only */
/* What changes from one image to another, on its way to words: the same for `diff` and `apply`. */
#ifndef USER_VERB_COMMON_DIFF_H
#define USER_VERB_COMMON_DIFF_H

#include "user/image/image.h"
#include "user/report/diff.h"

/*
 * In words, or with `json` as JSON. `before` NULL: there was no policy. Caller frees; NULL: no memory.
 * A text has lines behind two spaces.
 */
char *common_diff(const struct image *before, const struct image *after, bool json);

#endif
