// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/secret.h"
#include "user/base/cleanup.h"

const struct drop_user secret_someone = { SECRET_SOMEONE, SECRET_SOMEONE };

char *secret_file(const char *content, mode_t mode)
{
	char *path = strdup("/tmp/edgegate-secret.XXXXXX");
	autoclose int fd = mkstemp(path);

	assert_true(fd >= 0 && fchmod(fd, mode) == 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return path;
}

int secret_read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth,
		     const char *why, const char *hint)
{
	struct diags diags = { 0 };
	autofree char *path = secret_file(content, mode);
	int error = auth_read(path, kind, &secret_someone, auth, &diags);

	unlink(path);
	assert_int_equal(error != 0, diags.count);
	if (error) {
		assert_true(diags.list[0].hint && *diags.list[0].hint);
		if (why && !strstr(diags.list[0].why, why))
			fail_msg("'%s', not '%s'", diags.list[0].why, why);
		if (hint && !strstr(diags.list[0].hint, hint))
			fail_msg("'%s', not '%s'", diags.list[0].hint, hint);
	}
	diags_clear(&diags);
	return error;
}
