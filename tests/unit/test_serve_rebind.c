// SPDX-License-Identifier: GPL-2.0-only
/* Names under which the exporter is asked: those that a stranger can own are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "user/serve/rebind.h"

static void names(void **state)
{
	static const char *const ours[] = {
		"127.0.0.1",     "127.0.0.1:9979",   "192.0.2.10:9979", "[::1]",
		"[::1]:9979",    "[2001:db8::1]:80", "localhost",       "localhost:1",
		"LocalHost:80",  "localhost.",       "a.localhost",     "grafana.localhost:9979",
		"edge",          "EDGE:9979",        "edge.",           "[::ffff:127.0.0.1]:80",
		"127.0.0.1.:80", "edge:0",
	};
	static const char *const others[] = {
		"",
		".",
		":",
		":9979",
		"evil.example",
		"evil.example:9979",
		"edge.evil.example",
		"localhost.evil.example",
		"notlocalhost",
		"localhosts",
		".localhost.evil",
		"127.0.0.1.evil.example",
		"127.0.0.1.nip.io:9979",
		"edgegate",
		"edg",
		"edge..",
		"127.1",
		"2130706433",
		"0x7f.0.0.1",
		"0177.0.0.1",
		"1.2.3.4.5",
		"::1",
		"::1:9979",
		"[::1",
		"[]",
		"[localhost]",
		"[127.0.0.1]",
		"[::1]evil.example",
		"[::1%lo]",
		"[evil.example]:80",
		"localhost:",
		"localhost:99999",
		"localhost:evil.example",
		"localhost:80:80",
		"localhost:+80",
		"evil.example:80@localhost",
		"localhost,evil.example",
		"localhost evil",
		" localhost",
		"localhost/",
	};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!rebind_allows(ours[i], "edge"))
			fail_msg("refused: %s", ours[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (rebind_allows(others[i], "edge"))
			fail_msg("allowed: %s", others[i]);
	/* HTTP/1.0 has none; a machine without a name isn't called by none */
	assert_true(rebind_allows(NULL, "edge"));
	assert_false(rebind_allows("", ""));
	assert_false(rebind_allows("edge", ""));
	memset(longest, 'a', sizeof(longest));
	snprintf(longest + 280, 20, ".localhost");
	assert_false(rebind_allows(longest, "edge"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
