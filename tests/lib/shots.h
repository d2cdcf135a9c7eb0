/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floods for prog tests: a frame is written once and changed for each run, counters are not read, the
 * clock stands. XDP only.
 */
#ifndef TESTS_LIB_SHOTS_H
#define TESTS_LIB_SHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/prog.h"

/* The same flood every time. */
void shots_seed(uint64_t seed);
uint32_t shots_chance(void);

/* A frame with places that are filled in before each run. */
struct shot {
	struct frame_bytes frame;
	size_t remote, ports; /* where the address outside and the ports stand */
	bool six;
};

void shots_make(struct shot *shot, const char *words, int family);

/* An address outside that can be genuine and is nobody's that has a flow: 11/8, 2400::/16. */
void shots_remote(struct shot *shot, uint64_t number);
void shots_ports(struct shot *shot, unsigned int source, unsigned int destination);

/* Sets the clock to the test's moment, and the way for what is fired from now on. */
void shots_at(struct prog *prog, unsigned int way);

/* True if it passed. */
bool shots_fire(struct prog *prog, const struct shot *shot);

#define SHOTS_FLOWS_MOST 65536u /* that a snapshot has room for */

struct kept {
	struct flow6_key key; /* or a flow4_key, and zeroes */
	struct flow flow;
};

struct snapshot {
	struct kept *flows; /* sorted; owned, freed by shots_expect_same() */
	size_t count, of4;
};

struct snapshot shots_flows(const struct prog *prog);

/* Not one more, not one less, nothing of any changed. Frees what `before` holds. */
void shots_expect_same(const struct prog *prog, struct snapshot *before);

#endif
