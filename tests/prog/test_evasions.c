/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The corpus of evasions (tests/evasions/corpus.txt), every entry on the real programs: on each hook that
 * can judge its direction, the short way and the long way. What is wrong is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <regex.h>
#include <string.h>

#include "tests/lib/evasions.h"
#include "tests/lib/prog.h"
#include "user/report/gate.h"

#define CORPUS "tests/evasions"
#define LEAST_EVASIONS 80u /* that the corpus promises */
#define LEAST_LEGIT 30u

static struct evasions corpus;
static struct prog prog;

static int open_corpus(void **state)
{
	(void)state;
	evasions_read(CORPUS, &corpus);
	prog_open(&prog, false);
	prog_policy(&prog, corpus.policy);
	return 0;
}

static int close_corpus(void **state)
{
	(void)state;
	prog_close(&prog);
	evasions_free(&corpus);
	return 0;
}

/* ---- verdicts ---------------------------------------------------------------------------------- */

/* Where and how an entry is tried. */
struct telling {
	unsigned int hooks[DIRECTION_COUNT];
	unsigned int way;
	int family;
};

static bool step_is_right(const struct evasion_step *step, const struct prog_verdict *verdict)
{
	if (step->outcome == OUTCOME_UNDECIDED)
		return verdict->passed;
	return verdict->outcome == step->outcome && strcmp(verdict->rule, step->rule ?: "") == 0;
}

static bool try_step(const struct evasion *entry, const struct evasion_step *step,
		     const struct telling *telling, const struct frame_bytes *frame)
{
	unsigned int hook = telling->hooks[frame->out ? DIRECTION_OUT : DIRECTION_IN];
	struct prog_verdict verdict;

	prog_wait(&prog, step->wait);
	if (prog_run(&prog, hook, telling->way, frame, NULL, &verdict) &&
	    step_is_right(step, &verdict))
		return true;
	print_error("%s: IPv%d, %s, %s way: '%s' should %s %s, and ends in %s %s\n", entry->name,
		    telling->family, hook == PROG_XDP ? "xdp" : "tc",
		    telling->way == PROG_LONG ? "long" : "short", step->words,
		    step->outcome ? "end in" : "pass",
		    step->outcome ? report_outcome_label(step->outcome) : "",
		    verdict.outcome < OUTCOME_COUNT ? report_outcome_label(verdict.outcome) : "?",
		    verdict.rule);
	return false;
}

static void write_step(const struct evasion_step *step, int family, struct frame_bytes *frame)
{
	char varied[FRAME_TEXT_MAX];

	frame_vary(step->words, family, "", varied);
	frame_write(varied, frame);
}

/* Gives false where the arrangement can't take one of the frames: BPF_PROG_TEST_RUN takes fewer at tc. */
static bool can_tell(const struct evasion *entry, const struct telling *telling)
{
	static struct frame_bytes frame;

	for (size_t i = 0; i < entry->step_count; i++) {
		write_step(&entry->steps[i], telling->family, &frame);
		if (!prog_can_run(telling->hooks[frame.out ? DIRECTION_OUT : DIRECTION_IN], &frame))
			return false;
	}
	return true;
}

static bool tell(const struct evasion *entry, const struct telling *telling)
{
	static struct frame_bytes frame;
	bool good = true;

	prog_reset(&prog);
	for (size_t i = 0; i < entry->step_count; i++) {
		write_step(&entry->steps[i], telling->family, &frame);
		good &= try_step(entry, &entry->steps[i], telling, &frame);
	}
	return good;
}

/* Every arrangement of hooks that a gate can have, both ways. Counts how many took the entry. */
static bool tell_everywhere(const struct evasion *entry, int family, size_t *told)
{
	static const unsigned int arrangements[][DIRECTION_COUNT] = { { PROG_XDP, PROG_TC },
								      { PROG_TC, PROG_XDP },
								      { PROG_XDP, PROG_XDP } };
	bool good = true;

	for (size_t i = 0; i < PROG_COUNT(arrangements) * 2; i++) {
		struct telling telling = { .way = i & 1 ? PROG_LONG : PROG_SHORT,
					   .family = family };

		memcpy(telling.hooks, arrangements[i / 2], sizeof(telling.hooks));
		if (!can_tell(entry, &telling))
			continue;
		(*told)++;
		good &= tell(entry, &telling);
	}
	return good;
}

