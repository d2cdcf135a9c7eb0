/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON: read back, every key of the contract (spec 4) is there, with its type and its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/printed.h"
#include "tests/lib/report_gate.h"
#include "user/report/gate.h"

static json_t *only_gate(json_t *root)
{
	printed_has(root, "version gates unreadable");
	assert_int_equal(printed_number(root, "version"), 1);
	assert_int_equal(json_array_size(json_object_get(root, "gates")), 1);
	return json_array_get(json_object_get(root, "gates"), 0);
}

static void check_rules(json_t *rules)
{
	static const char keys[] = "name direction protocol ports from to packets bytes "
				   "reply_packets reply_bytes payload_mismatches";
	json_t *rule;

	assert_int_equal(json_array_size(rules), 4);
	rule = json_array_get(rules, 0);
	printed_has(rule, "name direction protocol ports from to packets bytes reply_packets "
			  "reply_bytes payload_mismatches limit note");
	assert_string_equal(printed_string(rule, "note"),
			    "Client-to-server SIP traffic für external user access");
	assert_string_equal(printed_string(rule, "limit"), "200/s, burst 400, per source");
	assert_string_equal(printed_string(rule, "name"), "access-sip-tls-in");
	assert_string_equal(printed_string(rule, "direction"), "in");
	assert_string_equal(printed_string(rule, "protocol"), "tcp");
	assert_string_equal(printed_string(rule, "ports"), "443");
	assert_string_equal(printed_string(rule, "from"), "clients");
	assert_string_equal(printed_string(rule, "to"), "access-edge");
	assert_int_equal(printed_number(rule, "packets"), 1234567);
	assert_int_equal(printed_number(rule, "bytes"), 987654321);
	assert_int_equal(printed_number(rule, "reply_packets"), 1234);
	assert_int_equal(printed_number(rule, "reply_bytes"), 99900);
	assert_int_equal(printed_number(rule, "payload_mismatches"), 0);
	/* ports of the other end, where a rule names them */
	rule = json_array_get(rules, 1);
	printed_has(rule, "name direction protocol ports from to packets bytes reply_packets "
			  "reply_bytes payload_mismatches peer_ports payload");
	assert_string_equal(printed_string(rule, "direction"), "out");
	assert_string_equal(printed_string(rule, "ports"), "50000-59999");
	assert_string_equal(printed_string(rule, "peer_ports"), "3478");
	assert_string_equal(printed_string(rule, "payload"), "udp-media, observe");
	assert_int_equal(printed_number(rule, "payload_mismatches"), 7);
	/* a rule that only the former policy has is marked, and only that */
	rule = json_array_get(rules, 2);
	printed_has(rule, "name direction protocol ports from to packets bytes reply_packets "
			  "reply_bytes payload_mismatches reserve note");
	assert_string_equal(printed_string(rule, "note"), "tunnel");
	assert_true(json_is_true(json_object_get(rule, "reserve")));
	assert_string_equal(printed_string(rule, "protocol"), "47");
	/* "(removed)" has no protocol */
	rule = json_array_get(rules, 3);
	printed_has(rule, keys);
	assert_string_equal(printed_string(rule, "name"), "(removed)");
	assert_true(json_is_null(json_object_get(rule, "protocol")));
	assert_int_equal(printed_number(rule, "bytes"), 9223372036854775807ll);
}

/* Every kind and reason in both directions, all of them from the start: a rate over the first isn't lost. */
static void check_outcomes(json_t *list, const char *key, enum outcome_class class, size_t count)
{
	size_t at = 0;

	assert_int_equal(json_array_size(list), 2 * count);
	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (int i = 1; i < OUTCOME_COUNT; i++) {
			json_t *entry;

			if (report_outcome_class((enum outcome)i) != class)
				continue;
			entry = json_array_get(list, at++);
			assert_true(json_is_object(entry));
			assert_int_equal(json_object_size(entry), 4);
			assert_string_equal(printed_string(entry, "direction"),
					    direction ? "out" : "in");
			assert_string_equal(printed_string(entry, key),
					    report_outcome_label((enum outcome)i));
			assert_int_equal(printed_number(entry, "bytes"),
					 60 * printed_number(entry, "packets"));
			if (i == OUTCOME_DROP_NO_RULE)
				assert_int_equal(printed_number(entry, "packets"),
						 direction ? 0 : 12345678901ll);
			if (i == OUTCOME_PASS_ARP)
				assert_int_equal(printed_number(entry, "packets"),
						 direction ? 999 : 1000);
		}
	}
}

