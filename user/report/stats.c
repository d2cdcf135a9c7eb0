// SPDX-License-Identifier: GPL-2.0-only
/* What a gate counted, for people: a port table in the shape that vendors print, counts beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/report/table.h"

#define NUMBER_SIZE 32

/* 1234567 -> "1,234,567" */
static const char *stats_number(uint64_t number, char buffer[NUMBER_SIZE])
{
	char digits[NUMBER_SIZE];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	int at = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buffer[at++] = ',';
		buffer[at++] = digits[i];
	}
	buffer[at] = '\0';
	return buffer;
}

/* 1234567 -> "1.2 MB"; powers of a thousand, as networks count */
static const char *stats_bytes(double bytes, char buffer[NUMBER_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t unit = 0;

	while (bytes >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		bytes /= 1000;
		unit++;
	}
	snprintf(buffer, NUMBER_SIZE, unit && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes,
		 units[unit]);
	return buffer;
}

/* Packets, or packets a second where there is a past. */
static void stats_cell(struct table *table, uint64_t now, uint64_t then,
		       const struct report_past *past)
{
	char number[NUMBER_SIZE];

	if (past->gate)
		table_cell(table, "%.0f/s",
			   now > then ? (double)(now - then) / past->seconds : 0.0);
	else
		table_cell(table, "%s", stats_number(now, number));
}

static void stats_bytes_cell(struct table *table, uint64_t now, uint64_t then,
			     const struct report_past *past)
{
	char number[NUMBER_SIZE];

	if (past->gate)
		table_cell(table, "%s/s",
			   stats_bytes(now > then ? (double)(now - then) / past->seconds : 0.0,
				       number));
	else
		table_cell(table, "%s", stats_bytes((double)now, number));
}

static const struct report_rule *stats_past_rule(const struct report_past *past,
						 const struct report_rule *rule)
{
	for (size_t i = 0; past->gate && i < past->gate->rule_count; i++)
		if (strcmp(past->gate->rules[i].name, rule->name) == 0 &&
		    past->gate->rules[i].direction == rule->direction)
			return &past->gate->rules[i];
	return NULL;
}

/* "3478", or with all else that the rule asks: "3478 (other end 1024-65535; limit 20/s, burst 20)" */
static void stats_port_cell(struct table *table, const struct report_rule *rule)
{
	const struct stats_asks {
		const char *what, *value;
	} asks[] = { { "other end ", rule->peers },
		     { "limit ", rule->limit },
		     { "payload ", rule->payload } };
	autotext struct text text = { 0 };
	const char *joint = " (";

	text_add(&text, rule->ports);
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		if (!*asks[i].value)
			continue;
		text_format(&text, "%s%s%s", joint, asks[i].what, asks[i].value);
		joint = "; ";
	}
	if (*joint == ';')
		text_add(&text, ")");
	table_cell(table, "%s", text.bytes ? text.bytes : "");
}

static void stats_rules(const struct report_gate *gate, const struct report_past *past,
			const struct report_style *style, struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "rule" },
		{ .title = "dir" },
		{ .title = "protocol" },
		{ .title = "port", .shrinks = true },
		{ .title = "from", .shrinks = true },
		{ .title = "to", .shrinks = true },
		{ .title = "packets", .to_the_right = true },
		{ .title = "bytes", .to_the_right = true },
		{ .title = "replies", .to_the_right = true },
		{ .title = "note", .shrinks = true },
	};
	cleanup(table_free) struct table table = { .columns = columns, .column_count = 10 };

	for (size_t i = 0; i < gate->rule_count; i++) {
		const struct report_rule *rule = &gate->rules[i];
		const struct report_rule *then = stats_past_rule(past, rule);
		const struct rule_count zero = { 0 };
		const struct rule_count *was = then ? &then->counts : &zero;

		table_cell(&table, "%s", rule->name);
		table_cell(&table, "%s", report_direction(rule->direction));
		table_cell(&table, "%s", rule->protocol ? rule->protocol : "");
		stats_port_cell(&table, rule);
		table_cell(&table, "%s", rule->from);
		table_cell(&table, "%s", rule->to);
		stats_cell(&table, rule->counts.forward.packets, was->forward.packets, past);
		stats_bytes_cell(&table, rule->counts.forward.bytes + rule->counts.reply.bytes,
				 was->forward.bytes + was->reply.bytes, past);
		stats_cell(&table, rule->counts.reply.packets, was->reply.packets, past);
		table_cell(&table, "%s%s", rule->reserve ? "(only in the former policy) " : "",
			   rule->note);
	}
	if (!table_render(&table, "  ", style, text))
		text->failed = true;
}

