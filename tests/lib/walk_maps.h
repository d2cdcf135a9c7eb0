/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine of walk.c, and what the kernel is for it: maps and helpers. */
#ifndef TESTS_LIB_WALK_MAPS_H
#define TESTS_LIB_WALK_MAPS_H

#include <linux/bpf.h>

#include "tests/lib/walk.h"

#define WALK_FRAMES 9u  /* 8 functions deep, and the outermost */
#define WALK_STACK 512u /* bytes */
#define WALK_MAPS_OPEN 32u
#define WALK_VALUES 64u

/* A map that the program names, or that was found in one. */
struct walk_map {
	int fd;       /* owned if it was found */
	bool is_ours; /* it was */
	struct bpf_map_info info;
	void *memory; /* of one that is addressed directly */
	bool is_copy; /* of it */
};

/* A value that was looked up: a copy. */
struct walk_value {
	const struct walk_map *map;
	uint8_t key[64];
	void *bytes;
};

struct walk_frame {
	size_t back;      /* where it goes on */
	uint64_t kept[4]; /* r6 to r9 */
};

struct walk_machine {
	struct prog *prog;
	const struct frame_bytes *frame;
	bool is_xdp, testing;
	struct walk_cost *cost;
	uint64_t registers[11];
	struct walk_frame frames[WALK_FRAMES];
	unsigned int depth; /* of functions */
	uint8_t stacks[WALK_FRAMES + 1][WALK_STACK] __attribute__((aligned(8)));
	union {
		struct xdp_md xdp;
		struct __sk_buff skb;
	} context; /* without the addresses in it */
	struct walk_map maps[WALK_MAPS_OPEN];
	unsigned int map_count;
	struct walk_value values[WALK_VALUES];
	unsigned int value_count;
};

/* What an instruction makes of two numbers, and whether one jumps. */
uint64_t walk_alu(const struct bpf_insn *insn, uint64_t to, uint64_t from);
bool walk_jumps(const struct bpf_insn *insn, uint64_t one, uint64_t two);

/* The map of a descriptor. */
struct walk_map *walk_map(struct walk_machine *machine, int fd);

/* The memory of one that is addressed directly: the real one; of constants a copy, with the `testing` knob as it is to be. */
void *walk_map_value(struct walk_machine *machine, int fd);

/* Does what helper `number` does: arguments in r1 to r5, result in r0. */
void walk_help(struct walk_machine *machine, int number);

/* What the program wrote where tests find it. */
uint32_t walk_decision(const struct walk_machine *machine);

void walk_maps_free(struct walk_machine *machine);

#endif
