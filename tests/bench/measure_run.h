/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of measure.h that time: for measure.c and measure_both.c alone. */
#ifndef TESTS_BENCH_MEASURE_RUN_H
#define TESTS_BENCH_MEASURE_RUN_H

#include "tests/bench/measure.h"
#include "tests/lib/frame.h"

/* Loads what changes packets; this thread stays on one CPU from now on. */
void measure_run_open(void);
void measure_run_close(void);

/* What goes before a case's packets, and the frame that they begin as. */
void measure_run_first(const struct measure_case *one, struct frame_bytes *frame);

/* CPU time of this thread for so many runs, nanoseconds. */
double measure_run_call(int program, const struct frame_bytes *frame, unsigned int count);

/* CPU time of this thread for a packet, of `repeats`, nanoseconds. */
double measure_run_time(int program, const struct frame_bytes *frame, unsigned int repeats);

/* Ends the program where the case's packets don't end as it says. */
void measure_run_check(const struct measure_case *one);

#endif
