/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of a frame decides about it. Captures often hold no more than the first bytes of each packet
 * (their snaplen); the programs look at headers only, so that is mostly enough, and where it is not,
 * a verdict would be about the capture and not about the packet.
 */
#ifndef USER_PACKET_HEADERS_H
#define USER_PACKET_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes from the frame's beginning that the programs may read to judge it; at most `length`. More than
 * `captured`: what is there doesn't tell. `payload`: a rule asks for a datagram's first bytes.
 */
uint32_t headers_length(const uint8_t *frame, uint32_t captured, uint32_t length, bool payload);

#endif
