/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy as people and monitoring are shown it: every rule is there, and a terminal is safe. */
#ifndef TESTS_FUZZ_POLICY_REPORT_H
#define TESTS_FUZZ_POLICY_REPORT_H

#include <jansson.h>

#include "tests/fuzz/oracle.h"
#include "user/base/utf8.h"
#include "user/policy/policy.h"
#include "user/report/gate.h"

/* Strings of the policy's are lent, never freed or written. */
static struct report_rule *report_rules(const struct policy *policy)
{
	struct report_rule *rules = calloc(policy->rule_count + 1, sizeof(*rules));

	if (!rules)
		exit(0);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		const char *protocol = policy_protocol_name(rule->protocol);

		rules[i].name = rule->name;
		rules[i].direction = (enum direction)rule->direction;
		rules[i].protocol = (char *)(protocol ? protocol : "47");
		rules[i].ports = rule->ports_text;
		rules[i].peers = rule->peers_text ? rule->peers_text : (char *)"";
		rules[i].from = rule->from.text;
		rules[i].to = rule->to.text;
		rules[i].note = rule->note ? rule->note : (char *)"";
	}
	return rules;
}

/* Lines of characters, of which none does more than show itself. */
static void report_is_printable(const char *text)
{
	size_t size = strlen(text);

	for (size_t at = 0; at < size;) {
		uint32_t character = 0;
		size_t length = utf8_decode(text + at, size - at, &character);

		require(length, "not UTF-8 at byte %zu", at);
		require(character == '\n' || !utf8_is_control(character), "U+%04X", character);
		at += length;
	}
}

static void report_check_tables(const struct policy *policy, struct report_rule *rules)
{
	static const unsigned int widths[] = { 0, 80, 20 };

	for (size_t n = 0; n < 3; n++) {
		struct report_style style = { .width = widths[n] };
		char *table = report_port_table(rules, policy->rule_count, &style);

		require(table, "no table");
		report_is_printable(table);
		for (size_t i = 0; !n && i < policy->rule_count; i++)
			require(strstr(table, rules[i].name), "no row for '%s'", rules[i].name);
		free(table);
	}
}

static void report_check_jsons(const struct policy *policy, struct report_rule *rules)
{
	struct report_check check = {
		.policy = policy->name,
		.rules = rules,
		.rule_count = policy->rule_count,
	};
	char *text = report_check_json(&check);
	json_t *parsed, *list;

	require(text, "no JSON");
	parsed = json_loads(text, 0, NULL);
	require(parsed, "no parser takes it: %s", text);
	list = json_object_get(parsed, "rules");
	require(json_array_size(list) == policy->rule_count, "%zu rules", json_array_size(list));
	for (size_t i = 0; i < policy->rule_count; i++) {
		const json_t *name = json_object_get(json_array_get(list, i), "name");

		require(name && !strcmp(json_string_value(name), rules[i].name), "another name");
	}
	json_decref(parsed);
	free(text);
}

static void report_check_policy(const struct policy *policy)
{
	struct report_rule *rules = report_rules(policy);

	report_check_tables(policy, rules);
	report_check_jsons(policy, rules);
	free(rules);
}

#endif
