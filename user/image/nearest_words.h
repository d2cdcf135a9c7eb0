/* SPDX-License-Identifier: GPL-2.0-only */
/* What nearest.c found, in words. For it alone. */
#ifndef USER_IMAGE_NEAREST_WORDS_H
#define USER_IMAGE_NEAREST_WORDS_H

#include "user/base/text.h"
#include "user/image/image.h"

/* In what a packet differs from a rule. */
struct nearest_difference {
	bool direction;
	bool port; /* or type */
	bool peer;
	bool from;
	bool to;
};

/* "rule 'partners-in' allows tcp 5061 in" */
void nearest_words_rule(struct text *text, const struct image *image,
			const struct listing_row *row);

/* The same, and in what the packet differs. The caller's; NULL: no memory. */
char *nearest_words_difference(const struct image *image, const struct listing_row *row,
			       const struct nearest_difference *difference);

#endif
