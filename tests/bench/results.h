/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a bench found: tables whose every row is compared with one of them, the baseline, which was measured in
 * the same rounds. Printed, and kept as JSON for docs and charts.
 */
#ifndef TESTS_BENCH_RESULTS_H
#define TESTS_BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

/* A target: of the medians over the rounds of what was added to the baseline, or of the ratio to it. */
enum results_target {
	RESULTS_NO_TARGET,
	RESULTS_ADDED_MOST,  /* no more than the baseline and that much */
	RESULTS_RATIO_MOST,  /* no more than so many times the baseline */
	RESULTS_RATIO_LEAST, /* no less */
	RESULTS_VALUE_MOST,  /* the value itself */
};

struct results_row {
	const char *name;     /* borrowed */
	const double *values; /* one for each round, in the table's unit; borrowed */
	enum results_target target;
	double target_value;
};

/* Everything in it is borrowed until results_add() returns. */
struct results_table {
	const char *title;
	const char *unit; /* "ns", "Mpps", "ms", "MiB", ... */
	size_t rounds;    /* values of each row, 1 or more */
	size_t row_count;
	size_t baseline; /* row; row_count: there is none, rows stand for themselves */
	const struct results_row *rows;
};

struct results;

/* Of a program's words, which have to be none but `--json FILE` from `*argc` words on. Exits where they are others. */
struct results *results_open(const char *part, int argc, char **argv);

/* Prints a table: median, quartiles, what is added to the baseline, ratio to it, target. Exits without memory. */
void results_add(struct results *results, const struct results_table *table);

/* Writes the JSON, if it was asked for. 0, or 1 with what failed on standard error. Frees. */
int results_close(struct results *results);

#endif
