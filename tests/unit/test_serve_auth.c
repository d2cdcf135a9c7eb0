// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may ask the exporter: files of users and tokens, what requests say, and what wrong passwords
 * may cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <crypt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/secret.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/auth.h"

static void base64(void **state)
{
	static const struct {
		const char *text;
		int length;
		const char *bytes;
	} cases[] = {
		{ "", 0, "" },
		{ "YQ==", 1, "a" },
		{ "YWI=", 2, "ab" },
		{ "YWJj", 3, "abc" },
		{ "YTpi", 3, "a:b" },
		{ "YQ=", -1, "" },
		{ "YQ", -1, "" },
		{ "YQ==YQ==", -1, "" },
		{ "Y===", -1, "" },
		{ "====", -1, "" },
		{ "YW Jj", -1, "" },
		{ "YWJ\n", -1, "" },
		{ "AAAA", -1, "" },
		{ "YWJjZGVm", 6, "abcdef" },
		{ "YWJjZGVmZ2hp", -1, "" },
		{ "YWJjZA==", 4, "abcd" },
		{ "Y-_j", -1, "" },
	};
	char bytes[7];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int length = auth_decode(cases[i].text, bytes, sizeof(bytes));

		if (length != cases[i].length)
			fail_msg("'%s' has %d bytes", cases[i].text, length);
		if (length >= 0)
			assert_string_equal(bytes, cases[i].bytes);
	}
}

static int read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth)
{
	return secret_read_auth(content, mode, kind, auth, NULL, NULL);
}

/* SHA-512, as few rounds as there may be; and more. */
static const char salt[] = "$6$rounds=1000$edgegate$";
static const char slow_salt[] = "$6$rounds=1001$edgegate$";

/*
 * In place of the C library's, so that a hash takes as long as a test says, however busy the
 * machine is: seconds from one look at the clock to the next.
 */
static double clock_step;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	static double seconds = 1;

	(void)clock;
	seconds += clock_step;
	*now = (struct timespec){ (time_t)seconds,
				  (long)((seconds - (double)(time_t)seconds) * 1e9) };
	return 0;
}

static const char *reckoned; /* the hash that was tried last */

/* Likewise. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
char *crypt_r(const char *password, const char *setting, struct crypt_data *restrict data)
{
	reckoned = setting;
	return crypt_rn(password, setting, data, sizeof(*data));
}

/* 192.0.2.1, 192.0.2.2, and so on */
static struct sockaddr *peer(unsigned int number)
{
	static struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(0xc0000200 + number);
	return (struct sockaddr *)&address;
}

/* "scraper:a:b", "scraper:a:c", "other:a:b" */
#define RIGHT "Basic c2NyYXBlcjphOmI="
#define WRONG "Basic c2NyYXBlcjphOmM="
#define UNKNOWN "Basic b3RoZXI6YTpi"

static enum auth_verdict allows(struct auth *auth, const char *header, unsigned int from)
{
	return auth_allows(auth, header, peer(from), 1000);
}

static void users(void **state)
{
	autofree char *line = text_print("# one\r\n\nscraper:%s\n", crypt("a:b", salt));
	struct auth auth = { 0 };

	(void)state;
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	assert_int_equal(allows(&auth, NULL, 1), AUTH_NO);
	assert_int_equal(allows(&auth, "", 1), AUTH_NO);
	assert_int_equal(allows(&auth, "Basic", 1), AUTH_NO);
	assert_int_equal(allows(&auth, "Basic ", 1), AUTH_NO);
	assert_int_equal(allows(&auth, "Bearer c2NyYXBlcjphOmI=", 1), AUTH_NO);
	assert_int_equal(allows(&auth, "Basicc2NyYXBlcjphOmI=", 1), AUTH_NO);
	assert_int_equal(allows(&auth, WRONG, 1), AUTH_NO);
	assert_int_equal(allows(&auth, UNKNOWN, 1), AUTH_NO);
	/* "scraper", "scraper:" */
	assert_int_equal(allows(&auth, "Basic c2NyYXBlcg==", 1), AUTH_NO);
	assert_int_equal(allows(&auth, "Basic c2NyYXBlcjo=", 1), AUTH_NO);
	/* right, twice: the second time without its hash */
	assert_int_equal(allows(&auth, "basic  c2NyYXBlcjphOmI=", 1), AUTH_YES);
	assert_non_null(auth.list[0].known);
	assert_int_equal(allows(&auth, RIGHT, 1), AUTH_YES);
	assert_int_equal(allows(&auth, WRONG, 1), AUTH_NO);
	auth_free(&auth);
}

