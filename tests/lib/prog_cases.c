// SPDX-License-Identifier: GPL-2.0-only
/* Expectations, tables of them, and stories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"
#include "user/report/gate.h"

static bool try_once(struct prog *prog, unsigned int hook, unsigned int way, const char *words,
		     const struct frame_bytes *frame, enum outcome outcome, const char *rule)
{
	struct prog_verdict verdict;

	if (prog_run(prog, hook, way, frame, NULL, &verdict) && verdict.outcome == outcome &&
	    strcmp(verdict.rule, rule ?: "") == 0)
		return true;
	print_error("%s, %s way: %s: expected %s %s, got %s %s\n", hook == PROG_XDP ? "xdp" : "tc",
		    way == PROG_LONG ? "long" : "short", words, report_outcome_label(outcome),
		    rule ?: "",
		    verdict.outcome < OUTCOME_COUNT ? report_outcome_label(verdict.outcome) : "?",
		    verdict.rule);
	return false;
}

static bool try_frame(struct prog *prog, const char *words, const struct frame_bytes *frame,
		      enum outcome outcome, const char *rule)
{
	unsigned int hooks = prog->hooks[frame->out ? DIRECTION_OUT : DIRECTION_IN], tried = 0;
	bool good = true;

	for (unsigned int hook = PROG_XDP; hook <= PROG_TC; hook <<= 1) {
		for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
			if (!(hooks & hook) || !(prog->ways & way) || !prog_can_run(hook, frame))
				continue;
			tried++;
			good &= try_once(prog, hook, way, words, frame, outcome, rule);
		}
	}
	if (!tried)
		print_error("%s: no hook takes it\n", words);
	return good && tried;
}

static bool try_words(struct prog *prog, const char *words, enum outcome outcome, const char *rule)
{
	static struct frame_bytes frame;
	char varied[FRAME_TEXT_MAX];

	frame_vary(words, prog->family, prog->more, varied);
	frame_write(varied, &frame);
	return try_frame(prog, varied, &frame, outcome, rule);
}

void prog_expect_at(struct prog *prog, const char *words, enum outcome outcome, const char *rule,
		    const char *file, int line)
{
	if (!try_words(prog, words, outcome, rule))
		_fail(file, line);
}

static size_t try_cases(struct prog *prog, const struct prog_case *cases, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		int family = prog->family;
		const char *more = prog->more;

		prog_reset(prog);
		prog->family = family;
		prog->more = more;
		wrong += !try_words(prog, cases[i].words, cases[i].outcome, cases[i].rule);
	}
	return wrong;
}

void prog_cases(struct prog *prog, const struct prog_case *cases, size_t count)
{
	size_t wrong;

	prog_reset(prog);
	wrong = try_cases(prog, cases, count);
	if (wrong)
		fail_msg("%zu of %zu lines", wrong, count);
}

void prog_cases_everywhere(struct prog *prog, const struct prog_case *cases, size_t count)
{
	static const char *const tags[] = { "", "tag=8100", "tag=88a8", "tag=88a8 tag=8100" };
	size_t wrong = 0;

	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < PROG_COUNT(tags); i++) {
			prog_reset(prog);
			prog->family = family;
			prog->more = tags[i];
			wrong += try_cases(prog, cases, count);
		}
	}
	prog_reset(prog);
	if (wrong)
		fail_msg("%zu of %zu lines", wrong, count * 2 * PROG_COUNT(tags));
}

/* Any passing outcome will do: which one, other tests say. On every hook and way it is the same. */
static bool base_passes(struct prog *prog, const char *words)
{
	static struct frame_bytes frame;
	char varied[FRAME_TEXT_MAX];
	bool good = true;

	frame_vary(words, prog->family, prog->more, varied);
	frame_write(varied, &frame);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int hook = i & 1 ? PROG_TC : PROG_XDP,
			     way = i & 2 ? PROG_LONG : PROG_SHORT;
		struct prog_verdict verdict;

		if (!prog_can_run(hook, &frame))
			continue;
		if (prog_run(prog, hook, way, &frame, NULL, &verdict) && verdict.passed)
			continue;
		print_error("%s: should pass, and ends in %s\n", varied,
			    verdict.outcome < OUTCOME_COUNT ?
				    report_outcome_label(verdict.outcome) :
				    "?");
		good = false;
	}
	return good;
}

/* What prepares the way: all of it must pass. */
static bool send_before(struct prog *prog)
{
	bool good = true;

	for (size_t i = 0; prog->before && prog->before[i]; i++)
		good &= base_passes(prog, prog->before[i]);
	return good;
}

static size_t try_change(struct prog *prog, const struct prog_change *row, int family,
			 const char *direction)
{
	char words[FRAME_TEXT_MAX];
	size_t wrong;

	snprintf(words, sizeof(words), "%s %s", direction, row->base);
	prog_reset(prog);
	prog->family = family;
	wrong = !send_before(prog) || !base_passes(prog, words);
	for (size_t i = 0; i < row->count; i++) {
		snprintf(words, sizeof(words), "%s %s %s", direction, row->base, row->changes[i]);
		prog_reset(prog);
		prog->family = family;
		wrong += !send_before(prog);
		wrong += row->outcome == OUTCOME_UNDECIDED ?
				 !base_passes(prog, words) :
				 !try_words(prog, words, row->outcome, NULL);
	}
	return wrong;
}

void prog_change_all(struct prog *prog, const struct prog_change *table, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		for (int family = 4; family <= 6; family += 2) {
			if (table[i].families != 46 && table[i].families != family)
				continue;
			if (strstr(table[i].directions, "in"))
				wrong += try_change(prog, &table[i], family, "in");
			if (strstr(table[i].directions, "out"))
				wrong += try_change(prog, &table[i], family, "out");
		}
	}
	prog_reset(prog);
	if (wrong)
		fail_msg("%zu changes", wrong);
}

void prog_tell(struct prog *prog, void (*story)(struct prog *prog))
{
	/* outside; inside; XDP on both NICs */
	static const unsigned int arrangements[][DIRECTION_COUNT] = { { PROG_XDP, PROG_TC },
								      { PROG_TC, PROG_XDP },
								      { PROG_XDP, PROG_XDP } };

	for (unsigned int i = 0; i < PROG_COUNT(arrangements) * 4; i++) {
		prog_reset(prog);
		memcpy(prog->hooks, arrangements[i / 4], sizeof(prog->hooks));
		prog->ways = i & 1 ? PROG_LONG : PROG_SHORT;
		prog->family = i & 2 ? 6 : 4;
		story(prog);
	}
	prog_reset(prog);
}