/* One class of outcomes; those that never happened are left out, and said to be. */
static void stats_outcomes(const struct report_gate *gate, enum outcome_class class,
			   const struct report_past *past, const struct report_style *style,
			   struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "kind" },
		{ .title = "in", .to_the_right = true },
		{ .title = "out", .to_the_right = true },
		{ .title = "", .shrinks = true },
	};
	static const struct table_column drop_columns[] = {
		{ .title = "reason" },
		{ .title = "in", .to_the_right = true },
		{ .title = "out", .to_the_right = true },
		{ .title = "", .shrinks = true },
	};
	bool drops = class == OUTCOME_CLASS_DROP;
	cleanup(table_free) struct table table = { .columns = drops ? drop_columns : columns,
						   .column_count = 4 };

	for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++) {
		const struct count *in = &gate->outcomes[outcome];
		const struct count *out = &gate->outcomes[OUTCOME_COUNT + outcome];
		uint64_t in_was = 0, out_was = 0;

		if (report_outcome_class((enum outcome)outcome) != class ||
		    (!in->packets && !out->packets))
			continue;
		if (past->gate) {
			in_was = past->gate->outcomes[outcome].packets;
			out_was = past->gate->outcomes[OUTCOME_COUNT + outcome].packets;
		}
		table_cell(&table, "%s", report_outcome_label((enum outcome)outcome));
		stats_cell(&table, in->packets, in_was, past);
		stats_cell(&table, out->packets, out_was, past);
		table_cell(&table, "%s", report_outcome_help((enum outcome)outcome));
	}
	style_add(text, style, drops ? STYLE_RED : STYLE_GREEN);
	text_add(text, drops ? "\ndropped" : "\npassed as essential");
	style_add(text, style, STYLE_PLAIN);
	if (!table.cell_count) {
		text_add(text, ": nothing\n");
		return;
	}
	text_add(text, "\n");
	if (!table_render(&table, "  ", style, text))
		text->failed = true;
}

/* Rules that ask for a class of payload, and saw another; where none did, nothing is said. */
static void stats_mismatches(const struct report_gate *gate, const struct report_past *past,
			     const struct report_style *style, struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "rule" },
		{ .title = "dir" },
		{ .title = "packets", .to_the_right = true },
	};
	cleanup(table_free) struct table table = { .columns = columns, .column_count = 3 };

	for (size_t i = 0; i < gate->rule_count; i++) {
		const struct report_rule *rule = &gate->rules[i];
		const struct report_rule *then = stats_past_rule(past, rule);

		if (!rule->counts.payload_mismatches)
			continue;
		table_cell(&table, "%s", rule->name);
		table_cell(&table, "%s", report_direction(rule->direction));
		stats_cell(&table, rule->counts.payload_mismatches,
			   then ? then->counts.payload_mismatches : 0, past);
	}
	if (!table.cell_count)
		return;
	style_add(text, style, STYLE_YELLOW);
	text_add(text, "\npayload mismatches");
	style_add(text, style, STYLE_PLAIN);
	text_add(text, "\n");
	if (!table_render(&table, "  ", style, text))
		text->failed = true;
}

