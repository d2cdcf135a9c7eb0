/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flows of a gate that live: read in batches, each with the rule that it belongs to. One whose
 * timeout has passed, or that the policy in force doesn't allow, is none, though it may still stand in
 * the table.
 */
#ifndef USER_KERNEL_FLOWS_H
#define USER_KERNEL_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "user/kernel/flow_rules.h"
#include "user/kernel/gate.h"

struct flows_entry {
	struct flow_ends ends;
	uint16_t rule;  /* slot; 0: no rule, the policy's `ping` lets it live */
	uint32_t state; /* enum flow_state; TCP only */
	uint32_t age;   /* seconds since its first packet */
	uint32_t left;  /* seconds until it ends if the host sends nothing more; rounded up */
};

/* What flows are read from. All of it is borrowed. */
struct flows_source {
	int tables[2]; /* flows4, flows6 */
	const struct lookup *rules;
	uint64_t now; /* jiffies */
	uint32_t hz;
};

/* Called for each live flow. Not 0: ends the walk, and is its result. */
typedef int (*flows_each)(const struct flows_entry *entry, void *data);
int flows_walk(const struct flows_source *source, flows_each each, void *data);

/* Grown by array_add(). */
struct flows {
	struct flows_entry *list;
	size_t count;
};
void flows_free(struct flows *flows);

/*
 * Those that live under the policy in force now, and that are wanted: NULL wants all. 0, or a negative
 * errno: -EAGAIN when one apply after the other came in between.
 */
typedef bool (*flows_wanted)(const struct flows_entry *entry, const void *data);
int flows_read(const struct gate *gate, flows_wanted wanted, const void *data, struct flows *flows);

/* How many there are, of IPv4 and of IPv6: each has a table of its own. */
struct flows_counts {
	size_t ipv4, ipv6;
};
int flows_count(const struct gate *gate, struct flows_counts *counts);

/* The same by another clock: those that live at `now` under a policy; `tables` as in flows_source. */
int flows_count_at(const int tables[2], const struct image *image, uint32_t hz, uint64_t now,
		   struct flows_counts *counts);

/* Takes these out of the tables; one that went by itself meanwhile is not counted in *gone. */
int flows_flush(const struct gate *gate, const struct flows *flows, size_t *gone);

#endif
