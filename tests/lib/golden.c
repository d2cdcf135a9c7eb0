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

bool golden_matches(const char *path, const char *got)
{
	struct diags diags = { 0 };
	struct source *expected = NULL;
	bool same;

	assert_non_null(got);
	if (getenv("GOLDEN_UPDATE")) {
		autofclose FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(got, file);
		return true;
	}
	assert_return_code(source_read(path, 1 << 20, &expected, &diags), 0);
	same = strcmp(expected->text, got) == 0;
	if (!same)
		print_error("%s: expected\n%s... but got\n%s", path, expected->text, got);
	source_release(expected);
	return same;
}
