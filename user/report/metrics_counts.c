// SPDX-License-Identifier: GPL-2.0-only
/* The families of what rules and outcomes count. */
#include "user/report/metrics_counts.h"

#include <string.h>

/* Two rows of one name: one of the former policy's, in the other direction, or "(removed)". */
static bool counts_is_again(const struct report_gate *gate, size_t row)
{
	const struct report_rule *rule = &gate->rules[row];

	/* names of the policy in force are unique */
	if (rule->protocol && !rule->reserve)
		return false;
	for (size_t i = 0; i < row; i++)
		if (strcmp(gate->rules[i].name, rule->name) == 0)
			return true;
	return false;
}

/* The first row that is not of the policy in force; they stand behind those that are. */
static size_t counts_rest(const struct report_gate *gate)
{
	size_t row = 0;

	while (row < gate->rule_count && gate->rules[row].protocol && !gate->rules[row].reserve)
		row++;
	return row;
}

/* All that rules of this row's name have counted, the row's direction or not. */
static uint64_t counts_sum(const struct report_gate *gate, size_t row, size_t rest,
			   enum report_rule_counter counter)
{
	uint64_t sum = report_rule_count(&gate->rules[row], counter);

	for (size_t i = row < rest ? rest : row + 1; i < gate->rule_count; i++) {
		const struct report_rule *other = &gate->rules[i];

		if (report_rule_count(other, counter) &&
		    strcmp(other->name, gate->rules[row].name) == 0)
			sum += report_rule_count(other, counter);
	}
	return sum;
}

/* The same of the rule itself and of its replies, which differ in the last label alone. */
static void counts_rule(struct metrics_writer *writer, const struct report_gate *gate,
			enum report_rule_counter forward, enum report_rule_counter reply)
{
	metrics_label(writer, "gate", gate->label);
	metrics_keep(writer);
	for (size_t i = 0; i < gate->rule_count; i++) {
		const struct report_rule *rule = &gate->rules[i];

		metrics_label(writer, "rule", rule->name);
		metrics_label_word(writer, "direction", report_direction(rule->direction));
		metrics_label_word(writer, "protocol", rule->protocol ? rule->protocol : "");
		metrics_number_also(writer, "path", report_rule_counter_path(forward),
				    report_rule_count(rule, forward));
		metrics_label_word(writer, "path", report_rule_counter_path(reply));
		metrics_number(writer, report_rule_count(rule, reply));
	}
	metrics_forget(writer);
}

void metrics_rule_packets(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_rule(writer, gate, RULE_COUNTER_PACKETS, RULE_COUNTER_REPLY_PACKETS);
}

void metrics_rule_bytes(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_rule(writer, gate, RULE_COUNTER_BYTES, RULE_COUNTER_REPLY_BYTES);
}

/* Of those alone that ask for a payload: no other rule ever counts one. */
void metrics_payload_mismatches(struct metrics_writer *writer, const struct report_gate *gate)
{
	const size_t rest = counts_rest(gate);

	for (size_t i = 0; i < gate->rule_count; i++) {
		uint64_t sum;

		if (counts_is_again(gate, i))
			continue;
		sum = counts_sum(gate, i, rest, RULE_COUNTER_PAYLOAD_MISMATCHES);
		if (!sum && !*gate->rules[i].payload)
			continue;
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "rule", gate->rules[i].name);
		metrics_number(writer, sum);
	}
}

static void counts_outcomes(struct metrics_writer *writer, const struct report_gate *gate,
			    enum outcome_class class, bool bytes)
{
	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++) {
			const struct count *count =
				&gate->outcomes[direction * OUTCOME_COUNT + outcome];

			if (report_outcome_class((enum outcome)outcome) != class)
				continue;
			metrics_label(writer, "gate", gate->label);
			metrics_label(writer, "direction",
				      report_direction((enum direction)direction));
			metrics_label(writer, class == OUTCOME_CLASS_PASS ? "kind" : "reason",
				      report_outcome_label((enum outcome)outcome));
			metrics_number(writer, bytes ? count->bytes : count->packets);
		}
	}
}

void metrics_passed_packets(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_outcomes(writer, gate, OUTCOME_CLASS_PASS, false);
}

void metrics_passed_bytes(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_outcomes(writer, gate, OUTCOME_CLASS_PASS, true);
}

void metrics_dropped_packets(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_outcomes(writer, gate, OUTCOME_CLASS_DROP, false);
}

void metrics_dropped_bytes(struct metrics_writer *writer, const struct report_gate *gate)
{
	counts_outcomes(writer, gate, OUTCOME_CLASS_DROP, true);
}
