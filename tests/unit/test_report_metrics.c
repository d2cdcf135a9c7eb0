// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exposition formats against tests/golden/report/metrics*.txt, and docs/metrics.md against the registry.
 * GOLDEN_UPDATE=1 writes them anew: read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"
#include "tests/lib/report_gate.h"
#include "user/base/cleanup.h"
#include "user/report/metrics.h"

static const struct metrics_answer answers[] = { { 200, 12 }, { 404, 1 } };
static const struct metrics_self self = {
	.version = "0.1.0",
	.libbpf = "v1.1",
	.seconds = 0.0125,
	.serves = true,
	.started_at = 1359676000,
	.scrapes = 12,
	.answers = answers,
	.answer_count = 2,
	.connections = 1,
	.cut = 3,
};

static void example(struct report_gate *gate)
{
	static const struct report_table tables[REPORT_TABLES] = {
		{ "flows4", 1600, 262144 },
		{ "flows6", 0, 262144 },
		{ "fragments", 7, 65536 },
		{ "limit_sources", 65536, 65536 },
	};

	report_gate_example(gate);
	memcpy(gate->tables, tables, sizeof(tables));
	gate->tables_known = gate->drift_known = true;
}

static void as_golden(void **state)
{
	static const struct {
		enum metrics_format format;
		const char *path;
	} cases[] = {
		{ METRICS_PROMETHEUS, "tests/golden/report/metrics-prometheus.txt" },
		{ METRICS_OPENMETRICS, "tests/golden/report/metrics-openmetrics.txt" },
	};
	struct report_gate gate;

	(void)state;
	example(&gate);
	for (size_t i = 0; i < 2; i++) {
		autofree char *text = metrics_text(cases[i].format, &gate, 1, &self);

		assert_true(golden_matches(cases[i].path, text));
	}
	report_gate_free(&gate);
}

/* Does a text have this line? */
static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return true;
	return false;
}

#define assert_line(text, line)                                                                    \
	do {                                                                                       \
		if (!has_line(text, line))                                                         \
			fail_msg("there is no line %s in\n%s", line, text);                        \
	} while (0)

static void labels_are_escaped(void **state)
{
	autofree char *text = NULL;
	struct report_gate gate;

	(void)state;
	example(&gate);
	free(gate.policy);
	gate.policy = strdup("a\\b\"c\nd{}e=,ü");
	text = metrics_text(METRICS_PROMETHEUS, &gate, 1, &self);
	assert_line(text, "edgegate_gate_info{gate=\"blue/eth0\",policy=\"a\\\\b\\\"c\\nd{}e=,ü\","
			  "mode=\"enforce\"} 1");
	report_gate_free(&gate);
}

/* Every number that a rule or an outcome has, each another, is found once in metrics and in JSON. */
static void nothing_is_left_out(void **state)
{
	struct report_gate gate;
	uint64_t next = 7000001;

	(void)state;
	example(&gate);
	memset(gate.outcomes, 0, sizeof(gate.outcomes));
	for (size_t i = 0; i < gate.rule_count; i++) {
		uint64_t counts[RULE_COUNTERS];

		for (int j = 0; j < RULE_COUNTERS; j++)
			counts[j] = next++;
		memcpy(&gate.rules[i].counts, counts, sizeof(counts));
	}
	for (int i = 0; i < OUTCOME_COUNTERS; i++) {
		int outcome = i % OUTCOME_COUNT;

		if (outcome && report_outcome_class((enum outcome)outcome) != OUTCOME_CLASS_RULE)
			gate.outcomes[i] = (struct count){ next, next + 1 }, next += 2;
	}
	for (int format = 0; format < 3; format++) {
		autofree char *text =
			format == 2 ? report_stats_json(&gate, 1, NULL) :
				      metrics_text((enum metrics_format)format, &gate, 1, &self);

		for (uint64_t number = 7000001; number < next; number++) {
			char digits[32];
			const char *found;

			snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
			found = strstr(text, digits);
			if (!found || strstr(found + 1, digits))
				fail_msg("%s is %s in %s", digits, found ? "twice" : "not", text);
		}
	}
	report_gate_free(&gate);
}

