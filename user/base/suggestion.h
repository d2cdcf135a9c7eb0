/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "Did you mean ...?": of the names that are offered one after the other, the one nearest to a
 * word, by how many letters have to be added, left out, changed or swapped with the next. Upper and
 * lower case are the same.
 */
#ifndef USER_BASE_SUGGESTION_H
#define USER_BASE_SUGGESTION_H

#include <stddef.h>

/* `word` is set by the user of it; the rest starts at zero. Owns nothing. */
struct suggestion {
	const char *word;
	const char *name;      /* the nearest so far, NULL: none is near enough */
	unsigned int distance; /* of `name` */
};

/* The first one offered wins among equals. Words of more than 63 bytes are near to nothing. */
void suggestion_offer(struct suggestion *suggestion, const char *name);

#endif