/* How many from one address are judged before it has to wait. */
static int judged(struct auth *auth, const char *header, unsigned int from)
{
	int count = 0;

	while (count < 100 && allows(auth, header, from) == AUTH_NO)
		count++;
	assert_int_equal(allows(auth, header, from), AUTH_LATER);
	return count;
}

/* Wrong ones cost time: their own, and no more for a name that there is than for another. */
static void wrong_passwords(void **state)
{
	autofree char *line = text_print("scraper:%s\n", crypt("a:b", salt));
	struct auth auth = { 0 };

	(void)state;
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	assert_int_equal(judged(&auth, WRONG, 1), 9);
	assert_int_equal(judged(&auth, UNKNOWN, 2), 9);
	/*
	 * whoever hasn't come yet, with the right one, is let in; and so is who erred, after a
	 * while
	 */
	assert_int_equal(allows(&auth, RIGHT, 1), AUTH_LATER);
	assert_int_equal(allows(&auth, RIGHT, 3), AUTH_YES);
	/*
	 * one that has passed costs nothing; but who may not guess isn't told that a guess is right
	 */
	for (int i = 0; i < 100; i++)
		assert_int_equal(allows(&auth, RIGHT, 3), AUTH_YES);
	assert_int_equal(allows(&auth, RIGHT, 1), AUTH_LATER);
	assert_int_equal(auth_allows(&auth, RIGHT, peer(1), 1000.3), AUTH_YES);
	assert_int_equal(judged(&auth, WRONG, 4), 9);
	assert_int_equal(auth_allows(&auth, WRONG, peer(1), 1000.3), AUTH_NO);
	assert_int_equal(auth_allows(&auth, WRONG, peer(1), 1000.3), AUTH_LATER);
	auth_free(&auth);
	/* what is charged is what it took: 0.8 s of one's share, of which one may be 2 s ahead */
	clock_step = 0.1;
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	assert_int_equal(judged(&auth, UNKNOWN, 1), 3);
	assert_int_equal(judged(&auth, WRONG, 2), 3);
	clock_step = 0;
	auth_free(&auth);
}

/* Which user's hash a name was given that is nobody's. */
static size_t given_to(struct auth *auth, const char *name)
{
	autofree char *header = text_print("Basic %s", name);

	memset(&auth->budget, 0, sizeof(auth->budget));
	reckoned = NULL;
	assert_int_equal(allows(auth, header, 1), AUTH_NO);
	for (size_t i = 0; i < auth->count; i++)
		if (reckoned == auth->list[i].secret)
			return i;
	fail_msg("%s: none was reckoned", name);
	return 0;
}

/*
 * Users whose hashes take longer and shorter: a name that is nobody's takes now this long, now
 * that, but the same each time.
 */
