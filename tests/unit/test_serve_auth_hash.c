// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes by their text, against what the C library makes; and what becomes of those that are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <crypt.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/lib/secret.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/auth_hash.h"

static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* As quick as there are. */
static const struct method {
	const char *prefix, *salt;
	size_t tail;
} methods[] = {
	{ "$6$rounds=1000$", "edgegate$", 86 },
	{ "$5$rounds=1000$", "edgegate$", 43 },
	{ "$2b$04$", "abcdefghijklmnopqrstuu", 31 },
	{ "$y$j75$", "abcdefghijklmnopqrstu1$", 43 },
	{ "$gy$j75$", "abcdefghijklmnopqrstuvA$", 43 },
};
#define METHODS (sizeof(methods) / sizeof(*methods))

static int ends_by;    /* a signal, in place of crypt_r() */
static int fails_with; /* an errno, likewise */

/* In place of the C library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
char *crypt_r(const char *password, const char *setting, struct crypt_data *restrict data)
{
	if (ends_by) {
		/* cmocka's handler */
		signal(ends_by, SIG_DFL);
		kill(getpid(), ends_by);
	}
	if (fails_with) {
		errno = fails_with;
		return NULL;
	}
	return crypt_rn(password, setting, data, sizeof(*data));
}

static bool is_whole(const char *hash)
{
	enum auth_hash found = auth_hash_check(hash, 0, NULL);

	assert_true(found == AUTH_HASH_GOOD || found == AUTH_HASH_BROKEN);
	return found == AUTH_HASH_GOOD;
}

/* Does the C library make such a one? Of the hash itself that says nothing. */
static bool is_made(const char *hash, size_t tail)
{
	struct crypt_data data = { 0 };
	const char *made = crypt_rn("", hash, &data, sizeof(data));

	return made && strlen(made) == strlen(hash) &&
	       strncmp(made, hash, strlen(hash) - tail) == 0;
}

/* Bits to spare: the last letter of a hash is one of some. A hundred of them show all sixteen. */
static void last_letters(void **state)
{
	(void)state;
	for (size_t i = 0; i < METHODS; i++) {
		autofree char *setting = text_print("%s%s", methods[i].prefix, methods[i].salt);
		autofree char *hash = NULL;
		bool seen[256] = { false };
		size_t last = 0;

		for (int password = 0; password < 100; password++) {
			autofree char *text = text_print("%d", password);

			free(hash);
			hash = strdup(crypt(text, setting));
			if (!is_whole(hash))
				fail_msg("%s", hash);
			last = strlen(hash) - 1;
			seen[(unsigned char)hash[last]] = true;
		}
		for (const char *digit = digits; *digit; digit++) {
			hash[last] = *digit;
			if (is_whole(hash) != seen[(unsigned char)*digit])
				fail_msg("%s", hash);
		}
	}
}

/*
 * The first and last letters of salts exchanged for others: the text says what the C library says.
 */
static void salts(void **state)
{
	static const char others[] = "./01239ADEOZaeuz$-=:\x7f\xc3";

	(void)state;
	for (size_t i = 0; i < METHODS; i++) {
		const struct method *method = &methods[i];
		autofree char *setting = text_print("%s%s", method->prefix, method->salt);
		autofree char *hash = strdup(crypt("", setting));

		for (size_t at = strlen(method->prefix); at < strlen(hash) - method->tail; at++) {
			const char was = hash[at];

			if (at > strlen(method->prefix) && at + 4 < strlen(hash) - method->tail)
				continue;
			for (const char *other = others; *other; other++) {
				hash[at] = *other;
				if (is_whole(hash) != is_made(hash, method->tail))
					fail_msg("%s: %d", hash, is_whole(hash));
			}
			hash[at] = was;
		}
	}
}

static void salts_of_any_length(void **state)
{
	static const char letters[] = "............................................"
				      "................................................";

	(void)state;
	for (size_t i = 0; i < METHODS; i++) {
		const struct method *method = &methods[i];
		autofree char *setting = text_print("%s%s", method->prefix, method->salt);
		autofree char *hash = strdup(crypt("", setting));
		const char *tail = hash + strlen(hash) - method->tail;
		const char *end = tail[-1] == '$' ? "$" : "";

		for (int length = 0; length <= 92; length++) {
			autofree char *other = text_print("%s%.*s%s%s", method->prefix, length,
							  letters, end, tail);

			if (is_whole(other) != is_made(other, method->tail))
				fail_msg("%s: %d", other, is_whole(other));
		}
	}
}

