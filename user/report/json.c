// SPDX-License-Identifier: GPL-2.0-only
/* The JSON of the contract (spec section 4). Numbers are numbers. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/gate.h"
#include "user/report/replay.h"

#define JSON_VERSION 1

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

/* Every object that is built may be NULL for want of memory; jansson passes that on. */
static json_t *json_string_or_null(const char *string)
{
	return string ? json_string(string) : json_null();
}

static json_t *json_word_or_null(const char *word)
{
	return *word ? json_string(word) : json_null();
}

/* Adds an item to a list. NULL where one or the other is: nothing is left out unseen. */
static json_t *json_append(json_t *list, json_t *item)
{
	if (!json_array_append_new(list, item))
		return list;
	json_decref(list);
	return NULL;
}

/* The same of a key and an object. */
static json_t *json_put(json_t *object, const char *key, json_t *value)
{
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

/* What stands before our tc program; null where that can't be seen. */
static json_t *json_ahead(const struct report_interface *interface)
{
	json_t *list = interface->ahead_known ? json_array() : json_null();

	for (size_t i = 0; interface->ahead_known && i < interface->ahead_count; i++) {
		const struct report_filter *filter = &interface->ahead[i];

		list = json_append(list,
				   json_pack("{s:s, s:I, s:s, s:I}", "hook",
					     report_tc_kind(filter->hook), "program",
					     (json_int_t)filter->program, "name", filter->name,
					     "priority", (json_int_t)filter->priority));
	}
	return list;
}

static json_t *json_interface(const struct report_interface *interface, bool ids)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:o}", "name", interface->name, "facing",
				   report_facing(interface->facing), "xdp",
				   report_xdp_mode(interface->xdp), "tc",
				   json_string_or_null(report_tc_kind(interface->tc)));

	if (!ids || !object)
		return object;
	object = json_put(object, "present", json_boolean(!interface->is_lost));
	object = json_put(object, "xdp_program", json_integer(interface->xdp_program));
	object = json_put(object, "xdp_link", json_integer(interface->xdp_link));
	object = json_put(object, "tc_program", json_integer(interface->tc_program));
	object = json_put(object, "tc_link", json_integer(interface->tc_link));
	object = json_put(object, "place", json_string(report_place(interface->place)));
	object = json_put(object, "former_name", json_word_or_null(interface->former_name));
	object = json_put(object, "moved_to", json_word_or_null(interface->moved_to));
	object = json_put(object, "filters_ahead", json_ahead(interface));
	return object;
}

static json_t *json_interfaces(const struct report_gate *gate, bool ids)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gate->interface_count; i++)
		list = json_append(list, json_interface(&gate->interfaces[i], ids));
	return list;
}

/* What a rule asks besides, where it does. */
static json_t *json_asks(json_t *object, const struct report_rule *rule)
{
	if (object && *rule->limit)
		object = json_put(object, "limit", json_string(rule->limit));
	if (object && *rule->payload)
		object = json_put(object, "payload", json_string(rule->payload));
	return object;
}

static json_t *json_check_rule(const struct report_rule *rule)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", rule->name,
				   "direction", report_direction(rule->direction), "protocol",
				   rule->protocol, "ports", rule->ports, "from", rule->from, "to",
				   rule->to, "note", rule->note);

	if (object && *rule->peers)
		object = json_put(object, "peer_ports", json_string(rule->peers));
	return json_asks(object, rule);
}

static json_t *json_rule(const struct report_rule *rule)
{
	json_t *object = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "name", rule->name,
				   "direction", report_direction(rule->direction), "protocol",
				   json_string_or_null(rule->protocol), "ports", rule->ports,
				   "from", rule->from, "to", rule->to);

	for (int i = 0; object && i < RULE_COUNTERS; i++) {
		const enum report_rule_counter counter = (enum report_rule_counter)i;

		object = json_put(object, report_rule_counter_key(counter),
				  json_integer((json_int_t)report_rule_count(rule, counter)));
	}
	if (object && *rule->peers)
		object = json_put(object, "peer_ports", json_string(rule->peers));
	object = json_asks(object, rule);
	if (object && rule->reserve)
		object = json_put(object, "reserve", json_true());
	if (object && *rule->note)
		object = json_put(object, "note", json_string(rule->note));
	return object;
}

