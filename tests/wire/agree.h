/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the test that `explain -i` says of each packet what a gate on a wire then does. */
#ifndef TESTS_WIRE_AGREE_H
#define TESTS_WIRE_AGREE_H

#include <stdio.h>

#include "tests/property/property.h"
#include "user/kernel/gate.h"
#include "user/verb/common_judge.h"

/* Says why, and exits. */
__attribute__((noreturn, format(printf, 1, 2))) void agree_fail(const char *why, ...);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t agree_now(void);

/* Frames on the wire are larger than those of the property test: what stands behind is padding. */
#define WIRE_FRAME_MAX 6000u

struct wire_frame {
	enum direction direction;
	uint32_t length;
	uint8_t bytes[WIRE_FRAME_MAX];
};

/* ---- the wire (link.c) ----------------------------------------------------------------------------- */

/* Packet sockets at both ends: by the direction that the gate judges. */
struct link {
	int send[DIRECTION_COUNT];
	int receive[DIRECTION_COUNT];
};

/* Where things are; `inside`: the gate faces inside, and judges as `out` what comes in by the wire. */
struct ends {
	const char *gate_netns;
	const char *gate;
	const char *peer_netns;
	const char *peer;
	bool inside;
};

/* Enters the namespace that has this name; a descriptor of the one that we leave, for netns_return(). */
int link_visit(const char *netns);
void link_open(struct link *link, const struct ends *ends);
void link_close(struct link *link);
/* False: no packet socket sends such a frame. */
bool link_send(const struct link *link, const struct wire_frame *frame);

enum arrival { ARRIVAL_NONE, ARRIVAL_SAME, ARRIVAL_OTHER };
/* What came behind the gate. Not awaited: what is there now. */
enum arrival link_arrived(const struct link *link, const struct wire_frame *frame, bool await);
void link_drain(const struct link *link);

/* ---- what the gate counts (seen.c) ----------------------------------------------------------------- */

#define SEEN_SLOTS 256u /* of each direction that can have moved: few names are ever in force */

struct seen {
	const struct gate *gate;
	uint64_t packets;                /* that have moved counters since seen_begin() */
	uint64_t before;                 /* in all counters, then */
	uint32_t slots[DIRECTION_COUNT]; /* that are looked at: those of the policy in force */
	struct rule_count rules[DIRECTION_COUNT][SEEN_SLOTS];
	struct count outcomes[OUTCOME_COUNTERS];
};

/* What moved between two looks. */
struct moved {
	uint64_t packets;
	uint64_t bytes;
	struct ending ending;     /* of one of them */
	enum direction direction; /* not known of replies: then the rule's other one */
};

void seen_begin(struct seen *seen, const struct gate *gate);
/* After an apply: whose counters can move from now on. */
void seen_watch(struct seen *seen, const struct listing_header *listing);
/* Waits for the first counter that moves, a second at most; `listing` names the rules. */
void seen_next(struct seen *seen, const struct listing_header *listing, struct moved *moved);
/* All counters there are, against those looked at. */
void seen_end(struct seen *seen);

/* ---- asking (ask.c) -------------------------------------------------------------------------------- */

/* What `edgegate explain -i` does, for many packets. */
struct ask {
	const struct gate *gate;
	struct common_judge judge;
	int clock;                   /* clock_open() */
	uint64_t packets;            /* asked about */
	uint32_t limits[SEEN_SLOTS]; /* slots of rules that have one */
	size_t limit_count;
};

void ask_open(struct ask *ask, const struct gate *gate);
void ask_close(struct ask *ask);
/* After an apply. */
void ask_renew(struct ask *ask);
/*
 * As a new `explain` would, or one that was asked before, with a copy of what the gate remembers now: about a packet
 * that arrives `delay` jiffies later.
 */
void ask_packet(struct ask *ask, const struct wire_frame *frame, uint64_t delay,
		struct ending *ending);
/* Takes all flows from the gate. */
void ask_flush(const struct gate *gate);

/* ---- the real command (command.c) ------------------------------------------------------------------ */

/* Puts this policy into force. `more`: further options, NULL at the end. */
void command_apply(const char *edgegate, const struct ends *ends, char *const *more,
		   const char *file);
/* What `edgegate explain -i ... --json` says. */
void command_explain(const char *edgegate, const struct ends *ends, const struct wire_frame *frame,
		     struct ending *ending);

#endif
