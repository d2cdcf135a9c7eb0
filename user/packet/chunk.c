// SPDX-License-Identifier: GPL-2.0-only
#include "user/packet/chunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/packet/headers.h"

/* The first packet's moment: not 0, which the programs take for "never". */
#define CLOCK_BEGIN CHUNK_HZ
/* A gap that is longer counts as long: no timeout is. A year. */
#define CLOCK_GAP_MOST (366ull * 86400 * CHUNK_HZ)
/* Here it stands still, after 292 years, so that no timeout's end overflows. */
#define CLOCK_MOST (UINT64_MAX / 2)
/* Bytes that are kept of a longer frame: headers nearly always end before. */
#define FRAME_KEPT 128u

static void clock_step(struct chunk_clock *clock, uint64_t time)
{
	uint64_t gap;

	if (!clock->now) {
		clock->now = CLOCK_BEGIN;
		clock->latest = time;
	} else if (clock->capture_begins && time < clock->latest) {
		clock->latest = time; /* another clock: it goes on from here */
	}
	clock->capture_begins = false;
	if (time <= clock->latest)
		return;
	gap = time - clock->latest;
	clock->latest = time;
	clock->passed += gap;
	clock->now += gap < CLOCK_GAP_MOST ? gap : CLOCK_GAP_MOST;
	if (clock->now > CLOCK_MOST)
		clock->now = CLOCK_MOST;
}

/* Copies into the chunk; its place, or SIZE_MAX for want of memory. */
static size_t chunk_keep(struct chunk *chunk, const uint8_t *bytes, size_t size)
{
	size_t place = chunk->used;

	if (chunk->room - place < size) {
		size_t room = chunk->room * 2 > place + size ? chunk->room * 2 : place + size;
		uint8_t *grown = realloc(chunk->bytes, room);

		if (!grown)
			return SIZE_MAX;
		chunk->bytes = grown;
		chunk->room = room;
	}
	if (size)
		memcpy(chunk->bytes + place, bytes, size);
	chunk->used += size;
	return place;
}

static int chunk_add(struct chunk *chunk, const struct capture_packet *packet,
		     struct chunk_clock *clock)
{
	struct chunk_packet *place = &chunk->packets[chunk->count];
	uint32_t need =
		headers_length(packet->frame, packet->captured, packet->length, chunk->payload);
	uint32_t kept = need > FRAME_KEPT ? need : FRAME_KEPT;

	clock_step(clock, packet->time);
	*place = (struct chunk_packet){
		.number = packet->number,
		.time = packet->time,
		.now = clock->now,
		.kept = kept < packet->captured ? kept : packet->captured,
		.need = need,
		.length = packet->length,
		.raw_captured = packet->raw_captured,
		.raw_length = packet->raw_length,
		.matches = packet->matches,
		.cut = need > packet->captured,
	};
	place->raw = chunk->raw ? chunk_keep(chunk, packet->raw, packet->raw_captured) : 0;
	place->frame = chunk->raw && packet->raw == packet->frame ?
			       place->raw :
			       chunk_keep(chunk, packet->frame, place->kept);
	if (place->raw == SIZE_MAX || place->frame == SIZE_MAX)
		return -ENOMEM;
	chunk->count++;
	return 0;
}

int chunk_read(struct chunk *chunk, struct capture *capture, struct chunk_clock *clock,
	       struct diags *diags)
{
	chunk->count = 0;
	chunk->used = 0;
	while (chunk->count < CHUNK_PACKETS && chunk->used < CHUNK_BYTES) {
		struct capture_packet packet;
		int got = capture_next(capture, &packet, diags);

		if (got <= 0)
			return got ? got : 1;
		if (chunk_add(chunk, &packet, clock))
			return diag_system(diags, ENOMEM, "read a capture", NULL);
	}
	return 0;
}

void chunk_free(struct chunk *chunk)
{
	if (!chunk)
		return;
	free(chunk->bytes);
	free(chunk);
}
