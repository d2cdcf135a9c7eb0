/* SPDX-License-Identifier: GPL-2.0-only */
/* Expectations on payload classes: an outcome, and how much rules' mismatches grow with each run. */
#ifndef TESTS_LIB_PROG_PAYLOAD_H
#define TESTS_LIB_PROG_PAYLOAD_H

#include "tests/lib/prog.h"

struct payload_case {
	const char *words;
	enum outcome outcome;
	const char *rule;    /* NULL where it is no rule's */
	uint64_t mismatches; /* 0 or 1, for each run */
};

/*
 * in: 3478 observes (seen-in), 3479 enforces (held-in), 3482 doesn't ask (plain-in);
 * out: 3480 observes (seen-out), 3481 enforces (held-out).
 */
extern const char payload_policy[];

/* Of all rules that prog_run() watches, as it last read them. */
uint64_t payload_mismatches(const struct prog *prog);

#define payload_expect(prog, words, outcome, rule, mismatches)                                     \
	payload_expect_at(prog, &(struct payload_case){ words, outcome, rule, mismatches },        \
			  __FILE__, __LINE__)
void payload_expect_at(struct prog *prog, const struct payload_case *one, const char *file,
		       int line);

/* Under that policy, in all four: a datagram with these words is of the class or isn't. */
#define payload_try(prog, more, fits) payload_try_at(prog, more, fits, __FILE__, __LINE__)
void payload_try_at(struct prog *prog, const char *more, bool fits, const char *file, int line);

/* Tables: every line from empty state; the second for both families and all tags. */
void payload_cases(struct prog *prog, const struct payload_case *cases, size_t count);
void payload_cases_everywhere(struct prog *prog, const struct payload_case *cases, size_t count);

#endif
