// SPDX-License-Identifier: GPL-2.0-only
/* What the exporter reads of strangers' requests, and of its own command line and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/ask.h"
#include "user/serve/auth.h"
#include "user/serve/listen.h"
#include "user/serve/negotiate.h"

static void accept_headers(void **state)
{
	static const struct {
		const char *accept;
		bool openmetrics;
	} cases[] = {
		{ NULL, false },
		{ "", false },
		{ "*/*", false },
		{ "text/plain", false },
		{ "application/*", false },
		{ "application/openmetrics-text", true },
		{ "Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", true },
		{ "application/openmetrics-text; version=\"1.0.0\"", true },
		{ "application/openmetrics-text;version=2.0.0", false },
		{ "application/openmetrics-text;version=2.0.0, application/openmetrics-text;q=0.5,"
		  "text/plain;q=0.4",
		  true },
		{ "application/openmetrics-text;q=0", false },
		{ "application/openmetrics-text;q=0.000", false },
		{ "application/openmetrics-text;q=0.001", true },
		{ "application/openmetrics-text;q=0.4,text/plain;q=0.5", false },
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.4", true },
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.5", true },
		{ "application/openmetrics-text;q=0.5,*/*;q=0.6", false },
		/* the range that says most counts, not the highest quality */
		{ "application/openmetrics-text;q=0.5,*/*;q=0.6,text/plain;q=0.1", true },
		{ "application/openmetrics-text;q=0.5,text/*;q=0.6,*/*;q=0.1", false },
		/* Prometheus 2.42 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
		  "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  true },
		{ "x/y;a=\"application/openmetrics-text,application/openmetrics-text\"", false },
		{ "x/y;a=\"\\\",application/openmetrics-text\"", false },
		{ ",,;;==,\"", false },
		{ ";q=1,application/openmetrics-text", true },
		{ "application/openmetrics-textt", false },
		{ "application/openmetrics-tex", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (negotiate_openmetrics(cases[i].accept) != cases[i].openmetrics)
			fail_msg("%s: not %d", cases[i].accept, cases[i].openmetrics);
}

static void paths(void **state)
{
	static const char *const nothing[] = {
		"",         "//",         "/metrics/", "/metrics/..", "/../metrics", "/./metrics",
		"/Metrics", "/metrics\n", "/api/v1",   "/api/v1/",    "/etc/passwd", "metrics"
	};

	(void)state;
	assert_int_equal(negotiate_route("/"), ROUTE_PAGE);
	assert_int_equal(negotiate_route("/metrics"), ROUTE_METRICS);
	assert_int_equal(negotiate_route("/healthz"), ROUTE_HEALTH);
	assert_int_equal(negotiate_route("/api/v1/stats"), ROUTE_STATS);
	assert_int_equal(negotiate_route("/api/v1/status"), ROUTE_STATUS);
	assert_int_equal(negotiate_route("/api/v1/history"), ROUTE_HISTORY);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
		assert_int_equal(negotiate_route(nothing[i]), ROUTE_NONE);
}

static void places_to_listen(void **state)
{
	static const struct {
		const char *text;
		bool local;
	} good[] = {
		{ "127.0.0.1:9979", true },    { "127.3.2.1:1", true },
		{ "0.0.0.0:65535", false },    { "192.0.2.1:9979", false },
		{ "[::1]:9979", true },        { "[::]:9979", false },
		{ "[2001:db8::1]:80", false }, { "[::ffff:127.0.0.1]:80", true },
	};
	static const char *const bad[] = {
		"",
		":",
		"9979",
		":9979",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:a",
		"127.0.0.1:-1",
		"127.0.0.1: 80",
		"localhost:80",
		"::1:9979",
		"[::1]",
		"[::1:9979",
		"::1]:9979",
		"[]:9979",
		"[:9979",
		"[127.0.0.1]:80",
		"[::1]9979",
		"[fe80::1%eth0]:9979",
		"[[::1]]:80",
		"1.2.3.4.5:80",
		"127.0.0.1:080",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:80",
	};
	struct listen_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (listen_parse(good[i].text, &place))
			fail_msg("%s is refused", good[i].text);
		assert_int_equal(listen_is_local(&place), good[i].local);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!listen_parse(bad[i], &place))
			fail_msg("%s is taken", bad[i]);
}

/* ---- who may ask -------------------------------------------------------------------------------------- */

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