static void check_interfaces(json_t *interfaces, const char *keys)
{
	json_t *interface = json_array_get(interfaces, 0);

	assert_int_equal(json_array_size(interfaces), 2);
	printed_has(interface, keys);
	assert_string_equal(printed_string(interface, "name"), "eth0");
	assert_string_equal(printed_string(interface, "facing"), "outside");
	assert_string_equal(printed_string(interface, "xdp"), "native");
	assert_string_equal(printed_string(interface, "tc"), "tcx");
	interface = json_array_get(interfaces, 1);
	assert_string_equal(printed_string(interface, "facing"), "inside");
	assert_string_equal(printed_string(interface, "xdp"), "generic");
	assert_string_equal(printed_string(interface, "tc"), "clsact");
}

static void stats(void **state)
{
	struct report_gate example;
	json_t *root, *gate, *flows, *runs;

	(void)state;
	report_gate_example(&example);
	root = printed_read(report_stats_json(&example, 1, NULL));
	gate = only_gate(root);
	printed_has(gate,
		    "gate netns interfaces policy mode applied_at confirm_deadline rules passed "
		    "drops flows program_runs");
	assert_string_equal(printed_string(gate, "gate"), "blue/eth0");
	assert_string_equal(printed_string(gate, "netns"), "blue");
	assert_string_equal(printed_string(gate, "policy"), "lync-2013-public-im");
	assert_string_equal(printed_string(gate, "mode"), "enforce");
	assert_int_equal(printed_number(gate, "applied_at"), 1359676800);
	assert_true(json_is_null(json_object_get(gate, "confirm_deadline")));
	check_interfaces(json_object_get(gate, "interfaces"), "name facing xdp tc");
	check_rules(json_object_get(gate, "rules"));
	check_outcomes(json_object_get(gate, "passed"), "kind", OUTCOME_CLASS_PASS, 7);
	check_outcomes(json_object_get(gate, "drops"), "reason", OUTCOME_CLASS_DROP, 12);
	flows = json_object_get(gate, "flows");
	printed_has(flows, "entries max ipv4 ipv6");
	assert_int_equal(printed_number(flows, "ipv4"), 1400);
	assert_int_equal(printed_number(flows, "ipv6"), 100);
	assert_int_equal(printed_number(flows, "entries"), 1500);
	assert_int_equal(printed_number(flows, "max"), 524288);
	/* those that are known alone */
	assert_int_equal(json_array_size(json_object_get(gate, "program_runs")), 2);
	runs = json_array_get(json_object_get(gate, "program_runs"), 0);
	printed_has(runs, "interface hook direction runs nanoseconds");
	assert_string_equal(printed_string(runs, "hook"), "xdp");
	assert_string_equal(printed_string(runs, "direction"), "in");
	assert_int_equal(printed_number(runs, "runs"), 12345680236);
	assert_int_equal(printed_number(runs, "nanoseconds"), 1234568023600);
	json_decref(root);
	report_gate_free(&example);
}

/* What may be absent is null, and not left out. */
static void stats_of_a_gate_without_a_policy(void **state)
{
	struct report_gate example = { .label = strdup("eth0"),
				       .mode = "none",
				       .interface_count = 1 };
	json_t *root, *gate;

	(void)state;
	strcpy(example.interfaces[0].name, "eth0");
	root = printed_read(report_stats_json(&example, 1, NULL));
	gate = only_gate(root);
	assert_true(json_is_null(json_object_get(gate, "netns")));
	assert_true(json_is_null(json_object_get(gate, "policy")));
	assert_string_equal(printed_string(gate, "mode"), "none");
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(gate, "interfaces"), 0), "tc")));
	assert_int_equal(json_array_size(json_object_get(gate, "rules")), 0);
	json_decref(root);
	report_gate_free(&example);
}

