/* SPDX-License-Identifier: GPL-2.0-only */
/* Files with secrets in them, for the tests of what reads such. */
#ifndef TESTS_LIB_SECRET_H
#define TESTS_LIB_SECRET_H

#include <sys/stat.h>

#include "user/serve/auth.h"

#define SECRET_SOMEONE 4711 /* whom the exporter becomes, user and group */
extern const struct drop_user secret_someone;

/* A new file of `content`; its path is the caller's, and to be unlinked. */
char *secret_file(const char *content, mode_t mode);

/*
 * auth_read() of such a file. Where it fails, there must be one diag with a hint, and `why` in it,
 * and `hint` in that; NULL: anything.
 */
int secret_read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth,
		     const char *why, const char *hint);

#endif
