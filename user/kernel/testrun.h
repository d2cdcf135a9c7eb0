/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real programs, run on packets that are no traffic: over maps of their own, on a clock that the
 * caller sets. Nothing of a live gate moves. Many packets go in one system call (edgegate_batch); what
 * doesn't fit there goes through the XDP programs, one by one.
 */
#ifndef USER_KERNEL_TESTRUN_H
#define USER_KERNEL_TESTRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "user/base/diag.h"
#include "user/image/image.h"

/* A packet to be judged, and what became of it. */
struct testrun_packet {
	const uint8_t *bytes; /* from the Ethernet header on; the caller's */
	uint32_t captured;    /* bytes that are there */
	uint32_t length;      /* bytes of the frame on the wire; 0: as many as are there */
	uint64_t now;         /* jiffies to judge by; never less than the packet's before */
	enum direction direction;
	uint32_t decision; /* DECISION(); OUTCOME_UNDECIDED before it was run */
};

struct testrun_gate;

/*
 * Loads, with room for `flows_max` flows per address family; no policy yet. `hz`: jiffies per second
 * of the packets' clock. `out`: there will be packets from the host, so what they need is loaded at the same time;
 * else when the first one comes. 0, or a negative errno and diagnostics; `what` names what is being done.
 */
int testrun_open(uint32_t hz, uint32_t flows_max, bool out, const char *what,
		 struct testrun_gate **opened, struct diags *diags);
void testrun_close(struct testrun_gate *gate); /* NULL is fine */

/* Puts an image into force. What earlier packets left (flows, fragments) stays. */
int testrun_publish(struct testrun_gate *gate, const struct image *image, const char *what,
		    struct diags *diags);

/* Forgets flows, marks, fragments, buckets and DHCP requests. */
int testrun_reset(struct testrun_gate *gate, const char *what, struct diags *diags);

/* From now on, until the next image, limits let all pass: whether there is a token is a matter of the moment. */
void testrun_lift_limits(struct testrun_gate *gate);

/* Runs the packets in this order and writes their decisions. 0, or a negative errno and diagnostics. */
int testrun_run(struct testrun_gate *gate, struct testrun_packet *packets, size_t count,
		const char *what, struct diags *diags);

/* For user/kernel/testrun_live.c: its memory, and what is in force of it. */
struct state;
struct gate_memory *testrun_memory(const struct testrun_gate *gate);
void testrun_set_state(struct testrun_gate *gate, const struct state *state);

/* Descriptors of its maps, MAP_COUNT of them: valid until testrun_close(). */
const int *testrun_maps(const struct testrun_gate *gate);

#endif