static json_t *json_outcomes(const struct report_gate *gate, enum outcome_class class,
			     const char *key)
{
	json_t *list = json_array();

	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++) {
			const struct count *count =
				&gate->outcomes[direction * OUTCOME_COUNT + outcome];

			if (report_outcome_class((enum outcome)outcome) != class)
				continue;
			list = json_append(
				list, json_pack("{s:s, s:s, s:I, s:I}", "direction",
						report_direction((enum direction)direction), key,
						report_outcome_label((enum outcome)outcome),
						"packets", (json_int_t)count->packets, "bytes",
						(json_int_t)count->bytes));
		}
	}
	return list;
}

/* Seconds since 1970, from milliseconds; null: never. */
static json_t *json_moment(uint64_t moment)
{
	return moment ? json_integer((json_int_t)(moment / 1000)) : json_null();
}

/* Empty where the kernel doesn't count them. */
static json_t *json_runs(const struct report_gate *gate)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gate->run_count; i++) {
		const struct report_runs *runs = &gate->runs[i];

		list = json_append(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "interface",
						   gate->interfaces[runs->interface].name, "hook",
						   report_hook(runs->hook), "direction",
						   report_direction(runs->direction), "runs",
						   (json_int_t)runs->count, "nanoseconds",
						   (json_int_t)runs->nanoseconds));
	}
	return list;
}

static json_t *json_gate_stats(const struct report_gate *gate)
{
	json_t *rules = json_array(), *object;

	for (size_t i = 0; i < gate->rule_count; i++)
		rules = json_append(rules, json_rule(&gate->rules[i]));
	object = json_pack(
		"{s:s, s:o, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}}",
		"gate", gate->label, "netns", json_string_or_null(gate->netns), "interfaces",
		json_interfaces(gate, false), "policy", json_string_or_null(gate->policy), "mode",
		gate->mode, "applied_at", (json_int_t)gate->applied_at, "confirm_deadline",
		json_moment(gate->confirm_deadline), "rules", rules, "passed",
		json_outcomes(gate, OUTCOME_CLASS_PASS, "kind"), "drops",
		json_outcomes(gate, OUTCOME_CLASS_DROP, "reason"), "flows", "entries",
		(json_int_t)gate->flows_entries, "max", (json_int_t)gate->flows_max, "ipv4",
		(json_int_t)gate->flows_of[REPORT_IPV4], "ipv6",
		(json_int_t)gate->flows_of[REPORT_IPV6]);
	return object ? json_put(object, "program_runs", json_runs(gate)) : NULL;
}

static json_t *json_drifted(uint32_t drifted)
{
	json_t *list = json_array();

	for (int part = 0; part < PART_COUNT; part++)
		if (drifted & PART_BIT(part))
			list = json_append(list, json_string(report_part((enum listing_part)part)));
	return list;
}

static json_t *json_gate_status(const struct report_gate *gate)
{
	json_t *rolled_back = json_null(), *object;
	char hash[17];

	snprintf(hash, sizeof(hash), "%016" PRIx64, gate->policy_hash);
	if (gate->rolled_back_at)
		rolled_back = json_pack("{s:o, s:s}", "at", json_moment(gate->rolled_back_at), "by",
					gate->has_expired ? "deadline" : "command");
	object = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:s, s:b, s:o, s:o}",
			   "gate", gate->label, "netns", json_string_or_null(gate->netns), "hooks",
			   gate->hooks == HOOKS_XDP ? "xdp" : "both", "interfaces",
			   json_interfaces(gate, true), "policy", json_string_or_null(gate->policy),
			   "policy_hash", json_string_or_null(gate->policy ? hash : NULL), "mode",
			   gate->mode, "applied_at", (json_int_t)gate->applied_at, "created_at",
			   (json_int_t)gate->created_at, "confirm_deadline",
			   json_moment(gate->confirm_deadline), "policy_mode", gate->policy_mode,
			   "keeps_session", gate->keeps_session, "former_policy",
			   json_string_or_null(gate->former), "rolled_back", rolled_back);
	if (!object)
		return NULL;
	object = json_put(object, "drift", json_boolean(gate->has_drift));
	object = json_put(object, "drifted", json_drifted(gate->drifted));
	object = json_put(object, "programs",
			  json_pack("{s:s, s:b}", "version", gate->programs, "current",
				    !gate->has_other_programs));
	return object;
}

