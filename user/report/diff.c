// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/diff.h"
#include "user/report/table.h"

#define JSON_VERSION 1
#define RANGES_SHOWN 8u

void report_diff_free(struct report_diff *diff)
{
	for (size_t i = 0; i < diff->rule_count; i++)
		free(diff->rules[i].fields);
	free(diff->rules);
	free(diff->settings);
	free(diff->opens);
	free(diff->closes);
	*diff = (struct report_diff){ 0 };
}

/* "name was -> is"; what is new or gone without the arrow. */
static void diff_field_words(const struct report_diff_field *field, struct text *text)
{
	text_format(text, "%s ", field->name);
	if (field->was && field->is)
		text_format(text, "%s -> %s", field->was, field->is);
	else if (field->is)
		text_format(text, "none -> %s", field->is);
	else
		text_format(text, "%s -> none", field->was);
	if (!field->reach)
		return;
	if (strcmp(field->reach, "same") == 0)
		text_add(text, " (the same addresses)");
	else if (strcmp(field->reach, "other") == 0)
		text_add(text, " (other addresses)");
	else
		text_format(text, " (%s)", field->reach);
}

static bool diff_is_bare(const char *name)
{
	return strcmp(name, "direction") == 0 || strcmp(name, "protocol") == 0 ||
	       strcmp(name, "ports") == 0 || strcmp(name, "types") == 0;
}

/* Of a rule that is new or gone: "in tcp 5061, from any, to access-edge (192.0.2.10)". */
static void diff_whole_rule(const struct report_diff_rule *rule, struct text *text)
{
	bool first = true;

	for (size_t i = 0; i < rule->field_count; i++) {
		const struct report_diff_field *field = &rule->fields[i];
		const char *word = field->is ? field->is : field->was;

		if (strcmp(field->name, "note") == 0 ||
		    (strcmp(field->name, "port-of") == 0 && strcmp(word, "destination") == 0))
			continue;
		if (diff_is_bare(field->name))
			text_format(text, "%s%s", first ? "" : " ", word);
		else
			text_format(text, ", %s %s", field->name, word);
		first = false;
	}
}

static void diff_rule_line(const struct report_diff_rule *rule, const struct report_style *style,
			   struct text *text)
{
	static const struct {
		const char *sign, *colour;
	} kinds[] = {
		[REPORT_DIFF_ADDED] = { "+", STYLE_GREEN },
		[REPORT_DIFF_REMOVED] = { "-", STYLE_RED },
		[REPORT_DIFF_CHANGED] = { "~", STYLE_YELLOW },
	};

	text_add(text, "  ");
	style_add(text, style, kinds[rule->kind].colour);
	text_format(text, "%s %s", kinds[rule->kind].sign, rule->name);
	style_add(text, style, STYLE_PLAIN);
	text_add(text, ": ");
	if (rule->kind == REPORT_DIFF_CHANGED)
		for (size_t i = 0; i < rule->field_count; i++) {
			text_add(text, i ? "; " : "");
			diff_field_words(&rule->fields[i], text);
		}
	else
		diff_whole_rule(rule, text);
	text_add(text, "\n");
}

/* The first few of "53, 8080-8090, ..." */
static void diff_few_ports(const char *ports, struct text *text)
{
	const char *end = ports;
	size_t shown = 0, more = 0;

	while (*end && shown < RANGES_SHOWN) {
		const char *comma = strchr(end, ',');

		shown++;
		end = !comma ? end + strlen(end) : shown < RANGES_SHOWN ? comma + 1 : comma;
	}
	text_add_bytes(text, ports, (size_t)(end - ports));
	for (; *end; end++)
		more += *end == ',';
	if (more)
		text_format(text, " and %zu more", more);
}

static void diff_ports_line(const char *verb, const struct report_diff_ports *list, size_t count,
			    size_t tuples, struct text *text)
{
	if (!tuples)
		return;
	text_format(text, "  %s %zu tuple%s: ", verb, tuples, tuples == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++) {
		text_format(text, "%s%s %s%s%s", i ? "; " : "", report_direction(list[i].direction),
			    list[i].protocol, *list[i].ports ? " " : "",
			    list[i].is_source ? "from port " : "");
		diff_few_ports(list[i].ports, text);
	}
	text_add(text, "\n");
}

char *report_diff_text(const struct report_diff *diff, const struct report_style *style)
{
	autotext struct text text = { 0 };

	for (size_t i = 0; i < diff->rule_count; i++)
		diff_rule_line(&diff->rules[i], style, &text);
	if (!diff->rule_count)
		text_add(&text, "  no rule changed\n");
	for (size_t i = 0; i < diff->setting_count; i++) {
		text_add(&text, "  ");
		style_add(&text, style, STYLE_YELLOW);
		text_add(&text, "~ ");
		style_add(&text, style, STYLE_PLAIN);
		diff_field_words(&diff->settings[i], &text);
		text_add(&text, "\n");
	}
	diff_ports_line("opens", diff->opens, diff->open_count, diff->opened, &text);
	diff_ports_line("closes", diff->closes, diff->close_count, diff->closed, &text);
	return text_take(&text);
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

static json_t *diff_json_string(const char *string)
{
	return string ? json_string(string) : json_null();
}

static json_t *diff_json_fields(const struct report_diff_field *fields, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *field = json_pack("{s:s, s:o, s:o}", "name", fields[i].name, "was",
					  diff_json_string(fields[i].was), "is",
					  diff_json_string(fields[i].is));

		if (field && fields[i].reach)
			json_object_set_new(field, "addresses", json_string(fields[i].reach));
		json_array_append_new(list, field);
	}
	return list;
}

static json_t *diff_json_ports(const struct report_diff_ports *ports, size_t count, size_t tuples)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "direction",
						      report_direction(ports[i].direction),
						      "protocol", ports[i].protocol, "port_of",
						      ports[i].is_source ? "source" : "destination",
						      "ports", ports[i].ports, "tuples",
						      (json_int_t)ports[i].tuples));
	return json_pack("{s:I, s:o}", "tuples", (json_int_t)tuples, "list", list);
}

static json_t *diff_json_policy(const char *policy, uint64_t hash)
{
	char text[17];

	if (!policy)
		return json_null();
	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	return json_pack("{s:s, s:s}", "policy", policy, "policy_hash", text);
}

char *report_diff_json(const struct report_diff *diff)
{
	static const char *const kinds[] = {
		[REPORT_DIFF_ADDED] = "added",
		[REPORT_DIFF_REMOVED] = "removed",
		[REPORT_DIFF_CHANGED] = "changed",
	};
	cleanup(cleanup_json) json_t *root = NULL;
	json_t *rules = json_array();
	autofree char *dumped = NULL;

	for (size_t i = 0; i < diff->rule_count; i++)
		json_array_append_new(rules,
				      json_pack("{s:s, s:s, s:o}", "name", diff->rules[i].name,
						"change", kinds[diff->rules[i].kind], "fields",
						diff_json_fields(diff->rules[i].fields,
								 diff->rules[i].field_count)));
	root = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "version", JSON_VERSION, "was",
			 diff_json_policy(diff->was_policy, diff->was_hash), "is",
			 diff_json_policy(diff->is_policy, diff->is_hash), "rules", rules,
			 "settings", diff_json_fields(diff->settings, diff->setting_count), "opens",
			 diff_json_ports(diff->opens, diff->open_count, diff->opened), "closes",
			 diff_json_ports(diff->closes, diff->close_count, diff->closed));
	dumped = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	return dumped ? text_print("%s\n", dumped) : NULL;
}
