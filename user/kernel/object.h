/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of a gate, loaded over its maps. This is the one place that knows the skeletons. A new
 * gate's maps are made here; an old one's come from its pins.
 */
#ifndef USER_KERNEL_OBJECT_H
#define USER_KERNEL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "user/base/diag.h"

struct edgegate_xdp;
struct edgegate_tc;

/* The maps that programs share: symbol, name of the pin and, but for the memory, in the object. */
#define OBJECT_MAPS(X)                                                                             \
	X(MEMORY, "memory") /* state word and generations: struct gate_memory */                   \
	X(TUPLES, "tuples")                                                                        \
	X(PREFIXES4, "prefixes4")                                                                  \
	X(PREFIXES6, "prefixes6")                                                                  \
	X(RULE_COUNTS, "rule_counts")                                                              \
	X(OUTCOME_COUNTS, "outcome_counts")                                                        \
	X(FLOWS4, "flows4")                                                                        \
	X(FLOWS6, "flows6")                                                                        \
	X(FLOW_MARKS, "flow_marks")                                                                \
	X(FRAGMENTS, "fragments")                                                                  \
	X(LIMITS, "limits")                                                                        \
	X(LIMIT_SOURCES, "limit_sources")                                                          \
	X(TESTRUN, "testrun")

enum object_map {
#define OBJECT_MAP(symbol, name) MAP_##symbol,
	OBJECT_MAPS(OBJECT_MAP)
#undef OBJECT_MAP
		MAP_COUNT,
};
extern const char *const object_map_names[MAP_COUNT];

/* Jiffies of an epoch that is no shorter than `seconds`, as a shift. */
uint32_t object_epoch_shift(uint32_t hz, uint32_t seconds);

/* What is to be loaded. */
struct object_wish {
	bool xdp[DIRECTION_COUNT]; /* an XDP program that judges this direction */
	bool tc[DIRECTION_COUNT];
	bool multi_buffer; /* XDP with frags */
	bool testing;      /* test run knobs work; never on a live gate */
	uint32_t hz;
	uint32_t epoch_shift; /* jiffies of an epoch of flow_marks, as a shift; 0: the longest */
	uint32_t flows_max;   /* per address family; over given maps they say */
	const int *map_fds;   /* MAP_COUNT of them, to load over; NULL: make new ones */
};

/*
 * Owns its descriptors; object_close() leaves what is pinned or attached. Each program is an object of its own to
 * libbpf, so that the verifier takes them at the same time.
 */
struct object {
	struct edgegate_xdp *maps_skeleton; /* only its maps are loaded; NULL over given ones */
	struct edgegate_xdp *xdp_skeletons[DIRECTION_COUNT]; /* NULL: not asked for */
	struct edgegate_tc *tc_skeletons[DIRECTION_COUNT];
	int maps[MAP_COUNT];      /* descriptors, valid until object_close() */
	int xdp[DIRECTION_COUNT]; /* -1: not asked for */
	int tc[DIRECTION_COUNT];
};

/* Of the objects that we have in us: the same for the same programs, whatever knobs they get. */
uint64_t object_hash(void);

/* "v1.1": the libbpf that we run with. */
const char *object_libbpf_version(void);

/* What libbpf and the verifier said last goes into the diagnostics of a failure. */
int object_load(const struct object_wish *wish, struct object *object, const char *what,
		struct diags *diags);
void object_close(struct object *object);

/* BTF for maps that the loader makes: its descriptor, and a type's id by name. Of an object over given maps -1 and 0. */
int object_btf_fd(const struct object *object);
uint32_t object_btf_type(const struct object *object, const char *name);

#endif
