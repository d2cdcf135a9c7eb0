/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures, pcap and pcapng, packet by packet. Whatever link type one was written with (Ethernet; Linux
 * "cooked" v1 and v2, from the device `any`; bare IP), what is handed over is an Ethernet frame, for
 * that is what a gate judges.
 */
#ifndef TESTS_LIB_CAPTURE_H
#define TESTS_LIB_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"

struct capture;

/* `bytes` are the capture's, valid until its next packet is asked for. */
struct capture_packet {
	const uint8_t *bytes; /* an Ethernet frame without FCS */
	size_t length;        /* bytes that there are */
	size_t wire_length;   /* bytes that there were; more where the capture cut it off */
	uint64_t time;        /* CLOCK_REALTIME, nanoseconds; captures may go back in time */
};

/* 0, or a negative errno and why; *capture is then untouched. capture_close() it. */
int capture_open(const char *path, struct capture **capture, struct diags *diags);

/* 1: the next packet; 0: there is none; a negative errno and why: the file is damaged from here on. */
int capture_next(struct capture *capture, struct capture_packet *packet, struct diags *diags);

/* NULL is fine. */
void capture_close(struct capture *capture);

/* Has closed what a variable held when its block is left: struct capture *. */
void capture_cleanup(struct capture **capture);

#endif
