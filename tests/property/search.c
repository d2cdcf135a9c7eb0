// SPDX-License-Identifier: GPL-2.0-only
/* Many cases from one seed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/property/property.h"

/* Rows for the same policies: to publish costs as much as a few hundred packets. */
#define ROWS 32u

static void say_ending(FILE *file, const char *who, const struct ending *ending)
{
	fprintf(file, "# %s: %s%s%s\n", who, model_outcome_label(ending->outcome),
		ending->rule[0] ? " " : "", ending->rule);
}

static void say_difference(FILE *file, const struct difference *difference, uint64_t seed)
{
	fprintf(file, "# seed %llu\n", (unsigned long long)seed);
	if (difference->at_end) {
		fprintf(file,
			"# at the end the model has %llu flows, %llu mismatches;"
			" the program %llu, %llu\n",
			(unsigned long long)difference->model_tally.flows,
			(unsigned long long)difference->model_tally.mismatches,
			(unsigned long long)difference->program_tally.flows,
			(unsigned long long)difference->program_tally.mismatches);
		return;
	}
	fprintf(file, "# packet %zu\n", difference->step + 1);
	say_ending(file, "model", &difference->model);
	say_ending(file, "program", &difference->program);
}

static void keep(struct property *property, const struct property_case *failed,
		 const struct difference *difference, uint64_t seed)
{
	struct ending endings[STEPS_MAX];
	char path[128];
	FILE *file;

	property_expect(property, failed, endings);
	say_difference(stderr, difference, seed);
	case_print(stderr, failed, endings);
	mkdir("build", 0777);
	mkdir("build/property", 0777);
	snprintf(path, sizeof(path), "build/property/seed-%llu.case", (unsigned long long)seed);
	file = fopen(path, "w");
	if (!file) {
		fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
		return;
	}
	say_difference(file, difference, seed);
	case_print(file, failed, endings);
	if (fclose(file))
		fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
	fprintf(stderr,
		"\nThis case is in %s. Who is wrong, the model or the program? The contract decides.\n"
		"When it is mended, keep the case: mv %s tests/property/cases/WHAT-IT-SHOWS.case\n"
		"It says how each packet must end, and is run before the random ones for ever.\n",
		path, path);
}

bool property_search(struct property *property, uint64_t seed, uint64_t packets)
{
	struct random random = { seed };
	struct property_case *made = calloc(1, sizeof(*made));
	uint64_t end = property->packets + packets;
	struct difference difference;
	bool differs = false, first;

	if (!made)
		abort();
	while (!differs && property->packets < end) {
		make_policies(&random, made->policies);
		first = true;
		for (unsigned int row = 0; row < ROWS && !differs; row++) {
			make_steps(&random, made);
			differs = first ? property_try(property, made, &difference) :
					  property_differs(property, made, &difference);
			first = false;
		}
	}
	if (differs) {
		fprintf(stderr, "After %llu packets the program and the model differ:\n",
			(unsigned long long)property->packets);
		say_difference(stderr, &difference, seed);
		if (property_try(property, made, &difference)) {
			fprintf(stderr, "Making the case smaller ...\n\n");
			property_shrink(property, made, &difference);
		} else {
			fprintf(stderr,
				"Not a second time: it hangs on what stands in tables from"
				" former cases, or on the time (%llu).\n\n",
				(unsigned long long)property->prog.now);
		}
		keep(property, made, &difference, seed);
	}
	free(made);
	return !differs;
}
