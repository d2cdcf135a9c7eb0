// SPDX-License-Identifier: GPL-2.0-only
#include "user/packet/hex.h"

#include <ctype.h>
#include <errno.h>

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)tolower((unsigned char)digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int hex_read(const char *text, uint8_t *bytes, size_t room, size_t *size, const char **fault)
{
	*size = 0;
	for (; *text; text++) {
		int high = hex_digit(text[0]), low;

		*fault = text;
		if (isspace((unsigned char)*text) || *text == ':')
			continue;
		if (high < 0)
			return -EINVAL;
		if (*size == room)
			return -ERANGE;
		*fault = ++text;
		low = hex_digit(*text);
		if (low < 0)
			return -EINVAL;
		bytes[(*size)++] = (uint8_t)(high << 4 | low);
	}
	*fault = text;
	return *size ? 0 : -ENODATA;
}
