// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/results.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"

struct results {
	const char *file; /* for JSON; NULL: none */
	json_t *all;
};

/* Quartiles of a value over the rounds. */
struct quartiles {
	double low, median, high;
};

__attribute__((noreturn)) static void results_fail(const char *why)
{
	fprintf(stderr, "bench: %s\n", why);
	exit(1);
}

static int results_compare(const void *one, const void *two)
{
	const double *a = one, *b = two;

	return *a < *b ? -1 : *a > *b;
}

static struct quartiles results_quartiles(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), results_compare);
	return (struct quartiles){ values[count / 4], values[count / 2], values[count * 3 / 4] };
}

static json_t *results_json(const struct quartiles *quartiles)
{
	return json_pack("{s:f, s:f, s:f}", "median", quartiles->median, "low", quartiles->low,
			 "high", quartiles->high);
}

static json_t *results_machine(void)
{
	autofclose FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], model[200] = "unknown CPU";
	struct utsname name;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %199[^\n]", model) == 1)
			break;
	uname(&name);
	printf("%s, %ld CPUs, Linux %s\n", model, sysconf(_SC_NPROCESSORS_ONLN), name.release);
	return json_pack("{s:s, s:I, s:s, s:s, s:I}", "cpu", model, "cpus",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel", name.release,
			 "edgegate", EDGEGATE_VERSION, "measured_at", (json_int_t)time(NULL));
}

struct results *results_open(const char *part, int argc, char **argv)
{
	struct results *results = calloc(1, sizeof(*results));

	if (!results)
		results_fail("no memory");
	if (argc == 2 && strcmp(argv[0], "--json") == 0) {
		results->file = argv[1];
	} else if (argc) {
		fprintf(stderr,
			"bench: '%s' is not understood\n"
			"its last words may be: --json FILE\n",
			argv[0]);
		exit(2);
	}
	results->all =
		json_pack("{s:s, s:o, s:[]}", "part", part, "machine", results_machine(), "tables");
	if (!results->all)
		results_fail("no memory");
	return results;
}

static bool results_is_met(const struct results_row *row, double value, double added, double ratio)
{
	switch (row->target) {
	case RESULTS_ADDED_MOST:
		return added <= row->target_value;
	case RESULTS_RATIO_MOST:
		return ratio <= row->target_value;
	case RESULTS_RATIO_LEAST:
		return ratio >= row->target_value;
	case RESULTS_VALUE_MOST:
		return value <= row->target_value;
	case RESULTS_NO_TARGET:
		break;
	}
	return true;
}

/* Of each round what it adds to the baseline of the same round, or its ratio to it. */
static struct quartiles results_against(const struct results_table *table, size_t row,
					bool is_ratio)
{
	autofree double *values = calloc(table->rounds, sizeof(*values));

	if (!values)
		results_fail("no memory");
	for (size_t i = 0; i < table->rounds; i++) {
		double base = table->rows[table->baseline].values[i];
		double value = table->rows[row].values[i];

		values[i] = is_ratio ? (base > 0 ? value / base : 0) : value - base;
	}
	return results_quartiles(values, table->rounds);
}

static void results_print_target(const struct results_row *row, bool is_met)
{
	static const char *const words[] = {
		[RESULTS_ADDED_MOST] = "added <=",
		[RESULTS_RATIO_MOST] = "ratio <=",
		[RESULTS_RATIO_LEAST] = "ratio >=",
		[RESULTS_VALUE_MOST] = "<=",
	};

	if (row->target != RESULTS_NO_TARGET)
		printf("  %s %g: %s", words[row->target], row->target_value,
		       is_met ? "met" : "missed");
	printf("\n");
}

static json_t *results_add_row(const struct results_table *table, size_t at)
{
	static const char *const keys[] = {
		[RESULTS_ADDED_MOST] = "added_most",
		[RESULTS_RATIO_MOST] = "ratio_most",
		[RESULTS_RATIO_LEAST] = "ratio_least",
		[RESULTS_VALUE_MOST] = "most",
	};
	const struct results_row *row = &table->rows[at];
	autofree double *values = calloc(table->rounds, sizeof(*values));
	struct quartiles value, added = { 0 }, ratio = { 0 };
	json_t *json;
	bool is_met;

	if (!values)
		results_fail("no memory");
	memcpy(values, row->values, table->rounds * sizeof(*values));
	value = results_quartiles(values, table->rounds);
	json = json_pack("{s:s, s:o}", "name", row->name, "value", results_json(&value));
	printf("%-44s %9.2f %9.2f %9.2f", row->name, value.median, value.low, value.high);
	if (table->baseline < table->row_count) {
		added = results_against(table, at, false);
		ratio = results_against(table, at, true);
		printf(" %+9.2f %8.3f", added.median, ratio.median);
		json_object_set_new(json, "added", results_json(&added));
		json_object_set_new(json, "ratio", results_json(&ratio));
	}
	is_met = results_is_met(row, value.median, added.median, ratio.median);
	results_print_target(row, is_met);
	if (row->target != RESULTS_NO_TARGET)
		json_object_set_new(json, "target",
				    json_pack("{s:f, s:b}", keys[row->target], row->target_value,
					      "met", is_met));
	return json;
}

void results_add(struct results *results, const struct results_table *table)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:[]}", "title", table->title, "unit",
				 table->unit, "rounds", (json_int_t)table->rounds, "rows");
	bool compares = table->baseline < table->row_count;

	if (!json)
		results_fail("no memory");
	printf("\n%s (%s, %zu rounds)\n%-44s %9s %9s %9s%s\n", table->title, table->unit,
	       table->rounds, "", "median", "25 %", "75 %", compares ? "     added    ratio" : "");
	for (size_t i = 0; i < table->row_count; i++)
		json_array_append_new(json_object_get(json, "rows"), results_add_row(table, i));
	if (compares)
		json_object_set_new(json, "baseline",
				    json_string(table->rows[table->baseline].name));
	json_array_append_new(json_object_get(results->all, "tables"), json);
	fflush(stdout);
}

int results_close(struct results *results)
{
	int status = 0;

	if (results->file && json_dump_file(results->all, results->file, JSON_INDENT(1))) {
		fprintf(stderr, "bench: cannot write %s\ngive another file to --json\n",
			results->file);
		status = 1;
	}
	json_decref(results->all);
	free(results);
	return status;
}
