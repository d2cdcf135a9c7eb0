// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/utf8.h"
#include "user/report/replay.h"
#include "user/report/table.h"

const char *report_replay_word(enum outcome outcome)
{
	if (outcome == OUTCOME_UNDECIDED)
		return "unknown";
	return report_outcome_class(outcome) == OUTCOME_CLASS_DROP ? "drop" : "pass";
}

/* ---- a line of JSON ------------------------------------------------------------------------------ */

/*
 * Names of rules, kinds and reasons have no character that JSON would escape; files' names may, and
 * bytes that are no UTF-8, which JSON has to be: they become U+FFFD.
 */
static void replay_add_string(const char *string, struct text *text)
{
	size_t left = strlen(string);

	text_add(text, "\"");
	while (left) {
		size_t size = utf8_decode(string, left, NULL);

		if (*string == '"' || *string == '\\')
			text_format(text, "\\%c", *string);
		else if ((unsigned char)*string < 0x20)
			text_format(text, "\\u%04x", (unsigned char)*string);
		else if (size)
			text_add_bytes(text, string, size);
		else
			text_add(text, "\\ufffd");
		string += size ? size : 1;
		left -= size ? size : 1;
	}
	text_add(text, "\"");
}

/* Pieces, not printf: there is a line for every packet. */
static void replay_add_pair(const char *key, const char *value, struct text *text)
{
	text_add(text, ",\"");
	text_add(text, key);
	text_add(text, "\":\"");
	text_add(text, value);
	text_add(text, "\"");
}

static void replay_add_verdict(const struct report_replay_verdict *verdict, struct text *text)
{
	enum outcome outcome = verdict->outcome;

	text_add(text, "\"verdict\":\"");
	text_add(text, report_replay_word(outcome));
	text_add(text, "\"");
	if (outcome == OUTCOME_UNDECIDED) {
		replay_add_pair("reason", REPORT_REPLAY_TRUNCATED, text);
	} else if (report_outcome_class(outcome) == OUTCOME_CLASS_RULE) {
		replay_add_pair("rule", verdict->rule, text);
		replay_add_pair("path", outcome == OUTCOME_RULE ? "forward" : "reply", text);
	} else {
		replay_add_pair(report_outcome_class(outcome) == OUTCOME_CLASS_DROP ? "reason" :
										      "kind",
				report_outcome_label(outcome), text);
	}
}

static void replay_add_number(uint64_t number, struct text *text)
{
	char digits[20]; /* of 2^64 */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

void report_replay_line(const struct report_replay_packet *packet, struct text *text)
{
	text_add(text, "{\"n\":");
	replay_add_number(packet->number, text);
	if (packet->capture) {
		text_add(text, ",\"capture\":");
		replay_add_string(packet->capture, text);
	}
	replay_add_pair("direction", report_direction(packet->direction), text);
	text_add(text, ",");
	replay_add_verdict(&packet->verdict, text);
	if (packet->other) {
		text_add(text, ",\"other\":{");
		replay_add_verdict(packet->other, text);
		text_add(text, "}");
	}
	text_add(text, "}\n");
}

/* ---- in total ------------------------------------------------------------------------------------ */

static const char *replay_plural(uint64_t number)
{
	return number == 1 ? "" : "s";
}

/* How long the captures took: two units of it, for the eye. */
static void replay_add_time(uint64_t nanoseconds, struct text *text)
{
	uint64_t seconds = nanoseconds / 1000000000u;

	if (seconds < 120)
		text_format(text, "%.3f s", (double)nanoseconds / 1e9);
	else if (seconds < 7200)
		text_format(text, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else if (seconds < 172800)
		text_format(text, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
			    seconds / 60 % 60);
	else
		text_format(text, "%" PRIu64 " days %" PRIu64 " h", seconds / 86400,
			    seconds / 3600 % 24);
}

char *report_replay_totals(const struct report_replay_totals *totals)
{
	uint64_t in = totals->packets[DIRECTION_IN].packets;
	uint64_t out = totals->packets[DIRECTION_OUT].packets;
	uint64_t unknown =
		totals->truncated[DIRECTION_IN].packets + totals->truncated[DIRECTION_OUT].packets;
	autotext struct text text = { 0 };

	text_format(&text, "%" PRIu64 " packet%s in ", totals->read, replay_plural(totals->read));
	replay_add_time(totals->nanoseconds, &text);
	if (totals->narrowed)
		text_format(&text, "; %" PRIu64 " of them shown", in + out);
	text_format(&text, ": %" PRIu64 " in, %" PRIu64 " out\n", in, out);
	if (unknown)
		text_format(&text,
			    "%" PRIu64 " without a verdict: the capture has less of them than "
			    "their headers (tcpdump -s 0 keeps all)\n",
			    unknown);
	return text_take(&text);
}

/* ---- beside another policy ----------------------------------------------------------------------- */

static int replay_compare(const void *one, const void *two)
{
	const struct report_replay_change *left = one, *right = two;

	if (left->count.packets != right->count.packets)
		return left->count.packets > right->count.packets ? -1 : 1;
	return 0;
}

static void replay_verdict_cell(struct table *table, const struct report_replay_verdict *verdict)
{
	enum outcome outcome = verdict->outcome;
	const char *word = report_replay_word(outcome);

	if (outcome == OUTCOME_UNDECIDED)
		table_cell(table, "%s: " REPORT_REPLAY_TRUNCATED, word);
	else if (report_outcome_class(outcome) == OUTCOME_CLASS_RULE)
		table_cell(table, "%s: %s%s", word, verdict->rule,
			   outcome == OUTCOME_REPLY ? " (reply)" : "");
	else
		table_cell(table, "%s: %s", word, report_outcome_label(outcome));
}

char *report_replay_changes(struct report_replay_change *changes, size_t count,
			    const char *const policies[2], const struct report_style *style)
{
	const struct table_column columns[] = {
		{ .title = "dir" },
		{ .title = policies[0], .shrinks = true },
		{ .title = policies[1], .shrinks = true },
		{ .title = "packets", .to_the_right = true },
		{ .title = "bytes", .to_the_right = true },
	};
	cleanup(table_free) struct table table = { .columns = columns, .column_count = 5 };
	autotext struct text text = { 0 };

	if (!count)
		return text_print("both judge every packet alike\n");
	qsort(changes, count, sizeof(*changes), replay_compare);
	for (size_t i = 0; i < count; i++) {
		table_cell(&table, "%s", report_direction(changes[i].direction));
		replay_verdict_cell(&table, &changes[i].verdicts[0]);
		replay_verdict_cell(&table, &changes[i].verdicts[1]);
		table_cell(&table, "%" PRIu64, (uint64_t)changes[i].count.packets);
		table_cell(&table, "%" PRIu64, (uint64_t)changes[i].count.bytes);
	}
	if (!table_render(&table, "  ", style, &text))
		return NULL;
	return text_take(&text);
}
