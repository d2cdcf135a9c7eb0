/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The printed form of bad news. The offending line is shown as a terminal would draw it: tabs as
 * spaces, escapes in place of controls, wide characters counted as two columns, and of a long line
 * only what is around the place.
 */
#include <string.h>

#include "user/base/diag.h"
#include "user/base/source.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

#define LINE_MAX_BYTES 120  /* a longer line is shortened ... */
#define BEFORE_MAX_BYTES 60 /* ... to this much before the place ... */
#define SHOWN_MAX_BYTES 110 /* ... and this much in all */
#define SHOWN_MAX_COLUMNS 120
#define WORD_MAX_BYTES 160 /* a longer word in a message is shortened */
#define MESSAGE_MAX_BYTES 1000
#define TAB_STOP 8

/* Where a character begins, at or before `at` but not before `start`. */
static size_t character_start(const char *bytes, size_t start, size_t at)
{
	while (at > start && ((unsigned char)bytes[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* The user's words may be a megabyte long, and hold anything. */
static void add_message(struct text *out, const char *message)
{
	size_t size = strlen(message), shown = 0;
	const char *at = message;

	while (*at && shown < MESSAGE_MAX_BYTES) {
		size_t word = strcspn(at, " ");
		size_t kept = word > WORD_MAX_BYTES ? character_start(at, 0, WORD_MAX_BYTES) : word;

		text_add_printable(out, at, kept);
		if (kept < word)
			text_add(out, at[word - 1] == '\'' ? "...'" : "...");
		shown += kept + 1;
		at += word;
		if (*at)
			text_add_bytes(out, at++, 1);
	}
	if (at < message + size)
		text_add(out, "...");
}

/* One character of the line, drawn from `column`; gives its bytes, and counts its columns. */
static size_t add_drawn(struct text *out, const char *bytes, size_t size, unsigned int *column)
{
	uint32_t character = 0;
	size_t length = utf8_decode(bytes, size, &character);
	unsigned int spaces;

	if (!length) {
		*column += text_add_stray_byte(out, bytes[0]);
		return 1;
	}
	if (character == '\t') {
		spaces = TAB_STOP - *column % TAB_STOP;
		text_add_repeated(out, ' ', spaces);
		*column += spaces;
	} else {
		*column += text_add_character(out, character);
	}
	return length;
}

static void trim_end(struct text *out)
{
	while (out->length && out->bytes[out->length - 1] == ' ')
		out->bytes[--out->length] = '\0';
}

static void add_excerpt(struct text *out, const struct place *place)
{
	const struct source *source = place->source;
	size_t offset = place->offset < source->size ? place->offset : source->size;
	size_t start = source_line_start(source, offset);
	size_t end = source_line_end(source, offset);
	size_t from = start, to = end, place_end;
	unsigned int column = 0, under_from = 0, under_to = 0;
	autotext struct text number = { 0 };

	if (offset < start) /* the place is a byte order mark */
		offset = start;
	if (end < offset)
		end = to = offset;
	place_end = place->length < end - offset ? offset + place->length : end;
	if (end - start > LINE_MAX_BYTES) {
		if (offset - start > BEFORE_MAX_BYTES)
			from = character_start(source->text, start, offset - BEFORE_MAX_BYTES);
		if (end - from > SHOWN_MAX_BYTES)
			to = character_start(source->text, offset, from + SHOWN_MAX_BYTES);
	}
	text_format(&number, "%4u", place->line);
	text_format(out, "%s | ", number.failed ? "" : number.bytes);
	if (from > start) {
		text_add(out, "...");
		column = 3;
	}
	for (size_t at = from; at < to;) {
		/* escapes are wider than what they stand for */
		if (at > offset && column >= SHOWN_MAX_COLUMNS) {
			to = at;
			break;
		}
		if (at <= offset)
			under_from = column;
		at += add_drawn(out, source->text + at, to - at, &column);
		if (at <= place_end)
			under_to = column;
	}
	if (offset >= to) /* behind the last character */
		under_from = column;
	if (to < end)
		text_add(out, "...");
	trim_end(out);
	text_add(out, "\n");
	text_add_repeated(out, ' ', number.length);
	text_add(out, " | ");
	text_add_repeated(out, ' ', under_from);
	text_add(out, "^");
	if (under_to > under_from + 1)
		text_add_repeated(out, '~', under_to - under_from - 1);
	text_add(out, "\n");
}

static void add_diag(struct text *out, const struct diag *diag)
{
	const struct place *place = &diag->place;

	text_add(out, "edgegate: ");
	if (place->source) {
		text_add_printable(out, place->source->name, strlen(place->source->name));
		if (place->line)
			text_format(out, ":%u:%u", place->line, place->column);
		text_add(out, ": ");
	}
	if (diag->kind == DIAG_WARNING)
		text_add(out, "warning: ");
	if (!place->source && diag->what && *diag->what) {
		add_message(out, diag->what);
		text_add(out, ": ");
	}
	add_message(out, diag->why ? diag->why : "out of memory");
	text_add(out, "\n");
	if (place->source && place->line)
		add_excerpt(out, place);
	if (diag->hint && *diag->hint) {
		add_message(out, diag->hint);
		text_add(out, "\n");
	}
}

char *diag_text(const struct diag *diag)
{
	autotext struct text out = { 0 };

	add_diag(&out, diag);
	return text_take(&out);
}

char *diag_text_all(const struct diags *diags)
{
	autotext struct text out = { 0 };

	for (size_t i = 0; i < diags->count; i++)
		add_diag(&out, &diags->list[i]);
	if (diags->dropped)
		text_format(&out, "edgegate: %zu more %s\n", diags->dropped,
			    diags->failed ? "like these" : "warnings");
	return text_take(&out);
}
