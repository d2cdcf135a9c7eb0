// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"

bool golden_is_updated(void)
{
	const char *update = getenv("GOLDEN_UPDATE");

	return update && *update;
}

/* The next line, without its end; NULL behind the last. */
static const char *golden_line(const char **at, int *length)
{
	const char *line = *at;

	if (!*line)
		return NULL;
	*length = (int)strcspn(line, "\n");
	*at += *length + (line[*length] == '\n');
	return line;
}

/* Line by line: the whole of it would be too long for cmocka to print. */
static void golden_show(const char *path, const char *expected, const char *got)
{
	int shown = 0;

	print_error("%s:\n", path);
	for (int number = 1; shown < 20; number++) {
		int was_length = 0, is_length = 0;
		const char *was = golden_line(&expected, &was_length);
		const char *is = golden_line(&got, &is_length);

		if (!was && !is)
			return;
		if (was && is && was_length == is_length && memcmp(was, is, (size_t)is_length) == 0)
			continue;
		print_error("  line %d: expected %.*s\n", number, was ? was_length : 7,
			    was ? was : "no more");
		print_error("  line %d: got      %.*s\n", number, is ? is_length : 7,
			    is ? is : "no more");
		shown++;
	}
	print_error("  and more\n");
}

bool golden_matches(const char *path, const char *got)
{
	struct diags diags = { 0 };
	struct source *expected = NULL;
	bool same;

	assert_non_null(got);
	if (golden_is_updated()) {
		autofclose FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(got, file);
		return true;
	}
	assert_return_code(source_read(path, 1 << 20, &expected, &diags), 0);
	same = strcmp(expected->text, got) == 0;
	if (!same)
		golden_show(path, expected->text, got);
	source_release(expected);
	return same;
}
