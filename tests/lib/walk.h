/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program walked instruction by instruction, on a frame, over the gate's own maps: what it executes and which
 * helpers it calls on the way to its outcome. It is the code as libbpf hands it to the kernel, so the counts are
 * the same on every kernel and CPU; what the verifier leaves out as dead, and what the JIT makes of it, they
 * don't know.
 */
#ifndef TESTS_LIB_WALK_H
#define TESTS_LIB_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/prog.h"

#define WALK_MAPS 16u /* different ones that a packet may ask */

struct walk_cost {
	unsigned int instructions;
	unsigned int calls;   /* of functions of its own */
	unsigned int helpers; /* all calls of the kernel's */
	struct walk_lookups { /* those that look something up, by map, in the order of the first */
		char map[16];
		unsigned int count;
	} lookups[WALK_MAPS];
	unsigned int lookup_count; /* of maps */
	unsigned int updates;      /* of any map */
};

/* How it ended. */
struct walk_end {
	int action;
	uint32_t decision; /* of a walk with the `testing` knob; else 0 */
};

/*
 * Walks the program of `hook` for the frame's direction. `testing`: with the knob set, as the kernel runs it in
 * tests; else as on a live gate, at the jiffy that prog->now says. Maps are updated as the program says, and
 * what it writes to values that it looked up is forgotten. Fails the test on an instruction or a helper that is not known.
 */
struct walk_end walk(struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
		     bool testing, struct walk_cost *cost);

/* Instructions of that program with all its functions. */
size_t walk_length(const struct prog *prog, unsigned int hook, enum direction direction);

#endif
