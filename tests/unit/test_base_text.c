/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings, characters, lists and suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

static void text_grows_piece_by_piece(void **state)
{
	autotext struct text text = { 0 };
	autofree char *taken = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		text_format(&text, "%d,", i);
	text_add_repeated(&text, '-', 1000);
	text_add(&text, "end");
	text_add_bytes(&text, "xyz", 1);
	assert_int_equal(text.length, 10 * 2 + 90 * 3 + 1000 + 4);
	taken = text_take(&text);
	assert_int_equal(strlen(taken), 10 * 2 + 90 * 3 + 1000 + 4);
	assert_memory_equal(taken, "0,1,2,", 6);
	assert_string_equal(taken + strlen(taken) - 5, "-endx");
	assert_int_equal(text.length, 0);
}

static void empty_text_is_a_string(void **state)
{
	autotext struct text text = { 0 };
	autofree char *taken = text_take(&text);
	autofree char *printed = text_print("%s", "");

	(void)state;
	assert_string_equal(taken, "");
	assert_string_equal(printed, "");
}

static void failure_sticks(void **state)
{
	autotext struct text text = { 0 };

	(void)state;
	text_add(&text, "a");
	text.failed = true;
	text_add(&text, "b");
	text_format(&text, "%d", 1);
	assert_int_equal(text.length, 1);
	assert_null(text_take(&text));
}

static void controls_become_escapes(void **state)
{
	static const char raw[] =
		"a\x1b[31m\n\t\x7f\xc2\x9b\xe2\x80\xae\xff\xe2\x80 \xc3\xa4\xf0\x9f\x98\x80";
	autotext struct text text = { 0 };

	(void)state;
	text_add_printable(&text, raw, sizeof(raw) - 1);
	assert_string_equal(text.bytes, "a\\x1b[31m\\x0a\\x09\\x7f\\x9b\\u202e\\xff\\xe2\\x80 "
					"\xc3\xa4\xf0\x9f\x98\x80");
}

static void names_of_others_are_cleaned_in_place(void **state)
{
	char name[] = "a\x1b[31m\x7f\xc2\x9b\x9b\xe2\x80\xae\xe2\x80 \xc3\xa4\xff";
	char plain[] = "eth0.5", empty[] = "";

	(void)state;
	text_clean(name);
	assert_string_equal(name, "a?[31m?????? \xc3\xa4?");
	text_clean(plain);
	assert_string_equal(plain, "eth0.5");
	text_clean(empty);
	assert_string_equal(empty, "");
}

static void utf8_is_strict(void **state)
{
	static const struct sample {
		const char *bytes;
		size_t length;
		uint32_t character;
	} samples[] = {
		{ "a", 1, 'a' },
		{ "\xc3\xa4", 2, 0xe4 },
		{ "\xe2\x82\xac", 3, 0x20ac },
		{ "\xf0\x9f\x98\x80", 4, 0x1f600 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\xc3", 0, 0 },             /* cut short */
		{ "\xe2\x82", 0, 0 },         /* cut short */
		{ "\xc3z", 0, 0 },            /* no continuation */
		{ "\x80", 0, 0 },             /* continuation first */
		{ "\xc0\xaf", 0, 0 },         /* overlong */
		{ "\xe0\x80\xaf", 0, 0 },     /* overlong */
		{ "\xf0\x80\x80\xaf", 0, 0 }, /* overlong */
		{ "\xed\xa0\x80", 0, 0 },     /* surrogate */
		{ "\xf4\x90\x80\x80", 0, 0 }, /* past the end */
		{ "\xf8\x88\x80\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		uint32_t character = 0;

		assert_int_equal(utf8_decode(samples[i].bytes, strlen(samples[i].bytes),
					     &character),
				 samples[i].length);
		assert_int_equal(character, samples[i].character);
	}
	assert_int_equal(utf8_decode("", 0, NULL), 0);
	assert_int_equal(utf8_width('a'), 1);
	assert_int_equal(utf8_width(0x65e5), 2);
	assert_int_equal(utf8_width(0x301), 0);
	assert_int_equal(utf8_width(0x1f600), 2);
}

static void arrays_grow_by_their_count(void **state)
{
	uint64_t *list = NULL;
	size_t count = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *item = array_add(&list, &count);

		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i;
	}
	assert_int_equal(count, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	free(list);
}

static const char *suggest(const char *word)
{
	static const char *const names[] = { "in",          "out",          "protocol",
					     "ports",       "port-of",      "partners",
					     "access-edge", "echo-request", "echo-reply" };
	struct suggestion nearest = { .word = word };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		suggestion_offer(&nearest, names[i]);
	return nearest.name ? nearest.name : "";
}

static void suggestions_are_near(void **state)
{
	(void)state;
	assert_string_equal(suggest("protocl"), "protocol");
	assert_string_equal(suggest("portocol"), "protocol");
	assert_string_equal(suggest("Protocol"), "protocol");
	assert_string_equal(suggest("OUT"), "out");
	assert_string_equal(suggest("port"), "ports");
	assert_string_equal(suggest("partner"), "partners");
	assert_string_equal(suggest("acess-egde"), "access-edge");
	assert_string_equal(suggest("echo-requst"), "echo-request");
	assert_string_equal(suggest("echo-replay"), "echo-reply");
	assert_string_equal(suggest("i"), "in");
	assert_string_equal(suggest(""), "");
	assert_string_equal(suggest("x"), "");
	assert_string_equal(suggest("sideways"), "");
	assert_string_equal(
		suggest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_piece_by_piece),
		cmocka_unit_test(empty_text_is_a_string),
		cmocka_unit_test(failure_sticks),
		cmocka_unit_test(controls_become_escapes),
		cmocka_unit_test(names_of_others_are_cleaned_in_place),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(arrays_grow_by_their_count),
		cmocka_unit_test(suggestions_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
