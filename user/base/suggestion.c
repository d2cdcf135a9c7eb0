/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/suggestion.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LENGTH_MAX 63

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Upper and lower case are no difference: names are in lower case, and people forget it. */
static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment distance, three rows of the table at a time. */
static unsigned int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int rows[3][LENGTH_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3];
		const unsigned int *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *name)
{
	size_t word_length = strlen(suggestion->word);
	size_t name_length = strlen(name);
	size_t apart = word_length > name_length ? word_length - name_length :
						   name_length - word_length;
	/* a third of the word may be wrong, of a short one a single letter */
	unsigned int most = word_length < 6 ? 1 : word_length / 3;
	unsigned int found;

	if (!word_length || word_length > LENGTH_MAX || name_length > LENGTH_MAX)
		return;
	if (suggestion->name && !suggestion->distance)
		return;
	if (suggestion->name)
		most = least(most, suggestion->distance - 1);
	if (apart > most)
		return;
	found = distance(suggestion->word, word_length, name, name_length);
	if (found > most || found >= name_length)
		return;
	suggestion->name = name;
	suggestion->distance = found;
}
