// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flows and changes in words, against tests/golden/report/NAME.txt. GOLDEN_UPDATE=1 writes them anew:
 * read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/diff.h"
#include "user/report/flows.h"

/* Takes what it gets. */
static void expect(const char *name, char *got)
{
	autofree char *path = text_print("tests/golden/report/%s.txt", name);
	autofree char *owned = got;

	assert_true(golden_matches(path, got));
}

static struct report_flow a_flow(const char *rule, const char *protocol, const char *local,
				 const char *remote)
{
	bool six = strchr(local, ':') != NULL;
	struct report_flow flow = {
		.rule = rule,
		.order = rule ? (unsigned int)strlen(rule) : UINT32_MAX,
		.protocol = protocol,
		.local_port = 40000,
		.remote_port = 5061,
		.family = six ? 6 : 4,
		.has_ports = strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0,
		.is_echo = strncmp(protocol, "icmp", 4) == 0,
		.is_tcp = strcmp(protocol, "tcp") == 0,
		.state = FLOW_ESTABLISHED,
		.age = 59,
		.left = 60,
	};

	inet_pton(six ? AF_INET6 : AF_INET, local, flow.local);
	inet_pton(six ? AF_INET6 : AF_INET, remote, flow.remote);
	return flow;
}

static void flows_example(struct report_flows *flows)
{
	const struct report_flow list[] = {
		a_flow(NULL, "icmp", "192.0.2.10", "198.51.100.7"),
		a_flow("gre-out-long", "47", "192.0.2.10", "255.100.9.0"),
		a_flow("udp-out", "udp", "2001:db8::10", "2001:db8:1::7"),
		a_flow("udp-out", "udp", "192.0.2.10", "198.51.100.7"),
		a_flow("udp-out", "udp", "192.0.2.10", "9.51.100.7"),
		a_flow("sip", "tcp", "192.0.2.10", "198.51.100.7"),
		a_flow("sip", "tcp", "192.0.2.10", "198.51.100.7"),
	};

	*flows = (struct report_flows){ .label = strdup("blue/eth0"),
					.netns = strdup("blue"),
					.list = calloc(8, sizeof(list[0])),
					.count = 7 };
	assert_non_null(flows->list);
	memcpy(flows->list, list, sizeof(list));
	flows->list[5].remote_port = 5062;
	flows->list[5].age = 3 * 86400 + 60;
	flows->list[5].left = 2 * 3600 + 4 * 60 + 59;
	flows->list[3].age = 61;
	flows->list[3].left = 86400;
	report_flows_sort(flows);
}

static void flows_in_words(void **unused)
{
	const struct report_style plain = { 0 }, colour = { .colour = true };
	struct report_flows gates[2] = { { .label = strdup("eth1") } };

	(void)unused;
	flows_example(&gates[1]);
	expect("flows", report_flows_text(gates, 2, &plain));
	expect("flows-json", report_flows_json(gates, 2));
	gates[1].is_flushed = true;
	gates[1].flushed = 1;
	expect("flows-flushed", report_flows_text(gates + 1, 1, &colour));
	expect("flows-flushed-json", report_flows_json(gates + 1, 1));
	expect("flows-none", report_flows_text(NULL, 0, &plain));
	report_flows_free(&gates[0]);
	report_flows_free(&gates[1]);
}

/* It is written by hand: a parser has its say, also about what needs escaping. */
static void json_of_flows_is_json(void **unused)
{
	struct report_flows gate;
	autofree char *text = NULL, *none = NULL;
	json_t *root, *one;

	(void)unused;
	flows_example(&gate);
	free(gate.label);
	gate.label = strdup("a\"b\\c\n");
	gate.list[0].rule = "\"";
	text = report_flows_json(&gate, 1);
	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	one = json_array_get(json_object_get(root, "gates"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "gate")), "a\"b\\c\n");
	assert_int_equal(json_array_size(json_object_get(one, "flows")), 7);
	json_decref(root);
	none = report_flows_json(NULL, 0);
	assert_string_equal(none, "{\n  \"version\": 1,\n  \"gates\": []\n}\n");
	report_flows_free(&gate);
}

static void states_of_tcp(void **unused)
{
	static const struct {
		uint32_t state;
		const char *name;
	} cases[] = {
		{ 0, "syn-sent" },
		{ FLOW_FIN_IN, "syn-sent" },
		{ FLOW_ESTABLISHED, "established" },
		{ FLOW_ESTABLISHED | FLOW_FIN_IN, "close-wait" },
		{ FLOW_ESTABLISHED | FLOW_FIN_OUT, "fin-wait" },
		{ FLOW_ESTABLISHED | FLOW_FIN_OUT | FLOW_FIN_IN, "closing" },
		{ FLOW_RST, "reset" },
		{ FLOW_ESTABLISHED | FLOW_FIN_OUT | FLOW_FIN_IN | FLOW_RST, "reset" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(report_flow_state(cases[i].state), cases[i].name);
}

static void changes_in_words(void **unused)
{
	struct report_diff_field added[] = {
		{ "direction", NULL, "in", NULL },   { "protocol", NULL, "tcp", NULL },
		{ "ports", NULL, "5061", NULL },     { "port-of", NULL, "destination", NULL },
		{ "peer-ports", NULL, "1-9", NULL }, { "from", NULL, "any", NULL },
		{ "to", NULL, "edge (any)", NULL },  { "limit", NULL, "5/s, burst 5", NULL },
		{ "note", NULL, "not shown", NULL },
	};
	struct report_diff_field changed[] = {
		{ "from", "a", "b", "wider" },  { "from", "a", "b", "narrower" },
		{ "from", "a", "b", "other" },  { "from", "a", "b", "same" },
		{ "limit", NULL, "5/s", NULL }, { "limit", "5/s", NULL, NULL },
	};
	struct report_diff_field removed[] = { { "direction", "out", NULL, NULL },
					       { "port-of", "source", NULL, NULL } };
	struct report_diff_rule rules[] = {
		{ REPORT_DIFF_ADDED, "new", added, 9 },
		{ REPORT_DIFF_CHANGED, "other", changed, 6 },
		{ REPORT_DIFF_REMOVED, "gone", removed, 2 },
	};
	struct report_diff_ports opens[] = {
		{ DIRECTION_IN, "tcp", false, "1, 2, 3, 4, 5, 6, 7, 8", 8 },
		{ DIRECTION_IN, "tcp", true, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", 10 },
		{ DIRECTION_OUT, "47", false, "", 1 },
	};
	struct report_diff diff = {
		.was_policy = "before",
		.is_policy = "after",
		.was_hash = 1,
		.is_hash = 0xfedcba9876543210ull,
		.rules = rules,
		.rule_count = 3,
		.settings = changed,
		.setting_count = 1,
		.opens = opens,
		.open_count = 3,
		.opened = 19,
		.closes = opens + 2,
		.close_count = 1,
		.closed = 1,
	};

	(void)unused;
	expect("diff", report_diff_text(&diff, &(struct report_style){ 0 }));
	expect("diff-colour", report_diff_text(&diff, &(struct report_style){ .colour = true }));
	expect("diff-json", report_diff_json(&diff));
	expect("diff-none",
	       report_diff_text(&(struct report_diff){ 0 }, &(struct report_style){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_in_words),
		cmocka_unit_test(json_of_flows_is_json),
		cmocka_unit_test(states_of_tcp),
		cmocka_unit_test(changes_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
