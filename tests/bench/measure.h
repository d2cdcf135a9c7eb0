/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet costs, by BPF_PROG_TEST_RUN: CPU time of this thread round the system call, less that of a call
 * with two repeats. The cases of a table take turns, in another order each round, so that all of them
 * meet the same machine; only differences and ratios within one table mean something. While a call is
 * timed its thread comes first (SCHED_FIFO) on one CPU, and XDP programs are parked (parking.h).
 *
 * What cannot be measured ends the program: every function here exits on failure.
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "tests/bench/results.h"
#include "tests/lib/shuffle.h"
#include "user/kernel/object.h"
#include "user/policy/policy.h"

/* How long a part takes: how often the whole table is gone through, and packets of a case each time. */
struct measure {
	struct results *results;
	unsigned int rounds;
	unsigned int repeats;
};

/* The program's words: [--rounds N] [--repeats N] [--json FILE]; the others are what is usual. */
void measure_open(struct measure *measure, const char *part, unsigned int rounds,
		  unsigned int repeats, int argc, char **argv);

/* What main() returns. */
int measure_close(struct measure *measure);

__attribute__((noreturn)) void measure_fail(const char *what, int error);

/* ---- programs ---------------------------------------------------------------------------------- */

/* What is loaded, as `apply` would; zeroes are the built-in default policy, XDP both ways. */
struct measure_gate {
	const char *policy;                         /* text, or NULL: the built-in default */
	const struct policy_group_override *groups; /* of the default one */
	size_t group_count;
	uint32_t flows_max; /* 0: the default */
	bool tc;            /* tc's programs as well */
	bool without_marks; /* the negative cache stays off */
	bool without_out;   /* what judges what goes out isn't loaded: it takes time */
};

/* A gate of its own, attached nowhere, with the policy in force. object_close() frees it. */
void measure_load(const struct measure_gate *wish, struct object *object);

/* A program that returns this and does nothing else. Closed by the kernel at the end. */
int measure_bare_xdp(int action);
int measure_bare_tc(int action);

/* Flows over IPv4 in a gate's table. */
size_t measure_flows(const struct object *object);

/* ---- tables ------------------------------------------------------------------------------------ */

/* How a case's packets differ from each other: tests/lib/shuffle.bpf.c runs in front. */
enum measure_change {
	MEASURE_SAME,
	MEASURE_TUPLES, /* UDP/IPv4, other ends */
	MEASURE_PORTS,  /* UDP/IPv4, destination ports in a row */
	MEASURE_GATES,  /* same packet, `gates` take turns: shuffle.count of them */
	MEASURE_SENT,   /* MEASURE_TUPLES for a program at tc */
};

/* Everything in it is borrowed for as long as the table is measured. */
struct measure_case {
	const char *name;
	int program;
	enum measure_change change;
	const int *gates;  /* for MEASURE_GATES, instead of `program` */
	const char *words; /* the frame: tests/lib/frame.h */
	/* what goes before, each time, so that it has its flow; NULL: nothing */
	const char *first;
	int first_program;
	unsigned int fewer; /* of the repeats one in so many, for what is slow; 0: all */
	struct shuffle shuffle;
	/*
	 * That nine packets of ten end in, by the counters of `object`, or nothing is measured at all:
	 * a bench of the wrong way would go unseen. OUTCOME_UNDECIDED: it is not looked at.
	 */
	enum outcome outcome;
	const struct object *object;
	enum results_target target;
	double target_value;
};

/* Measures and adds a table, in nanoseconds a packet. `baseline`: its row; `count`: none. */
void measure_table(struct measure *measure, const char *title, const struct measure_case *cases,
		   size_t count, size_t baseline);

/* Runs a case's packets, as many as `count`, without a clock. */
void measure_run(const struct measure_case *one, unsigned int count);

/*
 * Adds a table of one case (MEASURE_SAME) alone on a CPU, mean of two, and on both at once; ratio at most
 * 1.05 if `has_target`. With one CPU says so and adds nothing.
 */
void measure_both(struct measure *measure, const char *title, const struct measure_case *one,
		  bool has_target);

#endif
