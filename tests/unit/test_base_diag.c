/* SPDX-License-Identifier: GPL-2.0-only */
/* Bad news: what is kept of it, how it is printed, and what the exit status is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/diag.h"
#include "user/base/source.h"
#include "user/base/text.h"

/* The printed form of an error at a stretch of a text; NULL `hint`: none. */
static char *print_at(const char *text, size_t offset, size_t length, const char *hint)
{
	struct source *source = source_new("edge.yaml", text, strlen(text));
	struct source_cursor cursor;
	struct diags diags = { 0 };
	struct place place;
	char *printed;

	source_cursor_begin(&cursor, source);
	place = source_cursor_place(&cursor, offset, length);
	assert_int_equal(diag_policy(&diags, &place, "it is %s", "wrong"), -EINVAL);
	if (hint)
		diag_hint(&diags, "%s", hint);
	source_release(source);
	printed = diag_text_all(&diags);
	diags_clear(&diags);
	assert_int_equal(diags.count, 0);
	return printed;
}

#define assert_printed(text, offset, length, expected)                                             \
	do {                                                                                       \
		autofree char *printed = print_at(text, offset, length, NULL);                     \
		assert_string_equal(printed, expected);                                            \
	} while (0)

static void place_is_underlined(void **state)
{
	autofree char *hinted = print_at("a: 1\nprotocl: tcp\nb: 2\n", 5, 7, "did you mean?");

	(void)state;
	assert_string_equal(hinted, "edgegate: edge.yaml:2:1: it is wrong\n"
				    "   2 | protocl: tcp\n"
				    "     | ^~~~~~~\n"
				    "did you mean?\n");
	assert_printed("a: 1", 3, 1,
		       "edgegate: edge.yaml:1:4: it is wrong\n   1 | a: 1\n     |    ^\n");
	/* nothing, at the end of a line, and behind the text */
	assert_printed("a:\nb", 2, 0,
		       "edgegate: edge.yaml:1:3: it is wrong\n   1 | a:\n     |   ^\n");
	assert_printed("a:\n", 3, 1, "edgegate: edge.yaml:2:1: it is wrong\n   2 |\n     | ^\n");
	assert_printed("a:\n", 99, 1, "edgegate: edge.yaml:2:1: it is wrong\n   2 |\n     | ^\n");
	assert_printed("", 0, 0, "edgegate: edge.yaml:1:1: it is wrong\n   1 |\n     | ^\n");
	/* more than a line: to its end */
	assert_printed("a: b\n c\n", 3, 4,
		       "edgegate: edge.yaml:1:4: it is wrong\n   1 | a: b\n     |    ^\n");
}

static void underline_stands_under_the_text(void **state)
{
	(void)state;
	/* tabs are drawn as spaces */
	assert_printed("\ta:\tbad", 4, 3,
		       "edgegate: edge.yaml:1:5: it is wrong\n"
		       "   1 |         a:      bad\n"
		       "     |                 ^~~\n");
	/* wide characters take two columns, combining ones none; the column counts characters */
	assert_printed("\xe6\x97\xa5\xe6\x9c\xac e\xcc\x81 bad", 11, 3,
		       "edgegate: edge.yaml:1:7: it is wrong\n"
		       "   1 | \xe6\x97\xa5\xe6\x9c\xac e\xcc\x81 bad\n"
		       "     |        ^~~\n");
	assert_printed("\xe6\x97\xa5\xe6\x9c\xac", 3, 3,
		       "edgegate: edge.yaml:1:2: it is wrong\n"
		       "   1 | \xe6\x97\xa5\xe6\x9c\xac\n"
		       "     |   ^~\n");
	/* controls and stray bytes are escaped, and as wide as their escapes */
	assert_printed("\x1b[2J\xff bad", 6, 3,
		       "edgegate: edge.yaml:1:7: it is wrong\n"
		       "   1 | \\x1b[2J\\xff bad\n"
		       "     |             ^~~\n");
	/* a byte order mark isn't there */
	assert_printed("\xef\xbb\xbf"
		       "bad",
		       3, 3, "edgegate: edge.yaml:1:1: it is wrong\n   1 | bad\n     | ^~~\n");
}

