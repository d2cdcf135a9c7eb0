/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libfyaml lets control characters pass and reports broken UTF-8 without a place that a user could
 * find, so the text is looked at first.
 */
#include "user/policy/yaml_check.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "user/base/source.h"
#include "user/base/utf8.h"

#define BYTE_ORDER_MARK 0xfeff

static int refuse(const struct source *source, size_t offset, size_t length, const char *why,
		  unsigned int character, const char *hint, struct diags *diags)
{
	struct source_cursor cursor;
	struct place place;

	source_cursor_begin(&cursor, source);
	place = source_cursor_place(&cursor, offset, length);
	diag_policy(diags, &place, why, character);
	diag_hint(diags, "%s", hint);
	return -EINVAL;
}

/* c-printable of YAML 1.2. */
static bool may_stand(uint32_t character)
{
	if (character < 0x20)
		return character == '\t' || character == '\n' || character == '\r';
	if (character >= 0x7f && character < 0xa0)
		return character == 0x85;
	return character != 0xfffe && character != 0xffff;
}

/*
 * More opening brackets than this without their closing ones: libfyaml keeps some 350 bytes for each
 * before it hands out the first, so depth must be bounded here already. Quotes and comments are not
 * told apart; no policy has so many of them open in its texts.
 */
#define OPEN_MAX 10000u

/* How many brackets are open behind this character. */
static unsigned int count_open(uint32_t character, unsigned int open)
{
	if (character == '[' || character == '{')
		return open + 1;
	if ((character == ']' || character == '}') && open)
		return open - 1;
	return open;
}

int yaml_check_characters(const struct source *source, struct diags *diags)
{
	const char *text = source->text;
	unsigned int open = 0;
	uint32_t character;
	size_t length;

	if (source->size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return refuse(source, 0, 2, "the text is UTF-16 (byte 0x%02x), not UTF-8",
			      (unsigned char)text[0], "save it as UTF-8", diags);
	for (size_t at = 0; at < source->size; at += length) {
		length = utf8_decode(text + at, source->size - at, &character);
		if (!length)
			return refuse(source, at, 1, "byte 0x%02x here is not UTF-8",
				      (unsigned char)text[at], "save the text as UTF-8", diags);
		if (character == 0)
			return refuse(source, at, 1, "byte 0x%02x here is no text", 0,
				      "a policy is a text file: is this the right one?", diags);
		if (!may_stand(character) || (character == BYTE_ORDER_MARK && at > 0))
			return refuse(source, at, length,
				      "the character U+%04X is not allowed in YAML", character,
				      "remove it", diags);
		open = count_open(character, open);
		if (open > OPEN_MAX)
			return refuse(source, at, 1, "more than %u brackets are open here",
				      OPEN_MAX, "a policy nests a few levels deep at most", diags);
	}
	return 0;
}

int yaml_check_directives(const struct source *source, size_t end, struct diags *diags)
{
	struct source_cursor cursor;

	source_cursor_begin(&cursor, source);
	for (size_t at = source_line_start(source, 0); at < end && at < source->size;) {
		size_t line_end = source_line_end(source, at);
		size_t length = line_end - at;
		struct place place;

		while (length && strchr(" \t", source->text[at + length - 1]))
			length--;
		if (source->text[at] == '%' &&
		    !(length == 9 && !strncmp(source->text + at, "%YAML 1.2", 9))) {
			place = source_cursor_place(&cursor, at, length);
			diag_policy(diags, &place, "a policy has no use for YAML directives");
			diag_hint(diags, "leave this line out: a policy is YAML 1.2 without tags");
			return -EINVAL;
		}
		at = line_end + 1;
	}
	return 0;
}
