/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For bench_scale: a series of gates that hold more and more, and a line of a table for each of them.
 * Everything here exits on failure.
 */
#ifndef TESTS_BENCH_SCALE_H
#define TESTS_BENCH_SCALE_H

#include <stdint.h>
#include <stdio.h>

#include "tests/bench/measure.h"

#define STEPS_MOST 8u
#define GATES_MOST 16u

/* A section: its gates, and the lines of the table that is measured next. */
struct scale {
	struct measure *measure;
	size_t steps;
	struct object gates[GATES_MOST];
	char names[STEPS_MOST][64];
	struct measure_case cases[STEPS_MOST];
};

/* A policy's text, to be written by fprintf(). */
struct scale_text {
	char *text;
	size_t size;
	FILE *file;
};

void scale_text_open(struct scale_text *text);

/* Loads a step's gate with this text, which is freed; `flows_max` 0: nothing is to go out through it. */
void scale_text_load(struct scale *scale, size_t step, struct scale_text *text, uint32_t flows_max);

/* A step's line is called so: "1,000 flows". */
void scale_name(struct scale *scale, size_t step, unsigned int number, const char *what);

/* A step's line, for its gate and what it receives: the words' packet, the same each time. */
struct measure_case *scale_case(struct scale *scale, size_t step, const char *words,
				enum outcome outcome);

/* All steps' lines. */
void scale_measure(struct scale *scale, const char *title, size_t baseline);

/* The first so many gates go. */
void scale_close(struct scale *scale, size_t gates);

#endif
