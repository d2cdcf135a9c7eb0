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

int hex_read(const char *text, uint8_t *bytes, size_t room, size_t *size)
{
	*size = 0;
	while (*text) {
		int high, low;

		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || *size == room)
			return -EINVAL;
		bytes[(*size)++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *size ? 0 : -EINVAL;
}