static const struct report_runs *stats_past_runs(const struct report_past *past,
						 const struct report_runs *runs)
{
	for (size_t i = 0; past->gate && i < past->gate->run_count; i++)
		if (past->gate->runs[i].program == runs->program)
			return &past->gate->runs[i];
	return NULL;
}

/* What a packet costs, where the kernel counts that; in the last seconds, where there is a past. */
static void stats_runs(const struct report_gate *gate, const struct report_past *past,
		       struct text *text)
{
	for (size_t i = 0; i < gate->run_count; i++) {
		const struct report_runs *runs = &gate->runs[i];
		const struct report_runs *then = stats_past_runs(past, runs);
		uint64_t count = runs->count - (then ? then->count : 0);
		uint64_t nanoseconds = runs->nanoseconds - (then ? then->nanoseconds : 0);

		text_add(text, i ? ", " : "programs: ");
		if (gate->interface_count > 1)
			text_format(text, "%s ", gate->interfaces[runs->interface].name);
		text_format(text, "%s %s ", report_hook(runs->hook),
			    report_direction(runs->direction));
		if (count)
			text_format(text, "%.0f ns a packet", (double)nanoseconds / (double)count);
		else
			text_add(text, then ? "no packet" : "has not run");
	}
	if (gate->run_count)
		text_add(text, "\n");
}

static void stats_head(const struct report_gate *gate, const struct report_style *style,
		       struct text *text)
{
	bool enforces = strcmp(gate->mode, "enforce") == 0;

	style_add(text, style, STYLE_BOLD);
	text_format(text, "%s", gate->label);
	style_add(text, style, STYLE_PLAIN);
	text_format(text, "  %s  ", gate->policy ? gate->policy : "no policy");
	style_add(text, style, enforces ? STYLE_GREEN : STYLE_YELLOW);
	text_format(text, "%s", gate->mode);
	style_add(text, style, STYLE_PLAIN);
	if (!enforces)
		text_add(text, gate->policy ? "  (counted as if enforced; nothing is dropped)" :
					      "  (everything passes, nothing is counted)");
	text_add(text, "\n");
}

char *report_stats(const struct report_gate *gate, const struct report_past *past,
		   const struct report_style *style)
{
	autotext struct text text = { 0 };

	stats_head(gate, style, &text);
	stats_rules(gate, past, style, &text);
	stats_outcomes(gate, OUTCOME_CLASS_PASS, past, style, &text);
	stats_outcomes(gate, OUTCOME_CLASS_DROP, past, style, &text);
	stats_mismatches(gate, past, style, &text);
	text_format(&text, "\nflows: %" PRIu64 " live, room for %" PRIu64 "\n", gate->flows_entries,
		    gate->flows_max);
	stats_runs(gate, past, &text);
	return text_take(&text);
}

char *report_port_table(const struct report_rule *rules, size_t count,
			const struct report_style *style)
{
	static const struct table_column columns[] = {
		{ .title = "rule" },
		{ .title = "dir" },
		{ .title = "protocol" },
		{ .title = "port", .shrinks = true },
		{ .title = "from", .shrinks = true },
		{ .title = "to", .shrinks = true },
		{ .title = "note", .shrinks = true },
	};
	cleanup(table_free) struct table table = { .columns = columns, .column_count = 7 };
	autotext struct text text = { 0 };

	for (size_t i = 0; i < count; i++) {
		table_cell(&table, "%s", rules[i].name);
		table_cell(&table, "%s", report_direction(rules[i].direction));
		table_cell(&table, "%s", rules[i].protocol);
		stats_port_cell(&table, &rules[i]);
		table_cell(&table, "%s", rules[i].from);
		table_cell(&table, "%s", rules[i].to);
		table_cell(&table, "%s", rules[i].note);
	}
	if (!table_render(&table, "  ", style, &text))
		return NULL;
	return text_take(&text);
}
