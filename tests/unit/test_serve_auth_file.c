// SPDX-License-Identifier: GPL-2.0-only
/* Files of users and tokens that the exporter refuses, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/auth.h"
#include "user/serve/auth_hash.h"

/* A file of `content`, for its owner alone. */
static char *file_of(const char *content, mode_t mode)
{
	char *path = strdup("/tmp/edgegate-auth.XXXXXX");
	autoclose int fd = mkstemp(path);

	assert_true(fd >= 0 && fchmod(fd, mode) == 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return path;
}

#define SOMEONE 4711 /* whom the exporter becomes */
static const struct drop_user someone = { SOMEONE, SOMEONE };

static const char *refused_with; /* what read_auth() wants to be told, or NULL: anything */

static int read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth)
{
	struct diags diags = { 0 };
	autofree char *path = file_of(content, mode);
	int error = auth_read(path, kind, &someone, auth, &diags);

	unlink(path);
	assert_int_equal(error != 0, diags.count);
	assert_true(!error || (diags.list[0].hint && *diags.list[0].hint));
	if (error && refused_with && !strstr(diags.list[0].why, refused_with))
		fail_msg("'%s', not '%s'", diags.list[0].why, refused_with);
	diags_clear(&diags);
	return error;
}

static void files_that_are_refused(void **state)
{
	autofree char *hash = strdup(crypt("a:b", "$6$rounds=1000$edgegate$"));
	autofree char *twice = text_print("user:%s\nme:%s\nuser:%s\n", hash, hash, hash);
	autofree char *alike = text_print("user:%s\nuser2:%s\nuse:%s\n", hash, hash, hash);
	struct auth auth = { 0 };

	(void)state;
	assert_int_not_equal(read_auth("0123456789abcdef\n", 0644, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("0123456789abcdef\n", 0620, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("", 0600, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("# none\n", 0600, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("short\n", 0600, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("0123456789 abcdef\n", 0600, AUTH_BEARER, &auth), 0);
	assert_int_not_equal(read_auth("user\n", 0600, AUTH_BASIC, &auth), 0);
	assert_int_not_equal(read_auth(":$6$a$b\n", 0600, AUTH_BASIC, &auth), 0);
	assert_int_not_equal(read_auth("user:plain\n", 0600, AUTH_BASIC, &auth), 0);
	assert_int_not_equal(read_auth("user:\n", 0600, AUTH_BASIC, &auth), 0);
	refused_with = ":3: 'user' has a line already";
	assert_int_not_equal(read_auth(twice, 0600, AUTH_BASIC, &auth), 0);
	refused_with = NULL;
	assert_int_equal(read_auth(alike, 0600, AUTH_BASIC, &auth), 0);
	auth_free(&auth);
	assert_null(auth.list);
}

/* A hash with so much of `end` in place of its end is refused, on line 2, and as `why`; NULL: it is taken. */
static void hash_is(const char *setting, int cut, const char *end, const char *why)
{
	autofree char *made = why && cut < 0 ? strdup(setting) : strdup(crypt("a", setting));
	autofree char *lines = NULL;
	autofree char *wanted = text_print(":2: %s", why ? why : "");
	struct auth auth = { 0 };
	int error;

	assert_true(*made == '$');
	if (cut > 0)
		made[strlen(made) - (size_t)cut] = '\0';
	lines = text_print("\nuser:%s%s\n", made, end);
	refused_with = why ? wanted : NULL;
	error = read_auth(lines, 0600, AUTH_BASIC, &auth);
	refused_with = NULL;
	if (!error != !why)
		fail_msg("%s: %s", lines, error ? "refused" : "taken");
	auth_free(&auth);
}

#define BROKEN "the hash is not whole"
#define DEAR "the hash costs too much or too little"
#define UNKNOWN_HASH "what stands behind the name is no hash of"
#define DIGITS_43 "0123456789012345678901234567890123456789012"
#define DIGITS_86 DIGITS_43 DIGITS_43

static void hashes(void **state)
{
	(void)state;
	hash_is("$6$abc$", 0, "", NULL);
	hash_is("$6$rounds=1000$abc$", 0, "", NULL);
	hash_is("$5$abc$", 0, "", NULL);
	hash_is("$2b$04$abcdefghijklmnopqrstuu", 0, "", NULL);
	hash_is("$y$j75$abcdefghijklmnopqrstu1", 0, "", NULL);
	/* cut off, and longer than it can be */
	hash_is("$6$abc", -1, "", BROKEN);
	hash_is("$6$abc$", 1, "", BROKEN);
	hash_is("$6$abc$", 0, "a", BROKEN);
	hash_is("$5$abc$", 1, "", BROKEN);
	hash_is("$6$abc$", 1, "!", BROKEN);
	hash_is("$2b$04$abcdefghijklmnopqrstuu", 1, "", BROKEN);
	hash_is("$y$j75$abcdefghijklmnopqrstu1", 1, "", BROKEN);
	hash_is("$5$rounds=1000$abc$" DIGITS_86, -1, "", BROKEN);
	/* whole to look at, but nothing that the C library makes: its salt has bits that are none */
	hash_is("$2b$04$abcdefghijklmnopqrstuz0123456789012345678901234567890", -1, "", BROKEN);
	/* what would hold up the server, and what is no count of rounds */
	hash_is("$6$rounds=999999999$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$6$rounds=500001$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$5$rounds=1000000$abc$" DIGITS_43, -1, "", DEAR);
	hash_is("$6$rounds=999$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$6$rounds=01000$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$2y$31$01234567890123456789012345678901234567890123456789012", -1, "", DEAR);
	hash_is("$2y$13$01234567890123456789012345678901234567890123456789012", -1, "", DEAR);
	hash_is("$y$jBT$abcd$" DIGITS_43, -1, "", DEAR);
	hash_is("$y$jzzzz$abcd$" DIGITS_43, -1, "", DEAR);
	/* of methods that are weak, or take much memory */
	hash_is("$apr1$abc$def", -1, "", UNKNOWN_HASH);
	hash_is("$1$abcdefgh$0123456789012345678901", -1, "", UNKNOWN_HASH);
	hash_is("$7$CU..../....abc$" DIGITS_43, -1, "", UNKNOWN_HASH);
}

/* Where the text says that it is cheap, and this machine is slow, it ends all the same. */
static void hashes_are_tried_in_a_bounded_time(void **state)
{
	static const char slow[] = "$6$rounds=500000$abc$" DIGITS_86;

	(void)state;
	assert_int_equal(auth_hash_check(slow, 0), AUTH_HASH_GOOD);
	assert_int_equal(auth_hash_check(slow, 0.02), AUTH_HASH_DEAR);
	/* cut off, it is seen without that */
	assert_int_equal(auth_hash_check("$6$abc$" DIGITS_43, 0), AUTH_HASH_BROKEN);
	assert_int_equal(auth_hash_check("$2b$04$" DIGITS_43, 0), AUTH_HASH_BROKEN);
	assert_int_equal(auth_hash_check("$y$j9T$abcd$", 0), AUTH_HASH_BROKEN);
	/* those after the first of a cost aren't tried; which one costs more is seen */
	assert_int_equal(auth_hash_prefix(slow), strlen("$6$rounds=500000$"));
	assert_int_equal(auth_hash_prefix("$6$abc"), strlen("$6$"));
	assert_int_equal(auth_hash_prefix("$y$j9T$abc"), strlen("$y$j9T$"));
	assert_int_equal(auth_hash_prefix("plain"), 0);
}

/* Whoever serves must not be able to read them once it is nobody, though the mode keeps everybody else out. */
static void files_of_who_serves(void **state)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		mode_t mode;
		bool good;
	} cases[] = {
		{ 0, 0, 0640, true },       { 0, SOMEONE, 0640, false },
		{ 0, SOMEONE, 0600, true }, { SOMEONE, 0, 0600, false },
		{ SOMEONE, 0, 0, false },
	};

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *path = file_of("0123456789abcdef\n", cases[i].mode);
		struct auth auth = { 0 };
		struct diags diags = { 0 };
		int error;

		assert_int_equal(chown(path, cases[i].uid, cases[i].gid), 0);
		error = auth_read(path, AUTH_BEARER, &someone, &auth, &diags);
		unlink(path);
		if (!error != cases[i].good)
			fail_msg("%zu: %d", i, error);
		if (error)
			assert_non_null(
				strstr(diags.list[0].why,
				       "can be read by the user that the exporter becomes"));
		auth_free(&auth);
		diags_clear(&diags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(hashes),
		cmocka_unit_test(hashes_are_tried_in_a_bounded_time),
		cmocka_unit_test(files_of_who_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
