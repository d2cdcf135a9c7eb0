// SPDX-License-Identifier: GPL-2.0-only
/* Names that come from the contract's X-list, and those of small enums. */
#include <stdlib.h>

#include "user/base/text.h"
#include "user/report/gate.h"

struct outcome_name {
	const char *label;
	const char *help;
	enum outcome_class class;
};

static const struct outcome_name outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_UNDECIDED] = { "undecided", "", OUTCOME_CLASS_DROP },
#define OUTCOME_NAME(symbol, label, class, help)                                                   \
	[OUTCOME_##symbol] = { label, help, OUTCOME_CLASS_##class },
	OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
};

const char *report_outcome_label(enum outcome outcome)
{
	return outcome_names[outcome].label;
}

const char *report_outcome_help(enum outcome outcome)
{
	return outcome_names[outcome].help;
}

enum outcome_class report_outcome_class(enum outcome outcome)
{
	return outcome_names[outcome].class;
}

uint64_t report_rule_count(const struct report_rule *rule, enum report_rule_counter counter)
{
	switch (counter) {
#define RULE_COUNT(symbol, member, key, path)                                                      \
	case RULE_COUNTER_##symbol:                                                                \
		return rule->counts.member;
		REPORT_RULE_COUNTERS(RULE_COUNT)
#undef RULE_COUNT
	case RULE_COUNTERS:
		break;
	}
	return 0;
}

const char *report_rule_counter_key(enum report_rule_counter counter)
{
	static const char *const keys[RULE_COUNTERS] = {
#define RULE_COUNTER_KEY(symbol, member, key, path) key,
		REPORT_RULE_COUNTERS(RULE_COUNTER_KEY)
#undef RULE_COUNTER_KEY
	};

	return keys[counter];
}

const char *report_rule_counter_path(enum report_rule_counter counter)
{
	static const char *const paths[RULE_COUNTERS] = {
#define RULE_COUNTER_PATH(symbol, member, key, path) path,
		REPORT_RULE_COUNTERS(RULE_COUNTER_PATH)
#undef RULE_COUNTER_PATH
	};

	return paths[counter];
}

const char *report_part(enum listing_part part)
{
	static const char *const names[PART_COUNT] = {
#define REPORT_PART(symbol, name) name,
		LISTING_PARTS(REPORT_PART)
#undef REPORT_PART
	};

	return part < PART_COUNT ? names[part] : "?";
}

char *report_parts(uint32_t parts)
{
	autotext struct text text = { 0 };
	const char *before = "";

	for (int part = 0; part < PART_COUNT; part++) {
		if (!(parts & PART_BIT(part)))
			continue;
		text_format(&text, "%s%s", before, report_part((enum listing_part)part));
		before = ", ";
	}
	return text_take(&text);
}

const char *report_direction(enum direction direction)
{
	return direction == DIRECTION_IN ? "in" : "out";
}

const char *report_hook(enum report_hook hook)
{
	return hook == REPORT_XDP ? "xdp" : "tc";
}

const char *report_facing(enum facing facing)
{
	return facing == FACING_INSIDE ? "inside" : "outside";
}

const char *report_xdp_mode(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? "generic" : "native";
}

const char *report_tc_kind(enum tc_kind kind)
{
	switch (kind) {
	case TC_KIND_TCX:
		return "tcx";
	case TC_KIND_CLSACT:
		return "clsact";
	case TC_KIND_NONE:
		break;
	}
	return NULL;
}

const char *report_place(enum report_place place)
{
	static const char *const names[] = {
		[REPORT_HERE] = "here",   [REPORT_GONE] = "gone",     [REPORT_ANEW] = "anew",
		[REPORT_MOVED] = "moved", [REPORT_UNSEEN] = "unseen",
	};

	return names[place];
}

static void report_rule_free(struct report_rule *rule)
{
	if (rule->block) {
		free(rule->block);
		return;
	}
	free(rule->name);
	free(rule->protocol);
	free(rule->ports);
	free(rule->peers);
	free(rule->limit);
	free(rule->payload);
	free(rule->from);
	free(rule->to);
	free(rule->note);
}

void report_gate_free(struct report_gate *gate)
{
	for (size_t i = 0; i < gate->rule_count; i++)
		report_rule_free(&gate->rules[i]);
	for (size_t i = 0; i < gate->interface_count; i++)
		free(gate->interfaces[i].ahead);
	free(gate->rules);
	free(gate->label);
	free(gate->netns);
	free(gate->policy);
	free(gate->former);
	*gate = (struct report_gate){ 0 };
}

void report_unread_free(struct report_unread *unread)
{
	for (size_t i = 0; i < unread->count; i++)
		free(unread->labels[i]);
	free(unread->labels);
	*unread = (struct report_unread){ 0 };
}