/* A name that both directions have had is one series of those that tell no direction. */
static void no_series_twice(void **state)
{
	autofree char *text = NULL;
	struct report_gate gate;
	char **lines = NULL;
	size_t count = 0;

	(void)state;
	example(&gate);
	/* the removed ones of both directions, and a rule of the former policy of another direction */
	free(gate.rules[2].name);
	gate.rules[2].name = strdup("av-rtp-out");
	gate.rules[2].counts.payload_mismatches = 5;
	free(gate.rules[0].name);
	gate.rules[0].name = strdup("(removed)");
	free(gate.rules[0].protocol);
	gate.rules[0].protocol = NULL;
	gate.rules[0].counts.payload_mismatches = 100;
	gate.rules[3].counts.payload_mismatches = 11;
	/* two interfaces of one name */
	strcpy(gate.interfaces[1].name, gate.interfaces[0].name);
	text = metrics_text(METRICS_PROMETHEUS, &gate, 1, &self);
	assert_line(text,
		    "edgegate_payload_mismatches_total{gate=\"blue/eth0\",rule=\"av-rtp-out\"} 12");
	assert_line(text,
		    "edgegate_payload_mismatches_total{gate=\"blue/eth0\",rule=\"(removed)\"} 111");
	lines = calloc(strlen(text), sizeof(*lines));
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		char *value = strrchr(line, ' ');

		if (*line == '#' || !value)
			continue;
		*value = '\0';
		for (size_t i = 0; i < count; i++)
			if (strcmp(lines[i], line) == 0)
				fail_msg("twice: %s", line);
		lines[count++] = line;
	}
	assert_true(count > 100);
	free(lines);
	report_gate_free(&gate);
}

static void what_is_not_known_is_left_out(void **state)
{
	autofree char *text = NULL;
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	gate.interfaces[1].ahead_known = false;
	text = metrics_text(METRICS_PROMETHEUS, &gate, 1,
			    &(struct metrics_self){ .version = "1", .libbpf = "2" });
	assert_null(strstr(text, "edgegate_policy_drift{"));
	assert_null(strstr(text, "edgegate_map_entries{"));
	assert_null(strstr(text, "edgegate_exporter_scrapes_total 0"));
	assert_line(text, "edgegate_filters_ahead{gate=\"blue/eth0\",interface=\"eth0\"} 0");
	assert_null(strstr(text, "edgegate_filters_ahead{gate=\"blue/eth0\",interface=\"vnet0\"}"));
	report_gate_free(&gate);
}

static void of_states(void **state)
{
	autofree char *text = NULL;
	struct report_gate gate;

	(void)state;
	example(&gate);
	gate.mode = "block";
	gate.has_drift = true;
	gate.confirm_deadline = 1795466530999ull;
	gate.confirm_left = 1500;
	gate.rolled_back_at = 1;
	gate.has_expired = true;
	gate.interfaces[0].is_lost = true;
	text = metrics_text(METRICS_PROMETHEUS, &gate, 1, &self);
	assert_line(text, "edgegate_emergency{gate=\"blue/eth0\",kind=\"block\"} 1");
	assert_line(text, "edgegate_emergency{gate=\"blue/eth0\",kind=\"open\"} 0");
	assert_line(text, "edgegate_policy_drift{gate=\"blue/eth0\"} 1");
	assert_line(text, "edgegate_confirm_pending{gate=\"blue/eth0\"} 1");
	assert_line(text,
		    "edgegate_confirm_deadline_timestamp_seconds{gate=\"blue/eth0\"} 1795466530");
	assert_line(text, "edgegate_confirm_left_seconds{gate=\"blue/eth0\"} 1.5");
	assert_line(text, "edgegate_rolled_back{gate=\"blue/eth0\",by=\"command\"} 0");
	assert_line(text, "edgegate_rolled_back{gate=\"blue/eth0\",by=\"deadline\"} 1");
	assert_line(text, "edgegate_interface_attached{gate=\"blue/eth0\",interface=\"eth0\"} 0");
	assert_line(text, "edgegate_interface_attached{gate=\"blue/eth0\",interface=\"vnet0\"} 1");
	report_gate_free(&gate);
}

