/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "Why not?": the rule that would most nearly have let a dropped packet pass, and what differs. It reads
 * an image, compiled or read back from a gate, and not the program: what it says explains a verdict, and
 * never is one.
 */
#ifndef USER_IMAGE_NEAREST_H
#define USER_IMAGE_NEAREST_H

#include "user/image/image.h"
#include "user/policy/words.h"

/*
 * One line about a packet that was dropped for `reason`, the caller's: "rule 'partners-in' allows tcp 5061
 * in, but from partners only: 198.51.100.0/24". NULL: there is nothing near enough to speak of, the reason
 * is none that a rule could change, or no memory.
 */
char *nearest_text(const struct image *image, const struct words_packet *packet,
		   enum outcome reason);

#endif
