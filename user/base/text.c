/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/utf8.h"

#define LEAST_ROOM 64

/* Room for `size` more bytes and the NUL. */
static bool reserve(struct text *text, size_t size)
{
	size_t room = text->room ? text->room : LEAST_ROOM;
	char *bytes;

	if (text->failed)
		return false;
	if (text->bytes && size < text->room - text->length)
		return true;
	while (room - text->length <= size) {
		if (room > SIZE_MAX / 2)
			goto failed;
		room *= 2;
	}
	bytes = realloc(text->bytes, room);
	if (!bytes)
		goto failed;
	text->bytes = bytes;
	text->room = room;
	return true;
failed:
	text->failed = true;
	return false;
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
	if (!reserve(text, size))
		return;
	if (size)
		memcpy(text->bytes + text->length, bytes, size);
	text->length += size;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_repeated(struct text *text, char byte, size_t count)
{
	if (!reserve(text, count))
		return;
	memset(text->bytes + text->length, byte, count);
	text->length += count;
	text->bytes[text->length] = '\0';
}

void text_format_list(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		text->failed = true;
	else if (reserve(text, length))
		text->length +=
			vsnprintf(text->bytes + text->length, length + 1, format, arguments);
}

void text_format(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_format_list(text, format, arguments);
	va_end(arguments);
}

unsigned int text_add_character(struct text *text, uint32_t character)
{
	char escape[16];
	char bytes[4];
	size_t size;

	if (utf8_is_control(character)) {
		size = snprintf(escape, sizeof(escape), character < 0x100 ? "\\x%02x" : "\\u%04x",
				character);
		text_add_bytes(text, escape, size);
		return size;
	}
	if (character < 0x80) {
		bytes[0] = character;
		size = 1;
	} else if (character < 0x800) {
		bytes[0] = 0xc0 | character >> 6;
		bytes[1] = 0x80 | (character & 0x3f);
		size = 2;
	} else if (character < 0x10000) {
		bytes[0] = 0xe0 | character >> 12;
		bytes[1] = 0x80 | (character >> 6 & 0x3f);
		bytes[2] = 0x80 | (character & 0x3f);
		size = 3;
	} else {
		bytes[0] = 0xf0 | character >> 18;
		bytes[1] = 0x80 | (character >> 12 & 0x3f);
		bytes[2] = 0x80 | (character >> 6 & 0x3f);
		bytes[3] = 0x80 | (character & 0x3f);
		size = 4;
	}
	text_add_bytes(text, bytes, size);
	return utf8_width(character);
}

unsigned int text_add_stray_byte(struct text *text, unsigned char byte)
{
	text_format(text, "\\x%02x", byte);
	return 4;
}

void text_add_printable(struct text *text, const char *bytes, size_t size)
{
	uint32_t character;
	size_t length;

	for (size_t at = 0; at < size; at += length) {
		length = utf8_decode(bytes + at, size - at, &character);
		if (length) {
			text_add_character(text, character);
		} else {
			text_add_stray_byte(text, bytes[at]);
			length = 1;
		}
	}
}

void text_clean(char *name)
{
	size_t left = strlen(name);
	char *to = name;

	for (const char *at = name; left;) {
		uint32_t character;
		size_t length = utf8_decode(at, left, &character);
		bool fits = length && !utf8_is_control(character);

		length = length ? length : 1;
		memmove(to, fits ? at : "?", fits ? length : 1);
		to += fits ? length : 1;
		at += length;
		left -= length;
	}
	*to = '\0';
}

char *text_cleaned(const char *name)
{
	char *copy = strdup(name);

	if (copy)
		text_clean(copy);
	return copy;
}

char *text_take(struct text *text)
{
	char *bytes;

	text_add_bytes(text, "", 0); /* an empty text is a string too */
	if (text->failed)
		return NULL;
	bytes = text->bytes;
	*text = (struct text){ 0 };
	return bytes;
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

char *text_print(const char *format, ...)
{
	autotext struct text text = { 0 };
	va_list arguments;

	va_start(arguments, format);
	text_format_list(&text, format, arguments);
	va_end(arguments);
	return text_take(&text);
}