/* A file of `content`, for its owner alone. */
static char *file_of(const char *content, mode_t mode)
{
	char *path = strdup("/tmp/edgegate-auth.XXXXXX");
	autoclose int fd = mkstemp(path);

	assert_true(fd >= 0 && fchmod(fd, mode) == 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return path;
}

static int read_auth(const char *content, mode_t mode, enum auth_kind kind, struct auth *auth)
{
	struct diags diags = { 0 };
	autofree char *path = file_of(content, mode);
	int error = auth_read(path, kind, auth, &diags);

	unlink(path);
	assert_int_equal(error != 0, diags.count);
	assert_true(!error || (diags.list[0].hint && *diags.list[0].hint));
	diags_clear(&diags);
	return error;
}

/* SHA-512, as few rounds as there may be. */
static const char salt[] = "$6$rounds=1000$edgegate$";

static void users(void **state)
{
	autofree char *line = text_print("# one\r\n\nscraper:%s\n", crypt("a:b", salt));
	struct auth auth = { 0 };
	double now = 1000;

	(void)state;
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	assert_int_equal(auth_allows(&auth, NULL, now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic ", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Bearer c2NyYXBlcjphOmI=", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basicc2NyYXBlcjphOmI=", now), AUTH_NO);
	/* "scraper:a:c", "scraper", "other:a:b", "scraper:" */
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmM=", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcg==", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic b3RoZXI6YTpi", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjo=", now), AUTH_NO);
	/* right, twice: the second time without its hash */
	assert_int_equal(auth_allows(&auth, "basic  c2NyYXBlcjphOmI=", now), AUTH_YES);
	assert_non_null(auth.list[0].known);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmI=", now), AUTH_YES);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmM=", now), AUTH_NO);
	auth_free(&auth);
	/* wrong ones cost time, and there is only so much of it */
	assert_int_equal(read_auth(line, 0600, AUTH_BASIC, &auth), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmM=", now), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmM=", now), AUTH_LATER);
	assert_int_equal(auth_allows(&auth, "Basic c2NyYXBlcjphOmI=", now + 0.3), AUTH_YES);
	auth_free(&auth);
}

static void tokens(void **state)
{
	struct auth auth = { 0 };

	(void)state;
	assert_int_equal(
		read_auth("0123456789abcdef\nfedcba9876543210\n", 0640, AUTH_BEARER, &auth), 0);
	assert_int_equal(auth_allows(&auth, "Bearer 0123456789abcdef", 0), AUTH_YES);
	assert_int_equal(auth_allows(&auth, "bearer fedcba9876543210", 0), AUTH_YES);
	assert_int_equal(auth_allows(&auth, "Bearer 0123456789abcdeg", 0), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Bearer 0123456789abcde", 0), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Bearer 0123456789abcdef0123456789abcdef", 0), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Bearer ", 0), AUTH_NO);
	assert_int_equal(auth_allows(&auth, "Basic 0123456789abcdef", 0), AUTH_NO);
	auth_free(&auth);
}

static void files_that_are_refused(void **state)
{
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
	assert_int_not_equal(read_auth("user:$apr1$abc$def\n", 0600, AUTH_BASIC, &auth), 0);
	assert_int_not_equal(read_auth("user:\n", 0600, AUTH_BASIC, &auth), 0);
	assert_null(auth.list);
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

/* ---- between the two processes -------------------------------------------------------------------------- */

static void questions_and_answers(void **state)
{
	struct ask question = { .document = ASK_STATS, .cut = 7 }, got;
	autoclose int document = ask_begin();
	int sockets[2];
	size_t size = 0;
	char bytes[8] = "";
	int fd;

	(void)state;
	assert_int_equal(ask_pair(sockets), 0);
	assert_int_equal(ask_next(sockets[1], 0, &got), 0);
	/* both sides in one process: the answer is there before the question is asked */
	assert_int_equal(ask_write("hello", 5, document), 0);
	assert_int_equal(ask_end(document), 0);
	assert_int_equal(ask_answer(sockets[1], document), 0);
	fd = ask(sockets[0], &question, &size);
	assert_true(fd >= 0);
	assert_int_equal(size, 5);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 5);
	assert_string_equal(bytes, "hello");
	/* neither side can change it any more */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(document, 0), -1);
	close(fd);
	assert_int_equal(ask_next(sockets[1], 0, &got), 1);
	assert_int_equal(got.document, ASK_STATS);
	assert_int_equal(got.cut, 7);
	/* one that could not be made */
	assert_int_equal(ask_answer(sockets[1], -ENOMEM), 0);
	assert_int_equal(ask(sockets[0], &question, &size), -ENODATA);
	assert_int_equal(ask_next(sockets[1], 0, &got), 1);
	/* nobody there */
	close(sockets[1]);
	assert_int_equal(ask(sockets[0], &question, &size), -EPIPE);
	close(sockets[0]);
	assert_int_equal(ask_pair(sockets), 0);
	close(sockets[0]);
	assert_int_equal(ask_next(sockets[1], 1000, &got), -EPIPE);
	close(sockets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_headers),
		cmocka_unit_test(paths),
		cmocka_unit_test(places_to_listen),
		cmocka_unit_test(base64),
		cmocka_unit_test(users),
		cmocka_unit_test(tokens),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(equal),
		cmocka_unit_test(questions_and_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
