/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/number.h"

static const struct unit {
	char letter;
	uint64_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

int duration_parse(const char *text, uint64_t most, uint64_t *seconds)
{
	bool too_long = false;
	size_t next_unit = 0; /* the largest that may still come */
	uint64_t total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789");
		uint64_t number = 0;
		int error = number_parse_part(text, digits, UINT64_MAX, &number);

		if (error == -EINVAL)
			return error;
		while (next_unit < UNIT_COUNT && units[next_unit].letter != text[digits])
			next_unit++;
		if (next_unit == UNIT_COUNT)
			return -EINVAL;
		if (error || number > (UINT64_MAX - total) / units[next_unit].seconds)
			too_long = true;
		else
			total += number * units[next_unit].seconds;
		next_unit++;
		text += digits + 1;
	}
	if (too_long || total > most)
		return -ERANGE;
	*seconds = total;
	return 0;
}