static void every_line_end_is_one(void **state)
{
	(void)state;
	assert_printed("a\r\nb\r\nbad\r\n", 6, 3,
		       "edgegate: edge.yaml:3:1: it is wrong\n   3 | bad\n     | ^~~\n");
	assert_printed("a\rb\rbad\rc", 4, 3,
		       "edgegate: edge.yaml:3:1: it is wrong\n   3 | bad\n     | ^~~\n");
}

static void long_lines_are_shortened(void **state)
{
	char line[10001];
	autofree char *printed = NULL;
	const char *shown, *under;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line + 5000, "bad", 3);
	printed = print_at(line, 5000, 3, NULL);
	assert_true(strlen(printed) < 400);
	shown = strstr(printed, "\n   1 | ...x");
	under = strstr(printed, "\n     |  ");
	assert_non_null(shown);
	assert_non_null(under);
	assert_non_null(strstr(shown, "x...\n"));
	/* both in the same column */
	assert_int_equal(strstr(shown, "bad") - shown, strchr(under, '^') - under);
	assert_memory_equal(strchr(under, '^'), "^~~\n", 4);

	/* a place that is as long as the line is underlined as far as it is shown */
	{
		autofree char *all = print_at(line, 0, 10000, NULL);
		autofree char *end = print_at(line, 10000, 0, NULL);

		assert_true(strlen(all) < 400);
		assert_non_null(strstr(all, "x...\n     | ^~~~"));
		assert_non_null(strstr(end, "   1 | ...xxx"));
	}
}

