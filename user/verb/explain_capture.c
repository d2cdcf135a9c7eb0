// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/explain_capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/packet/chunk.h"
#include "user/verb/common_host.h"

int explain_capture_open(const struct common_options *options, struct explain_capture *asked,
			 struct diags *diags)
{
	bool input = strcmp(options->capture, "-") == 0;
	int error = common_host_read(options, &asked->host, diags);

	if (error)
		return error;
	asked->number = options->packet;
	asked->what = text_print("explain %s", input ? "standard input" : options->capture);
	if (!asked->what)
		return diag_system(diags, ENOMEM, "explain", NULL);
	return capture_open(options->capture, asked->what, &asked->capture, diags);
}

void explain_capture_close(struct explain_capture *asked)
{
	capture_close(asked->capture);
	free(asked->what);
	host_free(&asked->host);
}

/* ---- the way to the packet -------------------------------------------------------------------------- */

/* What is under way: a chunk, and its packets as test runs take them. */
struct walk {
	struct chunk *chunk;
	struct testrun_packet *batch; /* CHUNK_PACKETS of them */
	struct chunk_clock clock;
};

static void walk_free(struct walk *walk)
{
	chunk_free(walk->chunk);
	free(walk->batch);
}

/* Does a rule ask for a datagram's first bytes? */
static bool walk_wants_payload(const struct common_judge *judge)
{
	const struct listing_header *listing = judge->image ? judge->image->listing : NULL;

	for (uint32_t i = 0; listing && i < listing->row_count; i++) {
		uint16_t slot = listing_rows(listing)[i].slot;

		if (judge->image->generation->extras[slot].flags & EXTRA_UDP_MEDIA)
			return true;
	}
	return false;
}

static struct testrun_packet walk_packet(const struct chunk *chunk,
					 const struct chunk_packet *packet)
{
	return (struct testrun_packet){
		.bytes = chunk->bytes + packet->frame,
		.captured = packet->kept,
		.length = packet->length,
		.now = packet->now,
		.direction = packet->direction,
	};
}

/* All packets of the chunk in front of `end`; those that are cut off change nothing. */
static int walk_play(struct walk *walk, size_t end, struct common_judge *judge, struct diags *diags)
{
	const struct chunk *chunk = walk->chunk;
	size_t count = 0;

	for (size_t i = 0; i < end; i++)
		if (!chunk->packets[i].cut)
			walk->batch[count++] = walk_packet(chunk, &chunk->packets[i]);
	return common_judge_play(judge, walk->batch, count, diags);
}

static int walk_judge(const struct walk *walk, const struct chunk_packet *packet,
		      struct common_judge *judge, struct common_verdict *verdict,
		      struct diags *diags)
{
	const struct testrun_packet run = walk_packet(walk->chunk, packet);
	int error = common_judge_captured(judge, &run, packet->cut, verdict, diags);

	verdict->report.number = packet->number;
	verdict->report.captured = packet->kept;
	verdict->report.need = packet->need;
	return error;
}

/* ---- where it isn't --------------------------------------------------------------------------------- */

static int capture_ends(const struct explain_capture *asked, uint64_t count, struct diags *diags)
{
	if (!count) {
		diag_system(diags, 0, asked->what, "the capture has no packets");
		diag_hint(diags, "see that it was written to its end: tcpdump -r FILE");
		return -EINVAL;
	}
	diag_system(diags, 0, asked->what, "the capture has only %" PRIu64 " packet%s", count,
		    count == 1 ? "" : "s");
	diag_hint(diags, "they are counted from 1, as tcpdump --number and edgegate replay do");
	return -EINVAL;
}

/* The capture itself was to blame, and said how. */
static int capture_is_damaged(uint64_t count, int error, struct diags *diags)
{
	if (count)
		diag_hint(diags,
			  "the file is damaged from there on; packets can be asked about up to "
			  "number %" PRIu64,
			  count);
	else
		diag_hint(diags, "no packet of the file can be read: see that it is whole");
	return error;
}

int explain_capture_judge(struct explain_capture *asked, struct common_judge *judge,
			  struct common_verdict *verdict, struct diags *diags)
{
	cleanup(walk_free) struct walk walk = {
		.chunk = calloc(1, sizeof(*walk.chunk)),
		.batch = calloc(CHUNK_PACKETS, sizeof(*walk.batch)),
		.clock = { .capture_begins = true },
	};
	uint64_t before = 0; /* packets in front of the chunk */

	if (!walk.chunk || !walk.batch)
		return diag_system(diags, ENOMEM, "explain", NULL);
	walk.chunk->payload = walk_wants_payload(judge);
	for (;;) {
		struct diags damage = { 0 };
		int ended = chunk_read(walk.chunk, asked->capture, &walk.clock, &damage);
		bool found = asked->number - before <= walk.chunk->count;
		size_t end = found ? (size_t)(asked->number - before - 1) : walk.chunk->count;
		int error = common_host_directions(&asked->host, walk.chunk, "explain", diags);

		if (!error)
			error = walk_play(&walk, end, judge, diags);
		if (!error && found)
			error = walk_judge(&walk, &walk.chunk->packets[end], judge, verdict, diags);
		before += walk.chunk->count;
		/* damage behind the packet is none of its business */
		if (!error && !found && ended < 0)
			diags_move(diags, &damage);
		diags_clear(&damage);
		if (error || found)
			return error;
		if (ended)
			return ended < 0 ? capture_is_damaged(before, ended, diags) :
					   capture_ends(asked, before, diags);
	}
}
