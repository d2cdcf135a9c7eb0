/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/number.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int number_parse_part(const char *text, size_t length, uint64_t most, uint64_t *value)
{
	bool too_large = false;
	uint64_t number = 0;

	if (!length || (text[0] == '0' && length > 1))
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		unsigned int digit = (unsigned char)text[i] - '0';

		if (digit > 9)
			return -EINVAL;
		/* go on to the end: what has a letter in it is no number, however long it is */
		if (too_large || number > (UINT64_MAX - digit) / 10)
			too_large = true;
		else
			number = number * 10 + digit;
	}
	if (too_large || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

int number_parse(const char *text, uint64_t most, uint64_t *value)
{
	return number_parse_part(text, strlen(text), most, value);
}
