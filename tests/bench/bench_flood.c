// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets cost when each is another one, with 100,000 flows in the table: floods of what nobody asked for,
 * good packets of many ends, and the flows' own packets in turn; with the negative cache (bpf/marks.h)
 * and without. Each case runs behind a small program that changes the packet (tests/lib/shuffle.bpf.c); the
 * bare case is that and a drop. How it is measured: measure.h.
 *
 *	build/bench/bench_flood [--rounds N] [--repeats N] [--json FILE]
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/bench/measure.h"

#define ROUNDS 31u
#define REPEATS 300000u
#define FLOWS 100000u
#define FEW                                                                                        \
	4096u /* tuples of a flood: as many lines as a first cache holds, or more than a second */
#define MANY 65536u
#define FIRST (1u << 20) /* their numbers begin behind the flows' */
#define SERVICE 3478u    /* a port of a rule each way */
#define MANY_BAD 18      /* the target: nanoseconds above the bare program */

enum program { BARE, IN_WITH, IN_WITHOUT, OUT_WITH, OUT_WITHOUT, PROGRAMS };

static const struct flood_row {
	const char *name;
	enum program program;
	enum outcome outcome;
	struct shuffle shuffle;
	double most; /* target; 0: none */
} rows[] = {
	{ "bare XDP_DROP", BARE, 0, { .first = FIRST, .count = MANY }, 0 },
	{ "4,096 bad packets", IN_WITH, OUTCOME_DROP_NO_RULE, { .first = FIRST, .count = FEW }, 0 },
	{ "65,536 bad packets",
	  IN_WITH,
	  OUTCOME_DROP_NO_RULE,
	  { .first = FIRST, .count = MANY },
	  MANY_BAD },
	{ "65,536 bad packets, without marks",
	  IN_WITHOUT,
	  OUTCOME_DROP_NO_RULE,
	  { .first = FIRST, .count = MANY },
	  0 },
	{ "4,096 good packets",
	  IN_WITH,
	  OUTCOME_RULE,
	  { .first = FIRST, .count = FEW, .local = SERVICE },
	  0 },
	{ "65,536 good packets",
	  IN_WITH,
	  OUTCOME_RULE,
	  { .first = FIRST, .count = MANY, .local = SERVICE },
	  0 },
	{ "4,096 packets, half of them good",
	  IN_WITH,
	  OUTCOME_UNDECIDED,
	  { .first = FIRST, .count = FEW, .local = SERVICE, .half = 1 },
	  0 },
	{ "65,536 packets, half of them good",
	  IN_WITH,
	  OUTCOME_UNDECIDED,
	  { .first = FIRST, .count = MANY, .local = SERVICE, .half = 1 },
	  0 },
	{ "4,096 forged replies",
	  IN_WITH,
	  OUTCOME_DROP_NO_RULE,
	  { .first = FIRST, .count = FEW, .remote = SERVICE },
	  0 },
	{ "65,536 forged replies",
	  IN_WITH,
	  OUTCOME_DROP_NO_RULE,
	  { .first = FIRST, .count = MANY, .remote = SERVICE },
	  0 },
	{ "65,536 forged replies, without marks",
	  IN_WITHOUT,
	  OUTCOME_DROP_NO_RULE,
	  { .first = FIRST, .count = MANY, .remote = SERVICE },
	  0 },
	{ "replies by 100,000 flows in turn",
	  IN_WITH,
	  OUTCOME_REPLY,
	  { .count = FLOWS, .remote = SERVICE },
	  0 },
	{ "replies by 100,000 in turn, without marks",
	  IN_WITHOUT,
	  OUTCOME_REPLY,
	  { .count = FLOWS, .remote = SERVICE },
	  0 },
	{ "reply by one flow", IN_WITH, OUTCOME_REPLY, { .count = 1, .remote = SERVICE }, 0 },
	{ "reply by one flow, without marks",
	  IN_WITHOUT,
	  OUTCOME_REPLY,
	  { .count = 1, .remote = SERVICE },
	  0 },
	{ "out, 100,000 flows in turn",
	  OUT_WITH,
	  OUTCOME_RULE,
	  { .count = FLOWS, .out = 1, .remote = SERVICE },
	  0 },
	{ "out, one flow", OUT_WITH, OUTCOME_RULE, { .count = 1, .out = 1, .remote = SERVICE }, 0 },
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static struct measure_case flood_case(const struct flood_row *row, const int *programs,
				      const struct object *with, const struct object *without)
{
	bool is_without = row->program == IN_WITHOUT || row->program == OUT_WITHOUT;

	return (struct measure_case){
		.name = row->name,
		.program = programs[row->program],
		.words = row->shuffle.out ? "out udp 192.0.2.10:1 > 198.51.100.7:1 data=16" :
					    "in udp 198.51.100.7:1 > 192.0.2.10:1 data=16",
		.change = MEASURE_TUPLES,
		.shuffle = row->shuffle,
		.outcome = row->outcome,
		.object = is_without ? without : with,
		.target = row->most > 0 ? RESULTS_ADDED_MOST : RESULTS_NO_TARGET,
		.target_value = row->most,
	};
}

int main(int argc, char **argv)
{
	static const struct flood_row fill[] = {
		{ "", OUT_WITH, 0, { .count = FLOWS, .out = 1, .remote = SERVICE }, 0 },
		{ "", OUT_WITHOUT, 0, { .count = FLOWS, .out = 1, .remote = SERVICE }, 0 },
	};
	const struct measure_gate gates[] = { { 0 }, { .without_marks = true } };
	struct measure_case cases[ROWS];
	struct object with, without;
	struct measure measure;
	int programs[PROGRAMS];

	measure_open(&measure, "flood", ROUNDS, REPEATS, argc, argv);
	measure_load(&gates[0], &with);
	measure_load(&gates[1], &without);
	programs[BARE] = measure_bare_xdp(XDP_DROP);
	programs[IN_WITH] = with.xdp[DIRECTION_IN];
	programs[IN_WITHOUT] = without.xdp[DIRECTION_IN];
	programs[OUT_WITH] = with.xdp[DIRECTION_OUT];
	programs[OUT_WITHOUT] = without.xdp[DIRECTION_OUT];
	for (size_t i = 0; i < 2; i++) {
		struct measure_case one = flood_case(&fill[i], programs, &with, &without);

		measure_run(&one, FLOWS);
	}
	printf("%zu and %zu flows\n", measure_flows(&with), measure_flows(&without));
	for (size_t i = 0; i < ROWS; i++)
		cases[i] = flood_case(&rows[i], programs, &with, &without);
	measure_table(&measure, "another packet each time, 100,000 flows present", cases, ROWS, 0);
	object_close(&with);
	object_close(&without);
	return measure_close(&measure);
}
