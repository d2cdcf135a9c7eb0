/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real programs against the independent model (tests/model): the kept cases, then random ones from
 * a fixed seed and from another each time. PROPERTY_PACKETS and PROPERTY_SEED set how many, and from which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <time.h>

#include "tests/property/property.h"

#define PACKETS 100000u
#define SEED 1u

static struct property property;

static int open_property(void **state)
{
	(void)state;
	property_open(&property);
	return 0;
}

static int close_property(void **state)
{
	(void)state;
	property_close(&property);
	return 0;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void kept_cases(void **state)
{
	size_t wrong = 0;
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/property/cases/*.case", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !property_replay(&property, found.gl_pathv[i]);
	globfree(&found);
	if (wrong)
		fail_msg("%zu kept cases", wrong);
}

/* No outcome may be missing: what never happens proves nothing. */
static void fixed_seed(void **state)
{
	uint64_t packets = number_from("PROPERTY_PACKETS", PACKETS);
	enum outcome missing;

	(void)state;
	assert_true(property_search(&property, SEED, packets));
	property_histogram(&property, stdout);
	missing = property_missing(&property);
	if (packets >= PACKETS && missing != OUTCOME_UNDECIDED)
		fail_msg("no packet ended in %s", model_outcome_label(missing));
}

static void another_seed(void **state)
{
	uint64_t seed = number_from("PROPERTY_SEED", (uint64_t)time(NULL) * 1000003u);

	(void)state;
	print_message("seed %llu: PROPERTY_SEED=%llu runs it again\n", (unsigned long long)seed,
		      (unsigned long long)seed);
	assert_true(property_search(&property, seed, number_from("PROPERTY_PACKETS", PACKETS) / 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_cases),
		cmocka_unit_test(fixed_seed),
		cmocka_unit_test(another_seed),
	};

	return cmocka_run_group_tests(tests, open_property, close_property);
}