/* A document as text: with a last line end, as a file has. */
static char *json_finish(const json_t *root)
{
	autofree char *dumped = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) :
				       NULL;

	return dumped ? text_print("%s\n", dumped) : NULL;
}

char *report_policies_json(const struct report_text *policies, size_t count)
{
	cleanup(cleanup_json) json_t *root = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		list = json_append(list, json_pack("{s:s, s:b, s:s%}", "name", policies[i].name,
						   "default", i == 0, "text", policies[i].text,
						   policies[i].size));
	root = json_pack("{s:i, s:o}", "version", JSON_VERSION, "policies", list);
	return json_finish(root);
}

char *report_check_json(const struct report_check *check)
{
	cleanup(cleanup_json) json_t *root = NULL;
	json_t *rules = json_array();
	char hash[17];

	for (size_t i = 0; i < check->rule_count; i++)
		rules = json_append(rules, json_check_rule(&check->rules[i]));
	snprintf(hash, sizeof(hash), "%016" PRIx64, check->policy_hash);
	root = json_pack("{s:i, s:s, s:s, s:o, s:{s:I, s:I}, s:I, s:{s:I, s:I}}", "version",
			 JSON_VERSION, "policy", check->policy, "policy_hash", hash, "rules", rules,
			 "tuples", "in", (json_int_t)check->tuples[DIRECTION_IN], "out",
			 (json_int_t)check->tuples[DIRECTION_OUT], "prefixes",
			 (json_int_t)check->prefixes, "expectations", "count",
			 (json_int_t)check->expectations, "run",
			 (json_int_t)check->expectations_run);
	return json_finish(root);
}

static json_t *json_gates(const struct report_gate *gates, size_t count,
			  json_t *(*each)(const struct report_gate *gate))
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		list = json_append(list, each(&gates[i]));
	return json_pack("{s:i, s:o}", "version", JSON_VERSION, "gates", list);
}

/* Those that are there and can't be told of. */
static json_t *json_unread(json_t *root, const struct report_unread *unread)
{
	json_t *list = json_array();

	for (size_t i = 0; unread && i < unread->count; i++)
		list = json_append(list, json_string(unread->labels[i]));
	return root ? json_put(root, "unreadable", list) : (json_decref(list), NULL);
}

char *report_stats_json(const struct report_gate *gates, size_t count,
			const struct report_unread *unread)
{
	cleanup(cleanup_json)
		json_t *root = json_unread(json_gates(gates, count, json_gate_stats), unread);

	return json_finish(root);
}

char *report_status_json(const struct report_gate *gates, size_t count,
			 const struct report_unread *unread)
{
	cleanup(cleanup_json)
		json_t *root = json_unread(json_gates(gates, count, json_gate_status), unread);

	return json_finish(root);
}

char *report_replay_summary_json(const struct report_gate *gates, size_t count,
				 const struct report_replay_totals *totals)
{
	cleanup(cleanup_json) json_t *root = json_gates(gates, count, json_gate_stats);
	autofree char *dumped = NULL;
	json_t *unknown = json_array();

	for (int direction = 0; direction < DIRECTION_COUNT; direction++)
		unknown = json_append(unknown,
				      json_pack("{s:s, s:s, s:I, s:I}", "direction",
						report_direction((enum direction)direction),
						"reason", REPORT_REPLAY_TRUNCATED, "packets",
						(json_int_t)totals->truncated[direction].packets,
						"bytes",
						(json_int_t)totals->truncated[direction].bytes));
	root = json_put(root, "unknown", unknown);
	if (!root)
		return NULL;
	/* one line, as the packets in front of it */
	dumped = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
	return dumped ? text_print("%s\n", dumped) : NULL;
}