static void costs(void **state)
{
	(void)state;
	assert_true(auth_hash_costs_as("$6$abc", "$6$def$"));
	assert_true(auth_hash_costs_as("$6$rounds=5001$abc", "$6$rounds=5001$def$"));
	assert_true(auth_hash_costs_as("$y$j9T$abc", "$y$j9T$def"));
	assert_false(auth_hash_costs_as("$6$abc", "$6$rounds=1000$def$"));
	assert_false(auth_hash_costs_as("$6$rounds=1000$abc", "$6$def$"));
	assert_false(auth_hash_costs_as("$6$rounds=1000$abc", "$6$rounds=10000$def$"));
	assert_false(auth_hash_costs_as("$6$abc", "$5$abc"));
	assert_false(auth_hash_costs_as("$2b$04$", "$2b$05$"));
	assert_false(auth_hash_costs_as("plain", "plain"));
}

/* ---- trying them ----------------------------------------------------------------------------- */

#define DIGITS_42 "012345678901234567890123456789012345678901"
#define DIGITS_43 DIGITS_42 "2"
static const char slow[] = "$6$rounds=500000$abc$" DIGITS_43 DIGITS_42 "1";
static const char quick[] = "$5$rounds=1000$abc$" DIGITS_43;

/* Where the text says that it is cheap, and this machine is slow, it ends all the same. */
static void tried_in_a_bounded_time(void **state)
{
	struct auth_hash_reason reason;
	sigset_t profiling;

	(void)state;
	assert_int_equal(auth_hash_check(slow, 0, &reason), AUTH_HASH_GOOD);
	assert_int_equal(auth_hash_check(slow, 0.02, &reason), AUTH_HASH_SLOW);
	/* also where who started us had that signal blocked, or ignored it */
	sigemptyset(&profiling);
	sigaddset(&profiling, SIGPROF);
	sigprocmask(SIG_BLOCK, &profiling, NULL);
	signal(SIGPROF, SIG_IGN);
	assert_int_equal(auth_hash_check(slow, 0.02, &reason), AUTH_HASH_SLOW);
	signal(SIGPROF, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &profiling, NULL);
	assert_int_equal(auth_hash_check(quick, AUTH_HASH_SECONDS, &reason), AUTH_HASH_GOOD);
}

/* As a process finds it that was started so: what is ignored stays ignored. */
static void tried_where_children_are_forgotten(void **state)
{
	struct auth_hash_reason reason;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(auth_hash_check(quick, AUTH_HASH_SECONDS, &reason), AUTH_HASH_GOOD);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

/* The file is refused, and says why. */
static void refused(const char *hash, const char *why, const char *hint)
{
	autofree char *line = text_print("user:%s\n", hash);
	struct auth auth = { 0 };

	assert_int_not_equal(secret_read_auth(line, 0600, AUTH_BASIC, &auth, why, hint), 0);
}

/* Room for so many more bytes. */
static void room_for(size_t bytes, struct rlimit *before)
{
	autofclose FILE *file = fopen("/proc/self/statm", "re");
	char line[32] = "";
	struct rlimit limit;

	assert_true(file && fgets(line, sizeof(line), file));
	assert_int_equal(getrlimit(RLIMIT_AS, before), 0);
	limit = *before;
	limit.rlim_cur =
		strtoull(line, NULL, 10) * (unsigned long long)sysconf(_SC_PAGESIZE) + bytes;
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void that_could_not_be_tried(void **state)
{
	static const char large[] = "$y$jAT$abcd$" DIGITS_43;
	struct auth_hash_reason reason = { 0 };
	struct rlimit before;
	enum auth_hash found;

	(void)state;
	errno = 0;
	room_for(8u << 20, &before);
	found = auth_hash_check(large, AUTH_HASH_SECONDS, &reason);
	setrlimit(RLIMIT_AS, &before);
	assert_int_equal(found, AUTH_HASH_UNTRIED);
	assert_int_equal(reason.error, ENOMEM);
	assert_int_equal(reason.signal, 0);
	assert_int_equal(auth_hash_check(large, AUTH_HASH_SECONDS, &reason), AUTH_HASH_GOOD);
	fails_with = ENOMEM;
	refused(quick, ":1: the hash could not be tried: Cannot allocate memory", "MemoryMax=");
	/* a method that the C library was built without */
	fails_with = EINVAL;
	refused(quick, ":1: the hash could not be tried: Invalid argument", "does not take it");
	fails_with = 0;
	/* by who keeps memory, and by seccomp */
	ends_by = SIGKILL;
	refused(quick, ":1: the hash could not be tried: signal 9 ", "MemoryMax=");
	ends_by = SIGSYS;
	refused(quick, ":1: the hash could not be tried: signal 31 ", "MemoryMax=");
	/* when its time is over */
	ends_by = SIGPROF;
	refused(quick, ":1: the hash is too slow for this machine", "takes less");
	ends_by = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_letters),
		cmocka_unit_test(salts),
		cmocka_unit_test(salts_of_any_length),
		cmocka_unit_test(costs),
		cmocka_unit_test(tried_in_a_bounded_time),
		cmocka_unit_test(tried_where_children_are_forgotten),
		cmocka_unit_test(that_could_not_be_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
