/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures, pcap and pcapng, packet by packet; never more than one is in memory. Whatever link type one
 * was written with, what is handed over is an Ethernet frame, for that is what a gate judges: Ethernet
 * as it is, Linux "cooked" v1 and v2 (from the device `any`), bare IP, and BSD's loopback rewritten.
 */
#ifndef USER_PACKET_CAPTURE_H
#define USER_PACKET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"

struct capture;

/* All bytes are the capture's, valid until its next packet is asked for. */
struct capture_packet {
	uint64_t number;      /* in this capture, from 1 */
	uint64_t time;        /* nanoseconds since 1970; captures may go back in time */
	const uint8_t *frame; /* an Ethernet frame without FCS */
	uint32_t captured;    /* bytes of it that are there */
	uint32_t length;      /* bytes that it had: more where the capture cut it off */
	const uint8_t *raw;   /* as it stands in the file; may be `frame` itself */
	uint32_t raw_captured;
	uint32_t raw_length;
	bool matches; /* the filter; true without one */
};

/* Does this file begin as a capture does? False too for what can't be opened. */
bool capture_is_one(const char *path);

/*
 * `path`: "-" for standard input. `what` names what is being done, in errors, and must live as long as
 * the capture. 0, or a negative errno and diagnostics; *opened is then untouched.
 */
int capture_open(const char *path, const char *what, struct capture **opened, struct diags *diags);
void capture_close(struct capture *capture); /* NULL is fine */

/* From now on `matches` says whether packets match this pcap-filter(7) expression. */
int capture_filter(struct capture *capture, const char *expression, struct diags *diags);

/* 1: the next packet; 0: there is none; a negative errno and why: damaged from this packet on. */
int capture_next(struct capture *capture, struct capture_packet *packet, struct diags *diags);

/* LINKTYPE_... of its packets, as `raw` has them; whether their times are finer than microseconds. */
int capture_link_type(const struct capture *capture);
bool capture_has_nanoseconds(const struct capture *capture);

/* Bytes read so far; bytes of the file, 0 where that can't be known. */
uint64_t capture_position(const struct capture *capture);
uint64_t capture_size(const struct capture *capture);

#endif
