// SPDX-License-Identifier: GPL-2.0-only
#include "user/report/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"

#define HISTORY_KEPT (HISTORY_INTERVAL * HISTORY_SAMPLES) /* seconds */

/* Packets since the gate was made. */
struct history_sample {
	uint64_t at; /* CLOCK_REALTIME, seconds */
	uint64_t passed[DIRECTION_COUNT];
	uint64_t outcomes[OUTCOME_COUNTERS]; /* those of drops alone are used */
};

struct history_gate {
	char *label;
	uint64_t created_at;
	struct history_sample *samples; /* HISTORY_SAMPLES of them, a ring */
	size_t first, count;
};

static void history_end(struct history_gate *gate)
{
	free(gate->label);
	free(gate->samples);
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		history_end(&history->list[i]);
	free(history->list);
	*history = (struct history){ 0 };
}

static const struct history_sample *history_sample(const struct history_gate *gate, size_t at)
{
	return &gate->samples[(gate->first + at) % HISTORY_SAMPLES];
}

static struct history_gate *history_find(struct history *history, const char *label)
{
	for (size_t i = 0; i < history->count; i++)
		if (strcmp(history->list[i].label, label) == 0)
			return &history->list[i];
	return NULL;
}

static int history_begin(struct history *history, const char *label, struct history_gate **gate)
{
	autofree char *name = strdup(label);
	autofree struct history_sample *samples = calloc(HISTORY_SAMPLES, sizeof(*samples));

	*gate = NULL;
	if (history->count == HISTORY_GATES_MAX)
		return 0;
	if (name && samples)
		*gate = array_add(&history->list, &history->count);
	if (!*gate)
		return -ENOMEM;
	(*gate)->label = take_pointer(&name);
	(*gate)->samples = take_pointer(&samples);
	return 0;
}

static void history_count(const struct report_gate *gate, struct history_sample *sample)
{
	for (size_t i = 0; i < gate->rule_count; i++) {
		const struct report_rule *rule = &gate->rules[i];
		const enum direction there = rule->direction;
		const enum direction back = there == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;

		sample->passed[there] += rule->counts.forward.packets;
		sample->passed[back] += rule->counts.reply.packets;
	}
	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++) {
			const size_t at = (size_t)direction * OUTCOME_COUNT + (size_t)outcome;

			sample->outcomes[at] = gate->outcomes[at].packets;
			if (report_outcome_class((enum outcome)outcome) == OUTCOME_CLASS_PASS)
				sample->passed[direction] += gate->outcomes[at].packets;
		}
	}
}

static int history_add_one(struct history *history, const struct report_gate *gate, uint64_t now)
{
	struct history_gate *kept = history_find(history, gate->label);
	struct history_sample *sample;
	int error = kept ? 0 : history_begin(history, gate->label, &kept);

	if (error || !kept)
		return error;
	if (kept->created_at != gate->created_at)
		kept->first = kept->count = 0;
	kept->created_at = gate->created_at;
	if (kept->count == HISTORY_SAMPLES) {
		kept->first = (kept->first + 1) % HISTORY_SAMPLES;
		kept->count--;
	}
	sample = &kept->samples[(kept->first + kept->count++) % HISTORY_SAMPLES];
	*sample = (struct history_sample){ .at = now };
	history_count(gate, sample);
	return 0;
}

/* One that is gone: its last sample is too old. A clock that was set back makes none old. */
static void history_forget(struct history *history, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < history->count; i++) {
		struct history_gate *gate = &history->list[i];

		if (gate->count && history_sample(gate, gate->count - 1)->at + HISTORY_KEPT < now)
			history_end(gate);
		else
			history->list[kept++] = *gate;
	}
	history->count = kept;
}

int history_add(struct history *history, const struct report_gate *gates, size_t count,
		uint64_t now)
{
	int error = 0;

	history_forget(history, now);
	for (size_t i = 0; i < count; i++) {
		int failed = history_add_one(history, &gates[i], now);

		error = failed ? failed : error;
	}
	return error;
}

/* ---- as JSON: written by hand, since a tree of 30,000 numbers for each gate would be megabytes ----------- */

static void history_word(struct text *text, const char *word)
{
	text_add(text, "\"");
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			text_add(text, "\\");
		/* labels are cleaned: there is no control character in them */
		text_add_bytes(text, word, 1);
	}
	text_add(text, "\"");
}

/* The numbers of one counter, `offset` bytes into a sample. */
static void history_row(struct text *text, const struct history_gate *gate, size_t offset)
{
	text_add(text, "[");
	for (size_t i = 0; i < gate->count; i++) {
		uint64_t number;

		memcpy(&number, (const char *)history_sample(gate, i) + offset, sizeof(number));
		text_format(text, "%s%" PRIu64, i ? "," : "", number);
	}
	text_add(text, "]");
}

static void history_drops(struct text *text, const struct history_gate *gate)
{
	const char *joint = "";

	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (int outcome = 1; outcome < OUTCOME_COUNT; outcome++) {
			const size_t at = (size_t)direction * OUTCOME_COUNT + (size_t)outcome;

			if (report_outcome_class((enum outcome)outcome) != OUTCOME_CLASS_DROP)
				continue;
			text_format(text,
				    "%s\n{\"direction\":\"%s\",\"reason\":\"%s\",\"packets\":",
				    joint, report_direction((enum direction)direction),
				    report_outcome_label((enum outcome)outcome));
			history_row(text, gate,
				    offsetof(struct history_sample, outcomes) +
					    at * sizeof(uint64_t));
			text_add(text, "}");
			joint = ",";
		}
	}
}

char *history_json(const struct history *history)
{
	autotext struct text text = { 0 };

	text_format(&text, "{\"version\":1,\"interval\":%u,\"gates\":[", HISTORY_INTERVAL);
	for (size_t i = 0; i < history->count; i++) {
		const struct history_gate *gate = &history->list[i];

		text_format(&text, "%s\n{\"gate\":", i ? "," : "");
		history_word(&text, gate->label);
		text_format(&text, ",\"created_at\":%" PRIu64 ",\"at\":", gate->created_at);
		history_row(&text, gate, offsetof(struct history_sample, at));
		text_add(&text, ",\n\"passed\":[{\"direction\":\"in\",\"packets\":");
		history_row(&text, gate, offsetof(struct history_sample, passed));
		text_add(&text, "},\n{\"direction\":\"out\",\"packets\":");
		history_row(&text, gate,
			    offsetof(struct history_sample, passed) + sizeof(uint64_t));
		text_add(&text, "}],\n\"drops\":[");
		history_drops(&text, gate);
		text_add(&text, "]}");
	}
	text_add(&text, "]}\n");
	return text_take(&text);
}
