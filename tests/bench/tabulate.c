// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of what a script measured, from standard input: lines of ROW, VALUE and, where the row has a target,
 * its kind and value, separated by tabs; a row's lines are its rounds, in their order.
 *
 *	tabulate PART TITLE UNIT BASELINE [--json FILE] <values
 *
 * BASELINE is the row that the others are compared with, '' for none. Kinds: added<= ratio<= ratio>= <=
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/results.h"
#include "user/base/array.h"

struct tabulate_row {
	char *name;
	double *values;
	size_t count;
	enum results_target target;
	double target_value;
};

__attribute__((noreturn)) static void tabulate_fail(const char *why, const char *what)
{
	fprintf(stderr,
		"tabulate: %s: %s\nusage: tabulate PART TITLE UNIT BASELINE [--json FILE]\n", why,
		what);
	exit(2);
}

static enum results_target tabulate_target(const char *kind)
{
	static const char *const kinds[] = {
		[RESULTS_NO_TARGET] = "",         [RESULTS_ADDED_MOST] = "added<=",
		[RESULTS_RATIO_MOST] = "ratio<=", [RESULTS_RATIO_LEAST] = "ratio>=",
		[RESULTS_VALUE_MOST] = "<=",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return (enum results_target)i;
	tabulate_fail("no such kind of target", kind);
}

static struct tabulate_row *tabulate_find(struct tabulate_row **rows, size_t *count,
					  const char *name)
{
	struct tabulate_row *row;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*rows)[i].name, name) == 0)
			return &(*rows)[i];
	row = array_add(rows, count);
	if (!row || !(row->name = strdup(name)))
		tabulate_fail("no memory", name);
	return row;
}

static void tabulate_line(char *line, struct tabulate_row **rows, size_t *count)
{
	const char *name = strsep(&line, "\t\n"), *value = strsep(&line, "\t\n");
	const char *kind = strsep(&line, "\t\n"), *target = strsep(&line, "\t\n");
	struct tabulate_row *row;
	double *place;
	char *end;

	if (!value || !*value)
		tabulate_fail("a line without a value", name);
	row = tabulate_find(rows, count, name);
	place = array_add(&row->values, &row->count);
	if (!place)
		tabulate_fail("no memory", name);
	*place = strtod(value, &end);
	if (*end)
		tabulate_fail("not a number", value);
	if (kind && *kind) {
		row->target = tabulate_target(kind);
		row->target_value = target ? strtod(target, NULL) : 0;
	}
}

int main(int argc, char **argv)
{
	struct results_table table = { 0 };
	struct tabulate_row *rows = NULL;
	struct results_row *shown;
	struct results *results;
	char line[1024];
	size_t count = 0;
	int status;

	if (argc < 5)
		tabulate_fail("too few words", argv[argc - 1]);
	while (fgets(line, sizeof(line), stdin))
		tabulate_line(line, &rows, &count);
	if (!count)
		tabulate_fail("nothing was measured", argv[1]);
	shown = calloc(count, sizeof(*shown));
	if (!shown)
		tabulate_fail("no memory", argv[1]);
	table = (struct results_table){ argv[2], argv[3], rows[0].count, count, count, shown };
	for (size_t i = 0; i < count; i++) {
		if (rows[i].count != table.rounds)
			tabulate_fail("not as many values as the first row has", rows[i].name);
		shown[i] = (struct results_row){ rows[i].name, rows[i].values, rows[i].target,
						 rows[i].target_value };
		if (strcmp(rows[i].name, argv[4]) == 0)
			table.baseline = i;
	}
	results = results_open(argv[1], argc - 5, argv + 5);
	results_add(results, &table);
	status = results_close(results);
	for (size_t i = 0; i < count; i++) {
		free(rows[i].name);
		free(rows[i].values);
	}
	free(rows);
	free(shown);
	return status;
}
