/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of a capture, a few thousand at a time, so that memory stays flat whatever the file's size;
 * and the moments by which they are judged.
 */
#ifndef USER_PACKET_CHUNK_H
#define USER_PACKET_CHUNK_H

#include <edgegate/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"
#include "user/packet/capture.h"

/* Jiffies per second of the packets' clock, for the programs: nanoseconds, as fine as any capture's. */
#define CHUNK_HZ 1000000000u

/*
 * The captures' own clocks, in the order in which they are given: what goes back in time, within a
 * capture or from one to the next, counts as the same moment. Zero-initialised.
 */
struct chunk_clock {
	uint64_t now;    /* jiffies; 0: no packet was seen */
	uint64_t latest; /* of the capture's own times, nanoseconds */
	uint64_t passed; /* nanoseconds, all in all */
	bool capture_begins;
};

struct chunk_packet {
	uint64_t number; /* in its capture, from 1 */
	uint64_t time;   /* as the capture says, nanoseconds */
	uint64_t now;    /* jiffies to judge by */
	size_t frame;    /* where it begins in the chunk's bytes */
	uint32_t kept;   /* bytes of it in the chunk: all that decide, maybe more */
	uint32_t need;   /* bytes that decide; more than `kept` of one that was cut off before */
	uint32_t length; /* bytes that it had */
	size_t raw;      /* as it stands in the file, where that is wanted */
	uint32_t raw_captured;
	uint32_t raw_length;
	enum direction direction;
	bool matches; /* the filter */
	bool cut;     /* too short to be judged */
};

#define CHUNK_PACKETS 4096u  /* packets */
#define CHUNK_BYTES 4194304u /* of packets; the last one may go beyond */

struct chunk {
	struct chunk_packet packets[CHUNK_PACKETS];
	size_t count;
	uint8_t *bytes;
	size_t used, room;
	bool payload; /* a rule asks for a datagram's first bytes */
	bool raw;     /* packets are wanted as they stand in the file */
};

/*
 * Fills the chunk anew. 0; 1: the capture ends with it; a negative errno and diagnostics: it ends
 * with it, for it is damaged behind it.
 */
int chunk_read(struct chunk *chunk, struct capture *capture, struct chunk_clock *clock,
	       struct diags *diags);
void chunk_free(struct chunk *chunk); /* NULL is fine */

#endif
