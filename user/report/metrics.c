// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exposition formats: https://prometheus.io/docs/instrumenting/exposition_formats and OpenMetrics 1.0.
 * They differ in what a family is called, in escapes, units and the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/report/metrics.h"

#define METRICS_PIECE 65536u /* bytes that are given to the sink at once, at least */
#define METRICS_DIGITS 20    /* of the largest number of 64 bits */

static const char *metrics_type_name(const struct metrics_writer *writer)
{
	switch (writer->family->type) {
	case METRICS_COUNTER:
		return "counter";
	case METRICS_INFO:
		/* 0.0.4 knows none */
		return writer->format == METRICS_OPENMETRICS ? "info" : "gauge";
	case METRICS_GAUGE:
		break;
	}
	return "gauge";
}

/* What the lines of a family have behind its name. */
static const char *metrics_suffix(const struct metrics_family *family)
{
	return family->type == METRICS_COUNTER ? "_total" :
	       family->type == METRICS_INFO    ? "_info" :
						 "";
}

/*
 * As text_add_bytes(), without a call where there is room, and without a NUL behind: a scrape may be 50,000 lines of
 * a dozen pieces each.
 */
static inline void metrics_add(struct text *text, const char *bytes, size_t size)
{
	if (!text->bytes || size >= text->room - text->length) {
		text_add_bytes(text, bytes, size);
		return;
	}
	memcpy(text->bytes + text->length, bytes, size);
	text->length += size;
}

/* The bytes of a value up to the first that is to be escaped. By hand: most are a few letters. */
static size_t metrics_plain(const char *value)
{
	size_t length = 0;

	while (value[length] && value[length] != '"' && value[length] != '\\' &&
	       value[length] != '\n')
		length++;
	return length;
}

/* Help texts, and values of labels. Quotes are escaped in help by OpenMetrics alone. */
static void metrics_escape(struct text *text, const char *value, bool quotes)
{
	while (*value) {
		size_t plain = metrics_plain(value);

		metrics_add(text, value, plain);
		value += plain;
		if (*value)
			text_add(text, *value == '\n' ? "\\n" :
				       *value == '\\' ? "\\\\" :
				       quotes         ? "\\\"" :
							"\"");
		value += *value != '\0';
	}
}

static void metrics_flush(struct metrics_writer *writer, size_t least)
{
	struct text *text = &writer->text;

	if (text->failed || writer->labels.failed)
		writer->error = -ENOMEM;
	if (writer->error || text->length < least)
		return;
	if (text->length)
		writer->error = writer->sink(text->bytes, text->length, writer->data);
	text->length = 0;
}

/* In OpenMetrics a family is called without what its lines have behind. */
static void metrics_head_line(struct metrics_writer *writer, const char *word)
{
	const struct metrics_family *family = writer->family;

	text_add(&writer->text, "# ");
	text_add(&writer->text, word);
	text_add(&writer->text, " ");
	text_add(&writer->text, family->name);
	if (writer->format == METRICS_PROMETHEUS)
		text_add(&writer->text, metrics_suffix(family));
	text_add(&writer->text, " ");
}

static void metrics_head(struct metrics_writer *writer, const struct metrics_family *family)
{
	writer->family = family;
	writer->name_length = (size_t)snprintf(writer->name, sizeof(writer->name), "%s%s",
					       family->name, metrics_suffix(family));
	metrics_head_line(writer, "TYPE");
	text_add(&writer->text, metrics_type_name(writer));
	text_add(&writer->text, "\n");
	if (writer->format == METRICS_OPENMETRICS && *family->unit) {
		metrics_head_line(writer, "UNIT");
		text_add(&writer->text, family->unit);
		text_add(&writer->text, "\n");
	}
	metrics_head_line(writer, "HELP");
	metrics_escape(&writer->text, family->help, writer->format == METRICS_OPENMETRICS);
	text_add(&writer->text, "\n");
}

void metrics_label(struct metrics_writer *writer, const char *name, const char *value)
{
	struct text *labels = &writer->labels;

	metrics_add(labels, labels->length ? "," : "{", 1);
	metrics_add(labels, name, strlen(name));
	metrics_add(labels, "=\"", 2);
	metrics_escape(labels, value, true);
	metrics_add(labels, "\"", 1);
}

void metrics_label_word(struct metrics_writer *writer, const char *name, const char *value)
{
	struct text *labels = &writer->labels;

	metrics_add(labels, labels->length ? "," : "{", 1);
	metrics_add(labels, name, strlen(name));
	metrics_add(labels, "=\"", 2);
	metrics_add(labels, value, strlen(value));
	metrics_add(labels, "\"", 1);
}

void metrics_keep(struct metrics_writer *writer)
{
	writer->kept = writer->labels.length;
}

void metrics_forget(struct metrics_writer *writer)
{
	writer->kept = writer->labels.length = 0;
}

static void metrics_line(struct metrics_writer *writer, const char *value, size_t size)
{
	struct text *text = &writer->text;

	metrics_add(text, writer->name, writer->name_length);
	if (writer->labels.length) {
		metrics_add(text, writer->labels.bytes, writer->labels.length);
		metrics_add(text, "} ", 2);
	} else {
		metrics_add(text, " ", 1);
	}
	writer->labels.length = writer->kept;
	metrics_add(text, value, size);
	metrics_add(text, "\n", 1);
	metrics_flush(writer, METRICS_PIECE);
}

/* Not by printf: a scrape may be 50,000 of them. */
void metrics_number(struct metrics_writer *writer, uint64_t value)
{
	char digits[METRICS_DIGITS];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	metrics_line(writer, digits + at, sizeof(digits) - at);
}

void metrics_number_also(struct metrics_writer *writer, const char *name, const char *label,
			 uint64_t value)
{
	const size_t length = writer->labels.length;

	metrics_label_word(writer, name, label);
	metrics_number(writer, value);
	writer->labels.length = length;
}

void metrics_real(struct metrics_writer *writer, double value)
{
	char digits[32];

	metrics_line(writer, digits, (size_t)snprintf(digits, sizeof(digits), "%.15g", value));
}

int metrics_write(enum metrics_format format, const struct report_gate *gates, size_t count,
		  const struct metrics_self *self, metrics_sink sink, void *data)
{
	struct metrics_writer writer = { .format = format, .sink = sink, .data = data };

	for (size_t i = 0; i < metrics_family_count && !writer.error; i++) {
		const struct metrics_family *family = &metrics_families[i];

		metrics_head(&writer, family);
		for (size_t j = 0; family->of_gate && j < count && !writer.error; j++)
			family->of_gate(&writer, &gates[j]);
		if (family->of_self)
			family->of_self(&writer, self);
	}
	if (format == METRICS_OPENMETRICS)
		text_add(&writer.text, "# EOF\n");
	metrics_flush(&writer, 0);
	text_free(&writer.text);
	text_free(&writer.labels);
	return writer.error;
}

static int metrics_collect(const char *bytes, size_t size, void *data)
{
	text_add_bytes(data, bytes, size);
	return ((struct text *)data)->failed ? -ENOMEM : 0;
}

char *metrics_text(enum metrics_format format, const struct report_gate *gates, size_t count,
		   const struct metrics_self *self)
{
	autotext struct text text = { 0 };

	if (metrics_write(format, gates, count, self, metrics_collect, &text))
		return NULL;
	return text_take(&text);
}
