// SPDX-License-Identifier: GPL-2.0-only
/* What the exporter reads of strangers' requests, and of its own command line; and what its processes say to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/serve/ask.h"
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
		/* we say 1.0.0, and nothing else */
		{ "application/openmetrics-text;version=0.0.1", false },
		{ "application/openmetrics-text;version=0.0.1,text/plain;q=0.5", false },
		{ "application/openmetrics-text;version=0.0.1,"
		  "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.6",
		  false },
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
		"localhost",
		"localhost.:80",
		"a.localhost:80",
		"[localhost]:80",
		"edge.example:80",
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
	char shown[LISTEN_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (listen_parse(good[i].text, &place))
			fail_msg("%s is refused", good[i].text);
		assert_int_equal(listen_is_local(&place), good[i].local);
		listen_text(&place, shown);
		assert_string_equal(shown, good[i].text);
	}
	/* the one name that nobody has to be asked for */
	assert_int_equal(listen_parse("LocalHost:80", &place), 0);
	assert_true(listen_is_local(&place));
	listen_text(&place, shown);
	assert_string_equal(shown, "127.0.0.1:80");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!listen_parse(bad[i], &place))
			fail_msg("%s is taken", bad[i]);
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
	/* without waiting: not yet, then there */
	assert_int_equal(ask_take(sockets[0], &size), -EAGAIN);
	assert_int_equal(ask_send(sockets[0], &question), 0);
	assert_int_equal(ask_take(sockets[0], &size), -EAGAIN);
	assert_int_equal(ask_next(sockets[1], 0, &got), 1);
	assert_int_equal(ask_answer(sockets[1], document), 0);
	fd = ask_take(sockets[0], &size);
	assert_true(fd >= 0);
	close(fd);
	/* one that could not be made */
	assert_int_equal(ask_answer(sockets[1], -ENOMEM), 0);
	assert_int_equal(ask(sockets[0], &question, &size), -ENODATA);
	assert_int_equal(ask_next(sockets[1], 0, &got), 1);
	/* nobody there */
	close(sockets[1]);
	assert_int_equal(ask(sockets[0], &question, &size), -EPIPE);
	close(sockets[0]);
	/* gone with the question unread */
	assert_int_equal(ask_pair(sockets), 0);
	assert_int_equal(ask_send(sockets[0], &question), 0);
	close(sockets[1]);
	assert_int_equal(ask_take(sockets[0], &size), -EPIPE);
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
		cmocka_unit_test(questions_and_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
