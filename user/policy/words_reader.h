/* SPDX-License-Identifier: GPL-2.0-only */
/* Words one after the other, each with its place. For words*.c and expect.c alone. */
#ifndef USER_POLICY_WORDS_READER_H
#define USER_POLICY_WORDS_READER_H

#include "user/policy/words.h"

#define WORDS_WORD_SIZE 160u /* the longest that has a meaning, payload=, and the NUL */

struct words_reader {
	const struct place *whole; /* of the text; its source may be NULL */
	const char *text;
	const char *at;             /* behind `word` */
	const char *begin;          /* of `word`, in the text */
	char word[WORDS_WORD_SIZE]; /* the one that is looked at; empty at the end */
	struct diags *diags;
	bool may_be_group; /* an end may be a group's name */
};

/* Looks at the first word. */
void words_begin(struct words_reader *reader, const struct place *whole, const char *text,
		 struct diags *diags);

/* Looks at the next one. */
void words_next(struct words_reader *reader);

/* Is this the word that is looked at? */
bool words_is(const struct words_reader *reader, const char *word);

/* An error at the word that is looked at; at the end, behind the last one. -EINVAL. */
int words_error(struct words_reader *reader, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads a packet, up to the end or the word "after", which stays. */
int words_read_packet(struct words_reader *reader, struct words_packet *packet);

/* The two ends, "A > B", of what words_flow.protocol says; in words_ends.c. */
int words_read_ends(struct words_reader *reader, struct words_flow *flow, bool needs_ports);

/* The options behind the ends; in words_options.c. */
int words_read_options(struct words_reader *reader, struct words_packet *packet);

/* A protocol's name or number. */
int words_read_protocol(struct words_reader *reader, uint8_t *protocol);

#endif
