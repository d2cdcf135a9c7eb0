/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate as it is pinned: opened by its folder, never by ids, so that reading needs no CAP_SYS_ADMIN. */
#ifndef USER_KERNEL_GATE_H
#define USER_KERNEL_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include <edgegate/abi.h>
#include <edgegate/listing.h>

#include "user/base/diag.h"
#include "user/kernel/object.h"
#include "user/kernel/pins.h"

/* Owns its descriptors and the mapping. */
struct gate {
	char directory[PINS_PATH_SIZE];
	struct stamp stamp;
	int stamp_fd;
	int maps[MAP_COUNT];
	uint64_t *word; /* the state word */
};

#define GATE_CLOSED                                                                                \
	{                                                                                          \
		.stamp_fd = -1, .maps = { [0 ... MAP_COUNT - 1] = -1 },                            \
	}

/*
 * Opens a gate's folder. -ENOENT without a diag: there is none. Anything else that is wrong with it
 * (another version's, half gone) is said in `diags` with what to do.
 */
int gate_open(const char *directory, const char *what, struct gate *gate, struct diags *diags);

/* The gate of the namespace that we are in that has this interface; by its first one or any other. */
int gate_find(const char *interface, const char *what, struct gate *gate, struct diags *diags);

void gate_close(struct gate *gate);

/* The interface that it is named after. */
const char *gate_name(const struct gate *gate);

/*
 * A copy of the listing of a slot, checked; caller frees. NULL in *listing and 0 for SLOT_NONE and for
 * a slot that was never filled.
 */
int gate_listing(const struct gate *gate, unsigned int slot, struct listing_header **listing);

/* What the counters say, summed over CPUs. Arrays of RULE_SLOTS and OUTCOME_COUNTERS; caller frees. */
struct gate_counts {
	struct rule_count *rules;
	struct count *outcomes;
};
int gate_read_counts(const struct gate *gate, struct gate_counts *counts);
void gate_free_counts(struct gate_counts *counts);

/* The settings of the live policy; all zero where there is none. */
void gate_read_settings(const struct gate *gate, struct settings *settings);

/* Live flows, both families', by a walk over the tables. */
int gate_count_flows(const struct gate *gate, size_t *count);

/* An interface's links as the kernel has them now. */
struct gate_attachment {
	uint32_t xdp_link; /* ids; 0: not there */
	uint32_t xdp_program;
	uint32_t tc_link; /* 0 at clsact too */
	uint32_t tc_program;
	bool is_here; /* the interface is in this namespace under its old name and index */
	bool is_lost; /* its XDP link has no interface any more */
};
void gate_read_attachment(const struct gate *gate, unsigned int interface,
			  struct gate_attachment *attachment);

#endif
