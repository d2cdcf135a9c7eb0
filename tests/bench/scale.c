// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/scale.h"

#include <errno.h>
#include <stdlib.h>

void scale_name(struct scale *scale, size_t step, unsigned int number, const char *what)
{
	char *name = scale->names[step];
	size_t size = sizeof(scale->names[step]);

	if (number < 1000)
		snprintf(name, size, "%u %s", number, what);
	else if (number < 1000000)
		snprintf(name, size, "%u,%03u %s", number / 1000, number % 1000, what);
	else
		snprintf(name, size, "%u,%03u,%03u %s", number / 1000000, number / 1000 % 1000,
			 number % 1000, what);
}

void scale_text_open(struct scale_text *text)
{
	text->file = open_memstream(&text->text, &text->size);
	if (!text->file)
		measure_fail("write a policy", ENOMEM);
}

void scale_text_load(struct scale *scale, size_t step, struct scale_text *text, uint32_t flows_max)
{
	const char *policy;

	if (fclose(text->file))
		measure_fail("write a policy", ENOMEM);
	policy = text->text;
	measure_load(&(struct measure_gate){ .policy = policy,
					     .flows_max = flows_max,
					     .without_out = !flows_max },
		     &scale->gates[step]);
	free(text->text);
	*text = (struct scale_text){ 0 };
}

struct measure_case *scale_case(struct scale *scale, size_t step, const char *words,
				enum outcome outcome)
{
	struct measure_case *one = &scale->cases[step];

	*one = (struct measure_case){
		.name = scale->names[step],
		.program = scale->gates[step].xdp[DIRECTION_IN],
		.words = words,
		.outcome = outcome,
		.object = &scale->gates[step],
	};
	return one;
}

void scale_measure(struct scale *scale, const char *title, size_t baseline)
{
	measure_table(scale->measure, title, scale->cases, scale->steps, baseline);
	fflush(stdout);
}

void scale_close(struct scale *scale, size_t gates)
{
	for (size_t i = 0; i < gates; i++)
		object_close(&scale->gates[i]);
}