static void stats_of_no_gates_and_of_several(void **state)
{
	struct report_gate examples[2];
	char *labels[] = { (char *)"blue/eth1", (char *)"netns-7/eth0" };
	const struct report_unread unread = { labels, 2 };
	json_t *root, *list;

	(void)state;
	root = printed_read(report_stats_json(NULL, 0, &unread));
	printed_has(root, "version gates unreadable");
	assert_int_equal(json_array_size(json_object_get(root, "gates")), 0);
	list = json_object_get(root, "unreadable");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 1)), "netns-7/eth0");
	json_decref(root);
	report_gate_example(&examples[0]);
	report_gate_example(&examples[1]);
	root = printed_read(report_stats_json(examples, 2, NULL));
	assert_int_equal(json_array_size(json_object_get(root, "gates")), 2);
	json_decref(root);
	report_gate_free(&examples[0]);
	report_gate_free(&examples[1]);
}

static void status(void **state)
{
	static const struct report_filter filters[] = {
		{ TC_KIND_TCX, 77, 0, "cil_to_netdev" },
		{ TC_KIND_CLSACT, 0, 2, "flower" },
	};
	struct report_gate example;
	json_t *root, *gate, *filter;

	(void)state;
	report_gate_example(&example);
	example.interfaces[1].is_lost = true;
	example.interfaces[1].place = REPORT_MOVED;
	example.interfaces[1].ahead_known = false;
	strcpy(example.interfaces[1].moved_to, "green/eth7");
	strcpy(example.interfaces[0].former_name, "wan0");
	report_gate_ahead(&example.interfaces[0], filters, 2);
	root = printed_read(report_status_json(&example, 1, NULL));
	gate = only_gate(root);
	assert_string_equal(printed_string(gate, "gate"), "blue/eth0");
	assert_string_equal(printed_string(gate, "netns"), "blue");
	assert_string_equal(printed_string(gate, "hooks"), "both");
	assert_string_equal(printed_string(gate, "policy"), "lync-2013-public-im");
	assert_string_equal(printed_string(gate, "mode"), "enforce");
	assert_int_equal(printed_number(gate, "applied_at"), 1359676800);
	assert_int_equal(printed_number(gate, "created_at"), 1359590400);
	check_interfaces(json_object_get(gate, "interfaces"),
			 "name facing xdp tc present xdp_program xdp_link tc_program tc_link "
			 "place former_name moved_to filters_ahead");
	gate = json_array_get(json_object_get(gate, "interfaces"), 0);
	assert_true(json_is_true(json_object_get(gate, "present")));
	assert_int_equal(printed_number(gate, "xdp_program"), 12);
	assert_int_equal(printed_number(gate, "xdp_link"), 11);
	assert_int_equal(printed_number(gate, "tc_program"), 14);
	assert_int_equal(printed_number(gate, "tc_link"), 13);
	assert_string_equal(printed_string(gate, "place"), "here");
	assert_string_equal(printed_string(gate, "former_name"), "wan0");
	assert_true(json_is_null(json_object_get(gate, "moved_to")));
	assert_int_equal(json_array_size(json_object_get(gate, "filters_ahead")), 2);
	filter = json_array_get(json_object_get(gate, "filters_ahead"), 0);
	printed_has(filter, "hook program name priority");
	assert_string_equal(printed_string(filter, "hook"), "tcx");
	assert_int_equal(printed_number(filter, "program"), 77);
	assert_string_equal(printed_string(filter, "name"), "cil_to_netdev");
	filter = json_array_get(json_object_get(gate, "filters_ahead"), 1);
	assert_string_equal(printed_string(filter, "hook"), "clsact");
	assert_int_equal(printed_number(filter, "priority"), 2);
	gate = json_array_get(json_object_get(json_array_get(json_object_get(root, "gates"), 0),
					      "interfaces"),
			      1);
	assert_true(json_is_false(json_object_get(gate, "present")));
	assert_string_equal(printed_string(gate, "place"), "moved");
	assert_string_equal(printed_string(gate, "moved_to"), "green/eth7");
	/* it was not looked for */
	assert_true(json_is_null(json_object_get(gate, "filters_ahead")));
	json_decref(root);
	report_gate_free(&example);
}