static void unknown_names(void **state)
{
	/* "aaa:x", "baa:x" and so on to "laa:x" */
	static const char *const names[] = { "YWFhOng=", "YmFhOng=", "Y2FhOng=", "ZGFhOng=",
					     "ZWFhOng=", "ZmFhOng=", "Z2FhOng=", "aGFhOng=",
					     "aWFhOng=", "amFhOng=", "a2FhOng=", "bGFhOng=" };
	const size_t count = sizeof(names) / sizeof(*names);
	autofree char *quick = text_print("scraper:%s\n", crypt("a:b", salt));
	autofree char *lines = text_print("%sgrafana:%s\n", quick, crypt("a:b", slow_salt));
	struct auth auth = { 0 };
	size_t slow = 0;

	(void)state;
	assert_int_equal(read_auth(lines, 0600, AUTH_BASIC, &auth), 0);
	/* by chance all are alike once in 2000 times: then it is drawn anew, as by another start */
	for (int draw = 0; draw < 3 && (!slow || slow == count); draw++) {
		auth.secret = 0;
		slow = 0;
		for (size_t i = 0; i < count; i++)
			slow += given_to(&auth, names[i]);
	}
	assert_in_range(slow, 1, count - 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(given_to(&auth, names[i]), given_to(&auth, names[i]));
	auth_free(&auth);
}

static struct sockaddr *six(const char *text)
{
	static struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
	return (struct sockaddr *)&address;
}

static void budgets(void **state)
{
	struct budget budget = { 0 };

	(void)state;
	budget_charge(&budget, peer(1), 1, 50);
	assert_false(budget_allows(&budget, peer(1), 50));
	assert_true(budget_allows(&budget, peer(2), 50));
	/* 1 s is its share of 8 */
	assert_false(budget_allows(&budget, peer(1), 50 + 5.9));
	assert_true(budget_allows(&budget, peer(1), 50 + 6.1));
	/* the same one over IPv6's sockets; half an address of IPv6 is one peer */
	assert_false(budget_allows(&budget, six("::ffff:192.0.2.1"), 50));
	assert_true(budget_allows(&budget, six("::ffff:192.0.2.2"), 50));
	budget_charge(&budget, six("2001:db8::1"), 1, 50);
	assert_false(budget_allows(&budget, six("2001:db8::2"), 50));
	assert_true(budget_allows(&budget, six("2001:db8:0:1::1"), 50));
	/* more of them than are remembered: who has cost most stays so */
	for (unsigned int i = 0; i < 2 * BUDGET_PEERS; i++)
		budget_charge(&budget, peer(10 + i), 0.5, 50);
	assert_false(budget_allows(&budget, peer(1), 50));
	assert_false(budget_allows(&budget, peer(10 + 2 * BUDGET_PEERS - 1), 50));
}

static void tokens(void **state)
{
	struct auth auth = { 0 };

	(void)state;
	assert_int_equal(
		read_auth("0123456789abcdef\nfedcba9876543210\n", 0640, AUTH_BEARER, &auth), 0);
	assert_int_equal(allows(&auth, "Bearer 0123456789abcdef", 0), AUTH_YES);
	assert_int_equal(allows(&auth, "bearer fedcba9876543210", 0), AUTH_YES);
	assert_int_equal(allows(&auth, "Bearer 0123456789abcdeg", 0), AUTH_NO);
	assert_int_equal(allows(&auth, "Bearer 0123456789abcde", 0), AUTH_NO);
	assert_int_equal(allows(&auth, "Bearer 0123456789abcdef0123456789abcdef", 0), AUTH_NO);
	assert_int_equal(allows(&auth, "Bearer ", 0), AUTH_NO);
	assert_int_equal(allows(&auth, "Basic 0123456789abcdef", 0), AUTH_NO);
	auth_free(&auth);
}

/* ---- what is left of them in memory ---------------------------------------------------------- */

static const char *secret; /* what is looked for in all that is wiped, and how often it was there */
static int wiped;

/* In place of the C library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
void explicit_bzero(void *bytes, size_t size)
{
	const void *seen = bytes;

	/* its declaration says that it reads nothing */
	__asm__ volatile("" : "+r"(seen));
	if (secret && memmem(seen, size, secret, strlen(secret)))
		wiped++;
	memset(bytes, 0, size);
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

static void secrets_are_wiped(void **state)
{
	autofree char *line = text_print("scraper:%s\n", crypt("a:b", salt));
	autofree char *large = malloc(70001);
	struct auth auth = { 0 };

	(void)state;
	/* the file, to its last line; then what was kept of it */
	secret = "fedcba9876543210";
	assert_int_equal(
		read_auth("0123456789abcdef\nfedcba9876543210\n", 0600, AUTH_BEARER, &auth), 0);
	assert_int_equal(wiped, 1);
	auth_free(&auth);
	assert_int_equal(wiped, 2);
	/* where a later line is wrong; and where it can't be used at all */
	assert_int_not_equal(read_auth("fedcba9876543210\nshort\n", 0600, AUTH_BEARER, &auth), 0);
	assert_int_equal(wiped, 4);
	memset(large, 'x', 70000);
	memcpy(large, secret, strlen(secret));
	large[70000] = '\0';
	assert_int_not_equal(read_auth(large, 0600, AUTH_BEARER, &auth), 0);
	assert_int_equal(wiped, 5);
	/* a password that came, and the one that is remembered */
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	secret = "scraper:a:b";
	wiped = 0;
	assert_int_equal(allows(&auth, RIGHT, 1), AUTH_YES);
	assert_int_equal(wiped, 1);
	auth_free(&auth);
	assert_int_equal(wiped, 2);
	secret = NULL;
}

static void equal(void **state)
{
	(void)state;
	assert_true(auth_equal("", ""));
	assert_true(auth_equal("abc", "abc"));
	assert_false(auth_equal("abcabc", "abc"));
	assert_false(auth_equal("ab", "abc"));
	assert_false(auth_equal("abd", "abc"));
	assert_false(auth_equal("", "abc"));
	assert_false(auth_equal("abc", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64),
		cmocka_unit_test(users),
		cmocka_unit_test(wrong_passwords),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(budgets),
		cmocka_unit_test(tokens),
		cmocka_unit_test(secrets_are_wiped),
		cmocka_unit_test(equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
