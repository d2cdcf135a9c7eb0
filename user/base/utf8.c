/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/utf8.h"

struct stretch {
	uint32_t first;
	uint32_t last;
};

/* Combining marks, zero-width characters and variation selectors. */
static const struct stretch narrow[] = {
	{ 0x0300, 0x036f },   { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200d },
	{ 0x20d0, 0x20ff },   { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
	{ 0xe0100, 0xe01ef },
};

/* East Asian wide and full-width characters, and emoji. */
static const struct stretch wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff },
	{ 0x20000, 0x3fffd },
};

static const struct stretch controls[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x061c, 0x061c }, { 0x200e, 0x200f },
	{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfff9, 0xfffb }, { 0xe0001, 0xe007f },
};

static bool in_stretches(const struct stretch *list, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= list[i].first && character <= list[i].last)
			return true;
	return false;
}

#define in(list, character) in_stretches(list, sizeof(list) / sizeof((list)[0]), character)

size_t utf8_decode(const char *bytes, size_t size, uint32_t *character)
{
	/* the smallest character that needs this many bytes: a smaller one is overlong */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)bytes;
	uint32_t value;
	size_t length;

	if (!size)
		return 0;
	if (at[0] < 0x80) {
		length = 1;
		value = at[0];
	} else if ((at[0] & 0xe0) == 0xc0) {
		length = 2;
		value = at[0] & 0x1f;
	} else if ((at[0] & 0xf0) == 0xe0) {
		length = 3;
		value = at[0] & 0x0f;
	} else if ((at[0] & 0xf8) == 0xf0) {
		length = 4;
		value = at[0] & 0x07;
	} else {
		return 0;
	}
	if (length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (character)
		*character = value;
	return length;
}

unsigned int utf8_width(uint32_t character)
{
	if (character < 0x300)
		return 1;
	if (in(narrow, character))
		return 0;
	return in(wide, character) ? 2 : 1;
}

bool utf8_is_control(uint32_t character)
{
	return in(controls, character);
}
