/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose a frame is depends on its addresses, and on nothing else: read a second time, by offsets, and
 * asked of hosts that are made from the frame's own ends. ARP goes by its sender; who asks for an address
 * (UDP from 0.0.0.0 to port 67) goes out whoever the host is. How much of a frame decides is asked of
 * it at every length.
 */
#ifndef TESTS_FUZZ_CAPTURE_ENDS_H
#define TESTS_FUZZ_CAPTURE_ENDS_H

#include <stdbool.h>

#include "tests/fuzz/oracle.h"
#include "user/base/cleanup.h"
#include "user/packet/headers.h"
#include "user/packet/host.h"

/* Offsets in the frame. */
struct said_ends {
	unsigned int size; /* of an address, bytes; 0: there are none */
	size_t source;
	size_t destination;
	size_t rest; /* where the IP header ends and 4 bytes of ports, or the ARP packet */
	bool arp;
	bool asks;
};

static size_t ends_16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static bool ends_are_zero(const uint8_t *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return !size;
}

static struct said_ends ends_said(const uint8_t *frame, size_t size)
{
	size_t at = 14, type = size < 14 ? 0 : ends_16(frame + 12);

	for (int i = 0; i < 2 && (type == 0x8100 || type == 0x88a8); i++, at += 4)
		type = size < at + 4 ? 0 : ends_16(frame + at + 2);
	if (type == 0x0800 && size >= at + 20 && frame[at] >> 4 == 4) {
		size_t header = (size_t)(frame[at] & 15) * 4, ports = at + header;
		bool asks = header >= 20 && size >= ports + 4 && frame[at + 9] == 17 &&
			    (ends_16(frame + at + 6) & 0x1fff) == 0 &&
			    ends_are_zero(frame + at + 12, 4) && ends_16(frame + ports + 2) == 67;

		return (struct said_ends){ 4, at + 12, at + 16, at + 64, false, asks };
	}
	if (type == 0x86dd && size >= at + 40 && frame[at] >> 4 == 6)
		return (struct said_ends){ 16, at + 8, at + 24, at + 40, false, false };
	/* of IPv4 over Ethernet; who it is for stands in it as well */
	if (type == 0x0806 && size >= at + 28 && ends_16(frame + at + 2) == 0x0800 &&
	    ends_16(frame + at + 4) == 0x0604)
		return (struct said_ends){ 4, at + 14, at + 24, at + 28, true, false };
	return (struct said_ends){ 0 };
}

static void ends_host_free(struct host *host)
{
	host_free(host);
}

/* A host with these addresses; `bits` of them count. */
static void ends_add(struct host *host, const uint8_t *address, unsigned int size,
		     unsigned int bits)
{
	struct host_prefix prefix = { .family = size == 4 ? 4 : 6, .bits = bits };

	for (unsigned int i = 0; i < bits; i++)
		prefix.address[i / 8] |= (uint8_t)(address[i / 8] & 0x80 >> i % 8);
	if (host_add(host, &prefix))
		exit(0);
}

/* The first bit in which two addresses differ; all of them: they don't. */
static unsigned int ends_common(const uint8_t *one, const uint8_t *other, unsigned int size)
{
	unsigned int at = 0;

	while (at < size * 8 && !((one[at / 8] ^ other[at / 8]) & 0x80 >> at % 8))
		at++;
	return at;
}

static void ends_require(const struct host *host, const uint8_t *frame, size_t size, bool out,
			 const char *who)
{
	enum direction direction = host_direction(host, frame, (uint32_t)size);

	require(direction == (out ? DIRECTION_OUT : DIRECTION_IN), "%s, and it is %s", who,
		direction == DIRECTION_OUT ? "out" : "in");
}

/* The same with all changed that has no say. */
static void ends_check_rest(const struct host *host, const uint8_t *frame, size_t size,
			    const struct said_ends *ends)
{
	uint8_t *other = oracle_copy(frame, size, 0);

	for (size_t i = 0; i < size; i++)
		if (i < 12 || i >= ends->rest)
			other[i] ^= 0xff;
	/* the port that asks may stand behind options */
	if (!ends->asks && !ends_said(other, size).asks)
		require(host_direction(host, other, (uint32_t)size) ==
				host_direction(host, frame, (uint32_t)size),
			"it is not by the addresses");
	oracle_free(other, 0);
}

/* `seed`: some number of the input's. */
static void ends_check(const uint8_t *frame, size_t size, uint32_t seed)
{
	struct said_ends ends = ends_said(frame, size);
	cleanup(ends_host_free) struct host nobody = { 0 };
	cleanup(ends_host_free) struct host all = { 0 };
	cleanup(ends_host_free) struct host sender = { 0 };
	cleanup(ends_host_free) struct host receiver = { 0 };
	cleanup(ends_host_free) struct host net = { 0 };
	const uint8_t *source = frame + ends.source, *destination = frame + ends.destination;
	unsigned int common, bits;

	ends_require(&nobody, frame, size, ends.asks, "nobody's");
	ends_add(&all, frame, 4, 0);
	ends_add(&all, frame, 16, 0);
	ends_require(&all, frame, size, ends.asks || ends.arp, "everybody's");
	if (!ends.size)
		return;
	common = ends_common(source, destination, ends.size);
	ends_add(&sender, source, ends.size, ends.size * 8);
	ends_require(&sender, frame, size, ends.asks || ends.arp || common < ends.size * 8,
		     "the sender's");
	ends_add(&receiver, destination, ends.size, ends.size * 8);
	ends_require(&receiver, frame, size, ends.asks || (ends.arp && common == ends.size * 8),
		     "the receiver's");
	/* the sender's net; wide ones have the receiver in them */
	bits = seed % (ends.size * 8 + 1);
	ends_add(&net, source, ends.size, bits);
	ends_require(&net, frame, size, ends.asks || ends.arp || common < bits,
		     "of the sender's net");
	ends_check_rest(&net, frame, size, &ends);
}

/* Of `size` bytes `length` were on the wire. */
static void ends_check_headers(const uint8_t *frame, uint32_t size, uint32_t length, uint32_t seed)
{
	uint32_t need = headers_length(frame, size, length, false);
	uint32_t more = headers_length(frame, size, length, true);
	const uint32_t cuts[] = { need ? need - 1 : 0, need, seed % (size + 1) };

	require(need <= length && more <= length, "more than there was: %u, %u", need, more);
	require(need <= more && more <= need + 4, "%u, with the payload %u", need, more);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		uint8_t *exact;
		uint32_t by_cut;

		if (cuts[i] > size)
			continue;
		exact = oracle_copy(frame, cuts[i], 0);
		by_cut = headers_length(exact, cuts[i], length, false);
		oracle_free(exact, 0);
		require(by_cut <= length, "of %u bytes %u", length, by_cut);
		if (cuts[i] >= need)
			require(by_cut == need, "%u of %u bytes: %u, not %u", cuts[i], size, by_cut,
				need);
		else
			require(by_cut > cuts[i], "%u of %u bytes do", cuts[i], size);
	}
}

#endif