static int refusing_sink(const char *bytes, size_t size, void *data)
{
	(void)bytes;
	(void)size;
	(*(int *)data)++;
	return -ENOSPC;
}

static void a_sink_that_is_full(void **state)
{
	struct report_gate gate;
	int calls = 0;

	(void)state;
	example(&gate);
	assert_int_equal(metrics_write(METRICS_PROMETHEUS, &gate, 1, &self, refusing_sink, &calls),
			 -ENOSPC);
	assert_int_equal(calls, 1);
	report_gate_free(&gate);
}

/* ---- docs/metrics.md --------------------------------------------------------------------------------- */

static void the_documentation_is_the_registry(void **state)
{
	static const char *const types[] = { "counter", "gauge", "info" };
	static const char *const suffixes[] = { "_total", "", "_info" };
	autotext struct text text = { 0 };

	(void)state;
	text_add(
		&text,
		"<!-- SPDX-License-Identifier: GPL-2.0-only -->\n"
		"<!-- Made from user/report/metrics_families.c: GOLDEN_UPDATE=1 ONLY=metrics make unit -->\n"
		"# Metrics\n\n"
		"What `edgegate exporter` serves at `/metrics`, `edgegate exporter --textfile` writes, and\n"
		"`edgegate stats --format prometheus` prints. In OpenMetrics a counter's family is called without\n"
		"`_total`, and an info's without `_info`. `gate` is the interface that the gate is named after;\n"
		"`NETNS/IFACE` outside the first network namespace. Counters begin with the gate, and end with it.\n"
		"How to serve, scrape and guard them: [exporter.md](exporter.md).\n\n"
		"| metric | type | labels | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < metrics_family_count; i++) {
		const struct metrics_family *family = &metrics_families[i];

		text_format(&text, "| `%s%s` | %s | %s%s%s | %s |\n", family->name,
			    suffixes[family->type], types[family->type], *family->labels ? "`" : "",
			    family->labels, *family->labels ? "`" : "", family->help);
	}
	text_add(&text, "\n`kind` of what passed as essential:\n\n");
	for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++)
		if (report_outcome_class((enum outcome)outcome) == OUTCOME_CLASS_PASS)
			text_format(&text, "- `%s`: %s\n",
				    report_outcome_label((enum outcome)outcome),
				    report_outcome_help((enum outcome)outcome));
	text_add(&text, "\n`reason` of what was dropped:\n\n");
	for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++)
		if (report_outcome_class((enum outcome)outcome) == OUTCOME_CLASS_DROP)
			text_format(&text, "- `%s`: %s\n",
				    report_outcome_label((enum outcome)outcome),
				    report_outcome_help((enum outcome)outcome));
	assert_true(golden_matches("docs/metrics.md", text.bytes));
}

/* What the formats demand of names: a unit stands at the end, and no family's name is another's line. */
static void names_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < metrics_family_count; i++) {
		const struct metrics_family *family = &metrics_families[i];
		size_t length = strlen(family->name), unit = strlen(family->unit);

		assert_int_equal(strspn(family->name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
				 length);
		assert_true(strncmp(family->name, "edgegate_", 9) == 0);
		assert_true(!unit || (length > unit && family->name[length - unit - 1] == '_' &&
				      strcmp(family->name + length - unit, family->unit) == 0));
		assert_true(*family->help && family->help[strlen(family->help) - 1] == '.');
		assert_true(!family->of_gate != !family->of_self);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(family->name, metrics_families[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_golden),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(nothing_is_left_out),
		cmocka_unit_test(no_series_twice),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(of_states),
		cmocka_unit_test(a_sink_that_is_full),
		cmocka_unit_test(the_documentation_is_the_registry),
		cmocka_unit_test(names_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