static void messages_are_fit_to_print(void **state)
{
	struct diags diags = { 0 };
	autofree char *printed = NULL;
	autofree char *long_printed = NULL;
	char word[5001];

	(void)state;
	diag_usage(&diags, "--group\x1b[31m", "'%s'\n", "\xff\xe2\x80\xae");
	diag_hint(&diags, "first");
	diag_hint(&diags, "second\x07");
	printed = diag_text_all(&diags);
	assert_string_equal(printed,
			    "edgegate: --group\\x1b[31m: '\\xff\\u202e'\\x0a\nsecond\\x07\n");
	diags_clear(&diags);

	memset(word, 'y', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	diag_policy(&diags, NULL, "unknown key '%s' here", word);
	long_printed = diag_text_all(&diags);
	assert_true(strlen(long_printed) < 300);
	assert_non_null(strstr(long_printed, "yyy...' here\n"));
	diags_clear(&diags);
}

static void forms_without_a_place(void **state)
{
	const struct source source = { .name = (char *)"edge.yaml", .text = (char *)"" };
	const struct place whole = { .source = &source };
	struct diags diags = { 0 };
	autofree char *printed = NULL;

	(void)state;
	diag_policy(&diags, &whole, "has no policy in it");
	assert_int_equal(diag_system(&diags, EPERM, "attach to eth0", "bpf(%d)", 28), -EPERM);
	assert_int_equal(diag_system(&diags, EPERM, "attach to eth0", NULL), -EPERM);
	assert_int_equal(diag_system(&diags, EIO, "attach to eth0", "it is broken"), -EIO);
	diag_hint(&diags, "mend it");
	assert_int_equal(diag_system(&diags, 0, "attach to eth0", "it is down"), -EINVAL);
	diag_warning(&diags, NULL, "apply to eth0", "no DNS");
	diag_warning(&diags, &whole, NULL, "is strange");
	printed = diag_text_all(&diags);
	assert_string_equal(printed, "edgegate: edge.yaml: has no policy in it\n"
				     "edgegate: attach to eth0: bpf(28): Operation not permitted\n"
				     "run edgegate as root\n"
				     "edgegate: attach to eth0: Operation not permitted\n"
				     "run edgegate as root\n"
				     "edgegate: attach to eth0: it is broken: Input/output error\n"
				     "mend it\n"
				     "edgegate: attach to eth0: it is down\n"
				     "look at edgegate status, then try again\n"
				     "edgegate: warning: apply to eth0: no DNS\n"
				     "edgegate: edge.yaml: warning: is strange\n");
	diags_clear(&diags);
}

static void exit_status_is_the_worst(void **state)
{
	struct diags diags = { 0 };

	(void)state;
	assert_int_equal(diags_exit_status(&diags), 0);
	diag_warning(&diags, NULL, "a", "b");
	assert_false(diags.failed);
	assert_int_equal(diags_exit_status(&diags), 0);
	diag_system(&diags, EIO, "a", "b");
	assert_true(diags.failed);
	assert_int_equal(diags_exit_status(&diags), 1);
	diag_policy(&diags, NULL, "b");
	assert_int_equal(diags_exit_status(&diags), 2);
	diag_system(&diags, EIO, "a", "b");
	assert_int_equal(diags_exit_status(&diags), 2);
	diags_clear(&diags);
	diag_usage(&diags, "a", "b");
	assert_int_equal(diags_exit_status(&diags), 2);
	diags_clear(&diags);
}

static void errors_displace_warnings(void **state)
{
	struct diags diags = { 0 };
	autofree char *printed = NULL;

	(void)state;
	for (int i = 0; i < DIAGS_KEPT + 5; i++)
		diag_warning(&diags, NULL, NULL, "warning %d", i);
	diag_hint(&diags, "for one that was dropped");
	assert_int_equal(diags.count, DIAGS_KEPT);
	assert_int_equal(diags.dropped, 5);
	assert_null(diags.list[DIAGS_KEPT - 1].hint);
	diag_policy(&diags, NULL, "the error");
	diag_hint(&diags, "what to do");
	assert_int_equal(diags.count, DIAGS_KEPT);
	assert_int_equal(diags.dropped, 6);
	assert_string_equal(diags.list[DIAGS_KEPT - 1].why, "the error");
	assert_string_equal(diags.list[DIAGS_KEPT - 1].hint, "what to do");
	printed = diag_text_all(&diags);
	assert_non_null(strstr(printed, "edgegate: 6 more like these\n"));
	diags_clear(&diags);
}

static void texts_live_as_long_as_places(void **state)
{
	struct source *source = source_new("edge.yaml", "abc", 3);
	struct place place = { .source = source, .line = 1, .column = 1, .length = 3 };
	struct diags diags = { 0 };

	(void)state;
	assert_int_equal(source->holders, 1);
	diag_policy(&diags, &place, "a");
	diag_warning(&diags, &place, NULL, "b");
	assert_int_equal(source->holders, 3);
	source_release(source);
	assert_string_equal(diags.list[0].place.source->text, "abc");
	diags_clear(&diags);
}

static void what_the_system_refuses_may_have_a_place(void **state)
{
	struct source *source = source_new("edge.yaml", "abc", 3);
	struct place place = { .source = source, .line = 1, .column = 1, .length = 3 };
	struct diags diags = { 0 };
	autofree char *printed = NULL;

	(void)state;
	diag_place(&diags, &place); /* of nothing */
	diag_system(&diags, EIO, "not shown", "abc: cannot be read");
	diag_hint(&diags, "what to do");
	diag_place(&diags, &place);
	printed = diag_text_all(&diags);
	assert_string_equal(printed,
			    "edgegate: edge.yaml:1:1: abc: cannot be read: Input/output error\n"
			    "   1 | abc\n"
			    "     | ^~~\n"
			    "what to do\n");
	assert_int_equal(diags_exit_status(&diags), 1);
	/* one that isn't kept has none, nor does it take another's */
	for (int i = 0; i < DIAGS_KEPT; i++)
		diag_policy(&diags, NULL, "more");
	diag_place(&diags, &place);
	assert_null(diags.list[DIAGS_KEPT - 1].place.source);
	assert_int_equal(source->holders, 2);
	diags_clear(&diags);
	assert_int_equal(source->holders, 1);
	source_release(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_is_underlined),
		cmocka_unit_test(underline_stands_under_the_text),
		cmocka_unit_test(every_line_end_is_one),
		cmocka_unit_test(long_lines_are_shortened),
		cmocka_unit_test(messages_are_fit_to_print),
		cmocka_unit_test(forms_without_a_place),
		cmocka_unit_test(exit_status_is_the_worst),
		cmocka_unit_test(errors_displace_warnings),
		cmocka_unit_test(texts_live_as_long_as_places),
		cmocka_unit_test(what_the_system_refuses_may_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
