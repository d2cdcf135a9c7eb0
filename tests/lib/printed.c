// SPDX-License-Identifier: GPL-2.0-only
#include "tests/lib/printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/text.h"

json_t *printed_read(char *text)
{
	json_error_t error;
	json_t *root;

	assert_non_null(text);
	assert_true(strlen(text) > 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return root;
}

void printed_has(json_t *object, const char *keys)
{
	autotext struct text got = { 0 };
	const char *key;
	json_t *value;

	assert_true(json_is_object(object));
	json_object_foreach(object, key, value) {
		text_add(&got, got.length ? " " : "");
		text_add(&got, key);
	}
	assert_string_equal(got.bytes, keys);
}

const char *printed_string(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value)
		fail_msg("%s is no string", key);
	return value;
}

json_int_t printed_number(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no whole number", key);
	return json_integer_value(value);
}
