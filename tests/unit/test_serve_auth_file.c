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
#include <unistd.h>

#include "tests/lib/secret.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"

static const char *refused_with; /* what read_auth() wants to be told, or NULL: anything */

static int read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth)
{
	return secret_read_auth(content, mode, kind, auth, refused_with, NULL);
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

/*
 * A hash with `end` in place of its last `cut` letters is refused, on line 2, as `why`; NULL:
 * taken.
 */
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
#define DIGITS_30 "012345678901234567890123456789"
#define DIGITS_31 DIGITS_30 "2"
#define DIGITS_42 DIGITS_30 "012345678901"
#define DIGITS_43 DIGITS_42 "2"
#define DIGITS_86 DIGITS_43 DIGITS_42 "1"
#define BCRYPT "012345678901234567890u" DIGITS_31

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
	/*
	 * whole to look at, but nothing that the C library makes: its salt has bits that are none
	 */
	hash_is("$2b$04$abcdefghijklmnopqrstuz" DIGITS_31, -1, "", BROKEN);
	/* what would hold up the server, and what is no count of rounds */
	hash_is("$6$rounds=999999999$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$6$rounds=500001$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$5$rounds=1000000$abc$" DIGITS_43, -1, "", DEAR);
	hash_is("$6$rounds=999$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$6$rounds=01000$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$6$rounds=many$abc$" DIGITS_86, -1, "", DEAR);
	hash_is("$2y$31$" BCRYPT, -1, "", DEAR);
	hash_is("$2y$13$" BCRYPT, -1, "", DEAR);
	hash_is("$y$jBT$abcd$" DIGITS_43, -1, "", DEAR);
	hash_is("$y$jzzzz$abcd$" DIGITS_43, -1, "", DEAR);
	/* of methods that are weak, or take much memory */
	hash_is("$apr1$abc$def", -1, "", UNKNOWN_HASH);
	hash_is("$1$abcdefgh$0123456789012345678901", -1, "", UNKNOWN_HASH);
	hash_is("$7$CU..../....abc$" DIGITS_43, -1, "", UNKNOWN_HASH);
}

/* Those after the first of a cost aren't tried: they are looked at as closely all the same. */
static void second_hashes(void **state)
{
	static const char *const cases[][2] = {
		/* bits to spare, of the salt and of the hash */
		{ "$2b$04$abcdefghijklmnopqrstuu", "$2b$04$abcdefghijklmnopqrstuz" DIGITS_31 },
		{ "$2b$04$abcdefghijklmnopqrstuu", "$2b$04$abcdefghijklmnopqrstuu" DIGITS_30 "1" },
		{ "$y$j75$abcdefghijklmnopqrstu1", "$y$j75$abcdefghijklmnopqrstu2$" DIGITS_43 },
		{ "$y$j75$abcdefghijklmnopqrstu1", "$y$j75$abcd$" DIGITS_42 "E" },
		{ "$6$rounds=1000$abc$", "$6$rounds=1000$abc$" DIGITS_43 DIGITS_42 "2" },
		{ "$5$rounds=1000$abc$", "$5$rounds=1000$abc$" DIGITS_42 "E" },
		/* a beginning that is too much, before something that is right */
		{ "$6$rounds=1000$abc$", "$6$rounds=1000$0123456789abcdefg$" DIGITS_86 },
		{ "$6$rounds=1000$abc$", "$6$rounds=1000$abc$abc$" DIGITS_86 },
		{ "$2b$04$abcdefghijklmnopqrstuu", "$2b$04$.abcdefghijklmnopqrstuu" DIGITS_31 },
		{ "$y$j75$abcdefghijklmnopqrstu1", "$y$j75$abcd$abcd$" DIGITS_43 },
		/* no salt's letters */
		{ "$6$rounds=1000$abc$", "$6$rounds=1000$a:c$" DIGITS_86 },
		{ "$y$j75$abcdefghijklmnopqrstu1", "$y$j75$a-cd$" DIGITS_43 },
	};

	(void)state;
	refused_with = ":2: " BROKEN;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *lines =
			text_print("a:%s\nb:%s\n", crypt("a", cases[i][0]), cases[i][1]);
		struct auth auth = { 0 };

		if (!read_auth(lines, 0600, AUTH_BASIC, &auth))
			fail_msg("%s", lines);
	}
	refused_with = NULL;
}

/*
 * Whoever serves must not be able to read them once it is nobody, though the mode keeps others out.
 */
static void files_of_who_serves(void **state)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		mode_t mode;
		bool good;
	} cases[] = {
		{ 0, 0, 0640, true },
		{ 0, SECRET_SOMEONE, 0640, false },
		{ 0, SECRET_SOMEONE, 0600, true },
		{ SECRET_SOMEONE, 0, 0600, false },
		{ SECRET_SOMEONE, 0, 0, false },
	};

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *path = secret_file("0123456789abcdef\n", cases[i].mode);
		struct auth auth = { 0 };
		struct diags diags = { 0 };
		int error;

		assert_int_equal(chown(path, cases[i].uid, cases[i].gid), 0);
		error = auth_read(path, AUTH_BEARER, &secret_someone, &auth, &diags);
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
		cmocka_unit_test(second_hashes),
		cmocka_unit_test(files_of_who_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
