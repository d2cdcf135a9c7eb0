/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The property: the real programs end every packet as the model does. A case is two policies and a row
 * of packets; cases are made from a seed, run on both, shrunk when they differ, and kept as text.
 */
#ifndef TESTS_PROPERTY_PROPERTY_H
#define TESTS_PROPERTY_PROPERTY_H

#include <stdio.h>

#include "tests/lib/prog.h"
#include "tests/model/model.h"
#include "tests/property/random.h"

#define STEP_BYTES_MAX 512u
#define STEPS_MAX 96u
#define POLICIES 2u

/* A packet, and how it comes. */
struct step {
	uint32_t wait; /* jiffies that pass before it */
	bool out;      /* its direction */
	uint8_t hook; /* PROG_XDP or PROG_TC; one that takes no such frame is replaced by PROG_XDP */
	uint8_t way;  /* PROG_SHORT or PROG_LONG */
	uint8_t policy; /* which of the two is in force: 0 or 1 */
	uint16_t length;
	uint16_t network; /* where its IP header begins; what quotes and changes go by */
	uint8_t bytes[STEP_BYTES_MAX];
};

struct property_case {
	struct model_policy policies[POLICIES];
	size_t count;
	struct step steps[STEPS_MAX];
};

/* ---- making ---------------------------------------------------------------------------------------- */

void make_policies(struct random *random, struct model_policy policies[POLICIES]);
/* A row of packets for the policies that are in it. */
void make_steps(struct random *random, struct property_case *made);

/* ---- text ------------------------------------------------------------------------------------------ */

/* A policy file that says what the struct does. */
void policy_print(FILE *file, const struct model_policy *policy);
char *policy_text(const struct model_policy *policy); /* to be freed */

/* How a packet ends: an outcome, and the rule's name, or "". */
struct ending {
	enum outcome outcome;
	char rule[MODEL_NAME_MAX];
};

void case_print(FILE *file, const struct property_case *printed, const struct ending *endings);

/* ---- running --------------------------------------------------------------------------------------- */

/* A slot's tuples, IPv4 and IPv6 prefixes. */
#define PROPERTY_MAPS 3u
struct property_slot {
	bool ours; /* else what prog_image() made, or nothing */
	int maps[PROPERTY_MAPS];
};

struct property {
	struct prog prog;
	struct model *model;
	char *texts[POLICIES];        /* that are published */
	unsigned int slots[POLICIES]; /* and where */
	struct property_slot slot[SLOT_COUNT];
	uint64_t packets;
	uint64_t publishes;
	uint64_t mismatches_before;                       /* the case began */
	uint64_t mismatches;                              /* that the model saw since */
	uint64_t endings[DIRECTION_COUNT][OUTCOME_COUNT]; /* by the model */
};

/* What a case leaves behind, whatever became of its packets. */
struct tally {
	uint64_t flows;
	uint64_t mismatches; /* packets that a rule's payload class doesn't have */
};

/* Where the two part: at a packet, or at the end. */
struct difference {
	bool at_end;
	size_t step;
	struct ending model;
	struct ending program;
	struct tally model_tally;
	struct tally program_tally;
};

void property_open(struct property *property);
void property_close(struct property *property);
/* Nothing is done for a text that is published already. */
void property_publish(struct property *property, char *texts[POLICIES]);
void property_put_in_force(struct property *property, unsigned int policy);

/* From empty state. The case's policies must have been published. */
bool property_differs(struct property *property, const struct property_case *run,
		      struct difference *difference);

/* Publishes, and runs. */
bool property_try(struct property *property, const struct property_case *run,
		  struct difference *difference);

/* The same by hand: nothing is remembered; one packet, on the program alone. */
void property_begin(struct property *property);
bool property_step(struct property *property, const struct step *step,
		   const struct ending *expected, struct ending *got);

/* What the model says of each step. */
void property_expect(struct property *property, const struct property_case *run,
		     struct ending endings[STEPS_MAX]);

/* Makes the case as small as it can be while the same two endings stay apart. */
void property_shrink(struct property *property, struct property_case *shrunk,
		     struct difference *difference);

/* Runs a file that case_print() wrote; says what went wrong. */
bool property_replay(struct property *property, const char *path);

/* At least so many packets from a seed. Shrinks and keeps the first case that fails. */
bool property_search(struct property *property, uint64_t seed, uint64_t packets);
/* An outcome that no packet has had so far, or OUTCOME_UNDECIDED. */
enum outcome property_missing(const struct property *property);
void property_histogram(const struct property *property, FILE *file);

#endif