/* jansson refuses what is no UTF-8: then there is no report, not one without that gate. */
static void what_cannot_be_written_fails_the_report(void **state)
{
	struct report_gate examples[2];
	struct report_interface *interface = &examples[1].interfaces[1];

	(void)state;
	report_gate_example(&examples[0]);
	report_gate_example(&examples[1]);
	interface->name[0] = (char)0xff;
	assert_null(report_status_json(examples, 2, NULL));
	assert_null(report_stats_json(examples, 2, NULL));
	interface->name[0] = 'v';
	interface->moved_to[0] = (char)0xff;
	assert_null(report_status_json(examples, 2, NULL));
	interface->moved_to[0] = '\0';
	report_gate_ahead(interface, &(struct report_filter){ .hook = TC_KIND_TCX, .name = "\xff" },
			  1);
	assert_null(report_status_json(examples, 2, NULL));
	report_gate_free(&examples[0]);
	report_gate_free(&examples[1]);
}

static void policies(void **state)
{
	const struct report_text texts[] = { { "one", "policy: one\n# \"x\"\tü\n", 21 },
					     { "two", "", 0 } };
	json_t *root, *list;

	(void)state;
	root = printed_read(report_policies_json(texts, 2));
	list = json_object_get(root, "policies");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(printed_string(json_array_get(list, 0), "name"), "one");
	assert_string_equal(printed_string(json_array_get(list, 0), "text"), texts[0].text);
	assert_true(json_is_true(json_object_get(json_array_get(list, 0), "default")));
	assert_true(json_is_false(json_object_get(json_array_get(list, 1), "default")));
	assert_string_equal(printed_string(json_array_get(list, 1), "text"), "");
	json_decref(root);
}

static void check_of_a_policy(void **state)
{
	struct report_gate example;
	json_t *root, *rules;

	(void)state;
	report_gate_example(&example);
	root = printed_read(report_check_json(&(struct report_check){
		.policy = "p",
		.policy_hash = 0x2a,
		.rules = example.rules,
		.rule_count = 3,
		.tuples = { 3, 10002 },
		.prefixes = 4,
	}));
	assert_int_equal(printed_number(root, "version"), 1);
	assert_string_equal(printed_string(root, "policy"), "p");
	assert_string_equal(printed_string(root, "policy_hash"), "000000000000002a");
	assert_int_equal(printed_number(json_object_get(root, "tuples"), "in"), 3);
	assert_int_equal(printed_number(json_object_get(root, "tuples"), "out"), 10002);
	assert_int_equal(printed_number(root, "prefixes"), 4);
	rules = json_object_get(root, "rules");
	assert_int_equal(json_array_size(rules), 3);
	printed_has(json_array_get(rules, 0), "name direction protocol ports from to note limit");
	printed_has(json_array_get(rules, 1),
		    "name direction protocol ports from to note peer_ports payload");
	printed_has(json_array_get(rules, 2), "name direction protocol ports from to note");
	json_decref(root);
	report_gate_free(&example);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats),
		cmocka_unit_test(stats_of_a_gate_without_a_policy),
		cmocka_unit_test(stats_of_no_gates_and_of_several),
		cmocka_unit_test(status),
		cmocka_unit_test(what_cannot_be_written_fails_the_report),
		cmocka_unit_test(policies),
		cmocka_unit_test(check_of_a_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
