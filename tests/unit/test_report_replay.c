// SPDX-License-Identifier: GPL-2.0-only
/* What a replay says: exact lines of JSON, totals, what two policies judge differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/lib/report_gate.h"
#include "user/base/cleanup.h"
#include "user/report/replay.h"

static void expect_line(const struct report_replay_packet *packet, const char *line)
{
	autotext struct text text = { 0 };
	json_t *root;

	report_replay_line(packet, &text);
	assert_string_equal(text.bytes, line);
	root = json_loads(text.bytes, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	json_decref(root);
}

static void a_line_has_the_contracts_keys(void **unused)
{
	static const struct {
		enum outcome outcome;
		const char *rule, *rest;
	} cases[] = {
		{ OUTCOME_RULE, "a-rule", "\"pass\",\"rule\":\"a-rule\",\"path\":\"forward\"}\n" },
		{ OUTCOME_REPLY, "a-rule", "\"pass\",\"rule\":\"a-rule\",\"path\":\"reply\"}\n" },
		{ OUTCOME_PASS_ARP, NULL, "\"pass\",\"kind\":\"arp\"}\n" },
		{ OUTCOME_PASS_FRAGMENT, NULL, "\"pass\",\"kind\":\"fragment\"}\n" },
		{ OUTCOME_DROP_NO_RULE, NULL, "\"drop\",\"reason\":\"no-rule\"}\n" },
		{ OUTCOME_DROP_FRAGMENT, NULL, "\"drop\",\"reason\":\"fragment\"}\n" },
		{ OUTCOME_UNDECIDED, NULL, "\"unknown\",\"reason\":\"truncated\"}\n" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report_replay_packet packet = {
			.number = i ? INT64_MAX : 1,
			.direction = i % 2 ? DIRECTION_OUT : DIRECTION_IN,
			.verdict = { cases[i].outcome, cases[i].rule },
		};
		autofree char *line = text_print("{\"n\":%s,\"direction\":\"%s\",\"verdict\":%s",
						 i ? "9223372036854775807" : "1",
						 i % 2 ? "out" : "in", cases[i].rest);

		assert_non_null(line);
		expect_line(&packet, line);
	}
}

static void a_line_names_the_capture_and_the_other_verdict(void **unused)
{
	const struct report_replay_verdict other = { OUTCOME_DROP_ADDRESS, NULL };
	const struct report_replay_packet packet = {
		.capture = "a \"b\"\\\n\xc3\xa4\xff\xc3",
		.number = 20,
		.verdict = { OUTCOME_RULE, "a-rule" },
		.other = &other,
	};

	(void)unused;
	expect_line(
		&packet,
		"{\"n\":20,\"capture\":\"a \\\"b\\\"\\\\\\u000a\xc3\xa4\\ufffd\\ufffd\",\"direction\":\"in\","
		"\"verdict\":\"pass\",\"rule\":\"a-rule\",\"path\":\"forward\","
		"\"other\":{\"verdict\":\"drop\",\"reason\":\"address\"}}\n");
}

static void expect_totals(const struct report_replay_totals *totals, const char *expected)
{
	autofree char *text = report_replay_totals(totals);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void totals_are_a_line(void **unused)
{
	struct report_replay_totals totals = { .read = 1, .nanoseconds = 1500000 };

	(void)unused;
	totals.packets[DIRECTION_OUT].packets = 1;
	expect_totals(&totals, "1 packet in 0.002 s: 0 in, 1 out\n");
	totals.read = 30;
	totals.narrowed = true;
	totals.packets[DIRECTION_IN].packets = 20;
	totals.nanoseconds = 121000000000u;
	expect_totals(&totals, "30 packets in 2 min 1 s; 21 of them shown: 20 in, 1 out\n");
	totals.nanoseconds = 7260000000000u;
	totals.narrowed = false;
	totals.truncated[DIRECTION_IN].packets = 3;
	expect_totals(&totals, "30 packets in 2 h 1 min: 20 in, 1 out\n"
			       "3 without a verdict: the capture has less of them than their "
			       "headers (tcpdump -s 0 keeps all)\n");
	totals.truncated[DIRECTION_IN].packets = 0;
	totals.nanoseconds = 3u * 86400000000000u + 3600000000000u;
	expect_totals(&totals, "30 packets in 3 days 1 h: 20 in, 1 out\n");
}

static void changes_are_a_table(void **unused)
{
	static const char *const policies[2] = { "one", "two" };
	const struct report_style style = { 0 };
	struct report_replay_change changes[] = {
		{ DIRECTION_IN,
		  { { OUTCOME_RULE, "a-rule" }, { OUTCOME_DROP_NO_RULE, NULL } },
		  { 2, 120 } },
		{ DIRECTION_OUT,
		  { { OUTCOME_DROP_ADDRESS, NULL }, { OUTCOME_REPLY, "b-rule" } },
		  { 10, 600 } },
	};
	autofree char *none = report_replay_changes(changes, 0, policies, &style);
	autofree char *text = report_replay_changes(changes, 2, policies, &style);

	(void)unused;
	assert_string_equal(none, "both judge every packet alike\n");
	assert_string_equal(text, "  dir  one            two                   packets  bytes\n"
				  "  out  drop: address  pass: b-rule (reply)       10    600\n"
				  "  in   pass: a-rule   drop: no-rule               2    120\n");
}

/* One line: the document of `stats --json`, and what got no verdict. */
static void the_summary_is_the_stats_in_a_line(void **unused)
{
	cleanup(report_gate_free) struct report_gate gate = { 0 };
	struct report_replay_totals totals = { .read = 1 };
	autofree char *summary = NULL, *stats = NULL;
	json_t *root, *expected;

	(void)unused;
	report_gate_example(&gate);
	for (size_t i = 0; i < gate.rule_count; i++)
		if (!gate.rules[i].peers)
			gate.rules[i].peers = strdup("");
	totals.truncated[DIRECTION_OUT] = (struct count){ 2, 100 };
	summary = report_replay_summary_json(&gate, 1, &totals);
	stats = report_stats_json(&gate, 1, NULL);
	assert_non_null(summary);
	assert_ptr_equal(strchr(summary, '\n'), summary + strlen(summary) - 1);
	root = json_loads(summary, JSON_REJECT_DUPLICATES, NULL);
	expected = json_loads(stats, 0, NULL);
	json_object_set_new(
		expected, "unknown",
		json_loads("[{\"direction\":\"in\",\"reason\":\"truncated\",\"packets\":0,"
			   "\"bytes\":0},{\"direction\":\"out\",\"reason\":\"truncated\","
			   "\"packets\":2,\"bytes\":100}]",
			   0, NULL));
	/* a replay has one gate, and it has been read */
	json_object_del(expected, "unreadable");
	assert_true(json_equal(root, expected));
	json_decref(root);
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_the_contracts_keys),
		cmocka_unit_test(a_line_names_the_capture_and_the_other_verdict),
		cmocka_unit_test(totals_are_a_line),
		cmocka_unit_test(changes_are_a_table),
		cmocka_unit_test(the_summary_is_the_stats_in_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
