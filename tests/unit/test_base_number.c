/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and durations: what is one, what is none, and what is too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "user/base/duration.h"
#include "user/base/number.h"

struct sample {
	const char *text;
	uint64_t most;
	int error;
	uint64_t value;
};

#define UNTOUCHED 4711

static void check(const struct sample *samples, size_t count,
		  int (*parse)(const char *, uint64_t, uint64_t *))
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int error = parse(samples[i].text, samples[i].most, &value);
		uint64_t expected = samples[i].error ? UNTOUCHED : samples[i].value;

		if (error != samples[i].error || value != expected)
			fail_msg("'%s' up to %llu: %d, %llu", samples[i].text,
				 (unsigned long long)samples[i].most, error,
				 (unsigned long long)value);
	}
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void numbers(void **state)
{
	static const struct sample samples[] = {
		{ "0", 10, 0, 0 },
		{ "7", 10, 0, 7 },
		{ "10", 10, 0, 10 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "11", 10, -ERANGE, 0 },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551619", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
		{ "", 10, -EINVAL, 0 },
		{ " 7", 10, -EINVAL, 0 },
		{ "7 ", 10, -EINVAL, 0 },
		{ "+7", 10, -EINVAL, 0 },
		{ "-7", 10, -EINVAL, 0 },
		{ "07", 10, -EINVAL, 0 },
		{ "00", 10, -EINVAL, 0 },
		{ "0x7", 10, -EINVAL, 0 },
		{ "7.0", 10, -EINVAL, 0 },
		{ "7e1", 100, -EINVAL, 0 },
		{ "1_0", 10, -EINVAL, 0 },
		{ "\xd9\xa7", 10, -EINVAL, 0 }, /* ARABIC-INDIC DIGIT SEVEN */
	};

	(void)state;
	check(samples, COUNT(samples), number_parse);
}

static void parts_of_a_text(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_int_equal(number_parse_part("123-456", 3, 1000, &value), 0);
	assert_int_equal(value, 123);
	assert_int_equal(number_parse_part("123-456", 4, 1000, &value), -EINVAL);
	assert_int_equal(number_parse_part("123", 0, 1000, &value), -EINVAL);
}

static void durations(void **state)
{
	static const struct sample samples[] = {
		{ "90s", 1000, 0, 90 },
		{ "0s", 1000, 0, 0 },
		{ "5m", 1000, 0, 300 },
		{ "2h4m", 10000, 0, 7440 },
		{ "1d", 86400, 0, 86400 },
		{ "1d2h3m4s", UINT64_MAX, 0, 93784 },
		{ "1d4s", UINT64_MAX, 0, 86404 },
		{ "120m", UINT64_MAX, 0, 7200 },
		{ "1d", 86399, -ERANGE, 0 },
		{ "18446744073709551615s", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616s", UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551615m", UINT64_MAX, -ERANGE, 0 },
		{ "1m18446744073709551615s", UINT64_MAX, -ERANGE, 0 },
		{ "", 1000, -EINVAL, 0 },
		{ "s", 1000, -EINVAL, 0 },
		{ "90", 1000, -EINVAL, 0 },
		{ "90s5", 1000, -EINVAL, 0 },
		{ "4m2h", 100000, -EINVAL, 0 },
		{ "4m4m", 1000, -EINVAL, 0 },
		{ "2h 4m", 100000, -EINVAL, 0 },
		{ " 90s", 1000, -EINVAL, 0 },
		{ "90s ", 1000, -EINVAL, 0 },
		{ "-90s", 1000, -EINVAL, 0 },
		{ "+90s", 1000, -EINVAL, 0 },
		{ "1.5h", 100000, -EINVAL, 0 },
		{ "090s", 1000, -EINVAL, 0 },
		{ "90S", 1000, -EINVAL, 0 },
		{ "90ms", 1000, -EINVAL, 0 },
		{ "5w", 100000000, -EINVAL, 0 },
	};

	(void)state;
	check(samples, COUNT(samples), duration_parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(parts_of_a_text),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
