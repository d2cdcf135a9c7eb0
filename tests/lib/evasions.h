/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The corpus of evasions (tests/evasions/corpus.txt says how it is written), read whole. The test of
 * the programs and the sender of the scoreboard read it by this, so that both mean the same frames.
 */
#ifndef TESTS_LIB_EVASIONS_H
#define TESTS_LIB_EVASIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <edgegate/outcomes.h>

#define EVASION_STEPS 8

/* A frame, and what must become of it. */
struct evasion_step {
	const char *words;    /* of frame.h, HOST and PEER in them */
	enum outcome outcome; /* OUTCOME_UNDECIDED: it passes, by what doesn't matter */
	const char *rule;     /* NULL where it is no rule's */
	unsigned int wait;    /* seconds that pass before it */
};

struct evasion {
	const char *family; /* of evasions: the file's name without .txt */
	const char *name;
	const char *reference; /* the document and its section */
	const char *why;       /* one line */
	bool legit;            /* a twin: all of its frames pass */
	bool over4, over6;
	struct evasion_step steps[EVASION_STEPS];
	size_t step_count;
};

struct evasions {
	unsigned int version;
	const char *policy; /* text, for which the verdicts are right */
	struct evasion *all;
	size_t count;
	size_t files; /* that were read, corpus.txt not among them */
	char **texts; /* what the strings point into */
};

/* Reads `directory`/corpus.txt and what it lists. Fails the test, with file and line, if a line is wrong. */
void evasions_read(const char *directory, struct evasions *evasions);
void evasions_free(struct evasions *evasions);

#endif