static void tell_all(bool legit)
{
	size_t wrong = 0, skipped = 0;

	for (size_t i = 0; i < corpus.count; i++) {
		const struct evasion *entry = &corpus.all[i];

		if (entry->legit != legit)
			continue;
		for (int family = 4; family <= 6; family += 2) {
			size_t told = 0;

			if (!(family == 4 ? entry->over4 : entry->over6))
				continue;
			wrong += !tell_everywhere(entry, family, &told);
			if (told < 2) /* XDP alone, both ways, takes every frame */
				print_error("%s: IPv%d: not tried\n", entry->name, family);
			skipped += told < 2;
		}
	}
	if (wrong || skipped)
		fail_msg("%zu entries are wrong, %zu were not tried", wrong, skipped);
}

static void evasions_are_dropped(void **state)
{
	(void)state;
	tell_all(false);
}

static void legit_twins_pass(void **state)
{
	(void)state;
	tell_all(true);
}

/* ---- the corpus itself ------------------------------------------------------------------------- */

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus.count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(corpus.all[i].name, corpus.all[k].name) == 0)
				fail_msg("%s stands there twice", corpus.all[i].name);
}

static void names_are_words(void **state)
{
	regex_t form;

	(void)state;
	assert_int_equal(regcomp(&form, "^[a-z0-9]+(-[a-z0-9]+)+$", REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < corpus.count; i++)
		if (regexec(&form, corpus.all[i].name, 0, NULL, 0))
			fail_msg("'%s' is no name", corpus.all[i].name);
	regfree(&form);
}

/* "RFC 791 3.1", "RFC 826 Packet format", "IEEE 802.1Q-2018 9.3" */
static void each_has_a_document_and_a_section(void **state)
{
	regex_t form;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(regcomp(&form,
				 "^(RFC [1-9][0-9]{0,3}|IEEE 802[.0-9A-Za-z]*-[12][0-9]{3}) "
				 "([1-9A-Z][0-9]*[A-Z]?(\\.[0-9]+)*|[A-Z][a-z]+( [A-Za-z]+)*)$",
				 REG_EXTENDED | REG_NOSUB),
			 0);
	for (size_t i = 0; i < corpus.count; i++) {
		const struct evasion *entry = &corpus.all[i];

		if (regexec(&form, entry->reference, 0, NULL, 0) == 0 && strlen(entry->why) >= 10)
			continue;
		print_error("%s: '%s: %s' is no rationale\n", entry->name, entry->reference,
			    entry->why);
		wrong++;
	}
	regfree(&form);
	assert_int_equal(wrong, 0);
}

/* An evasion's last frame is dropped; of a legit twin none is. */
static void each_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		const struct evasion *entry = &corpus.all[i];

		for (size_t k = 0; k < entry->step_count; k++) {
			bool drop = report_outcome_class(entry->steps[k].outcome) ==
				    OUTCOME_CLASS_DROP;

			if (entry->steps[k].outcome == OUTCOME_UNDECIDED)
				drop = false;
			if (drop && entry->legit)
				fail_msg("%s: legit, and is dropped", entry->name);
			if (!drop && !entry->legit && k + 1 == entry->step_count)
				fail_msg("%s: an evasion, and passes", entry->name);
		}
	}
}

static void there_are_enough_of_both(void **state)
{
	size_t legit = 0;

	(void)state;
	for (size_t i = 0; i < corpus.count; i++)
		legit += corpus.all[i].legit;
	assert_true(corpus.count - legit >= LEAST_EVASIONS);
	assert_true(legit >= LEAST_LEGIT);
}

static void every_family_has_twins(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		bool evasion = false, legit = false;

		for (size_t k = 0; k < corpus.count; k++) {
			if (corpus.all[k].family != corpus.all[i].family)
				continue;
			evasion |= !corpus.all[k].legit;
			legit |= corpus.all[k].legit;
		}
		if (!evasion || !legit)
			fail_msg("%s has only one kind of entries", corpus.all[i].family);
	}
}

/* A file that corpus.txt doesn't list would never be tried. */
static void no_file_is_forgotten(void **state)
{
	DIR *directory = opendir(CORPUS);
	const struct dirent *file;
	size_t files = 0;

	(void)state;
	assert_non_null(directory);
	while ((file = readdir(directory))) {
		const char *end = strrchr(file->d_name, '.');

		files += end && strcmp(end, ".txt") == 0 && strcmp(file->d_name, "corpus.txt") != 0;
	}
	closedir(directory);
	assert_int_equal(files, corpus.files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evasions_are_dropped),
		cmocka_unit_test(legit_twins_pass),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(names_are_words),
		cmocka_unit_test(each_has_a_document_and_a_section),
		cmocka_unit_test(each_says_what_it_is),
		cmocka_unit_test(there_are_enough_of_both),
		cmocka_unit_test(every_family_has_twins),
		cmocka_unit_test(no_file_is_forgotten),
	};

	return cmocka_run_group_tests(tests, open_corpus, close_corpus);
}
