/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packets of a capture on the real programs, as `replay` runs them: in chunks, by the capture's
 * clock, under the built-in default policy. Where BPF may not be loaded, the chunks alone.
 *
 * Two gates see the same packets: one as replay's chunks keep them, many in a system call; the other each
 * whole, alone. They must decide alike for ever, each packet must get one verdict, and from time
 * to time the programs' own counters are asked how many there were. The clock goes on from one input to
 * the next as it does from one capture to the next.
 */
#ifndef TESTS_FUZZ_CAPTURE_JUDGE_H
#define TESTS_FUZZ_CAPTURE_JUDGE_H

#include <jansson.h>

#include "tests/fuzz/capture_file.h"
#include "user/kernel/testrun_counts.h"
#include "user/packet/host.h"
#include "user/report/replay.h"
#include "user/packet/chunk.h"
#include "user/verb/replay_judge.h"

#define JUDGE_FLOWS 1024u /* a test run's table is made whole: the policy's would be 60 MB */
#define JUDGE_INPUTS 512u /* from empty state to empty state, which takes some milliseconds */

static struct replay_judge judge_chunks, judge_whole;
static struct chunk judge_chunk;
static struct chunk_clock judge_clock;
static uint64_t judge_packets; /* that got a verdict, since the gates were opened */
static bool judge_runs;

/* ---- the gates ------------------------------------------------------------------------------------- */

static bool judge_open(struct replay_judge *judge)
{
	const struct common_options options = { 0 };
	struct diags diags = { 0 };
	bool opened = !replay_judge_read(judge, NULL, 0, &options, &diags);

	require(opened, "the default policy");
	judge->policy->settings.flows_max = JUDGE_FLOWS;
	opened = !replay_judge_open(judge, &diags);
	diags_clear(&diags);
	return opened;
}

static uint64_t judge_counted(const struct replay_judge *judge)
{
	struct gate_counts counts = { 0 };
	uint64_t sum = 0;

	if (testrun_counts_read(judge->gate, &counts))
		exit(0);
	for (unsigned int i = 0; i < RULE_SLOTS; i++)
		sum += counts.rules[i].forward.packets + counts.rules[i].reply.packets;
	for (unsigned int i = 0; i < OUTCOME_COUNTERS; i++)
		sum += counts.outcomes[i].packets;
	gate_free_counts(&counts);
	return sum;
}

/* Checks the sum, and forgets what all packets so far have left. */
static void judge_begin_anew(void)
{
	struct diags diags = { 0 };
	uint64_t counted = judge_counted(&judge_chunks), alone = judge_counted(&judge_whole);

	require(counted == judge_packets && alone == judge_packets,
		"of %llu packets %llu are counted, one by one %llu",
		(unsigned long long)judge_packets, (unsigned long long)counted,
		(unsigned long long)alone);
	if (testrun_reset(judge_chunks.gate, "test", &diags) ||
	    testrun_reset(judge_whole.gate, "test", &diags))
		exit(0);
	judge_clock = (struct chunk_clock){ 0 };
}

static void judge_close(void)
{
	replay_judge_close(&judge_chunks);
	replay_judge_close(&judge_whole);
	free(judge_chunk.bytes);
}

static void judge_prepare(void)
{
	static bool tried;
	static unsigned int inputs;

	if (!tried) {
		tried = true;
		judge_chunk.raw = true;
		judge_runs = judge_open(&judge_chunks) && judge_open(&judge_whole);
		if (!judge_runs)
			fprintf(stderr, "no programs: that needs root\n");
		atexit(judge_close);
	}
	if (++inputs % JUDGE_INPUTS)
		return;
	if (judge_runs)
		judge_begin_anew();
}

/* ---- a chunk --------------------------------------------------------------------------------------- */

/* What the chunk keeps of packets `from` on. */
static void judge_check_chunk(const struct file_packets *packets, size_t from, uint64_t *now)
{
	for (size_t i = 0; i < judge_chunk.count; i++) {
		const struct chunk_packet *kept = &judge_chunk.packets[i];
		const struct file_packet *packet = &packets->list[from + i];
		uint32_t need = headers_length(packet->frame, packet->of.captured,
					       packet->of.length, false);

		require(kept->number == packet->of.number && kept->time == packet->of.time &&
				kept->length == packet->of.length,
			"another packet than %zu", from + i + 1);
		require(kept->cut == (need > packet->of.captured), "cut: %d", kept->cut);
		require(kept->cut || (kept->kept >= need && kept->kept <= packet->of.captured),
			"%u of %u bytes", kept->kept, need);
		require(!memcmp(judge_chunk.bytes + kept->frame, packet->frame, kept->kept),
			"packet %zu: other bytes", from + i + 1);
		require(kept->raw_captured == packet->of.raw_captured &&
				!memcmp(judge_chunk.bytes + kept->raw, packet->raw,
					kept->raw_captured),
			"packet %zu: not as it stands in the file", from + i + 1);
		require(kept->now >= *now && kept->now, "packet %zu: back in time", from + i + 1);
		*now = kept->now;
	}
}

/* A line for people's programs says what was decided. */
static void judge_check_line(const struct chunk_packet *packet,
			     const struct report_replay_verdict *verdict)
{
	const struct report_replay_packet line = {
		.number = packet->number,
		.direction = packet->direction,
		.verdict = *verdict,
	};
	struct text text = { 0 };
	const char *said;
	json_t *json;

	report_replay_line(&line, &text);
	json = text.failed ? NULL : json_loadb(text.bytes, text.length, 0, NULL);
	require(json, "no JSON: %s", text.bytes);
	require(json_integer_value(json_object_get(json, "n")) == (json_int_t)packet->number, "n");
	said = json_string_value(json_object_get(json, "verdict"));
	require(said && !strcmp(said,
				packet->cut ? "unknown" : report_replay_word(verdict->outcome)),
		"%s", text.bytes);
	require(!packet->cut == !!strcmp(said, "unknown"), "%s", text.bytes);
	json_decref(json);
	text_free(&text);
}

/* Whole, as far as a batch takes it: the programs must not need what the chunk left out. */
static uint32_t judge_alone(const struct chunk_packet *kept, const struct file_packet *packet)
{
	require(packet, "a packet");

	bool whole = packet->of.captured <= BATCH_BYTES;
	struct testrun_packet run = {
		.bytes = packet->frame,
		.captured = whole ? packet->of.captured : kept->kept,
		.length = packet->of.length,
		.now = kept->now,
		.direction = kept->direction,
	};
	struct diags diags = { 0 };

	require(!testrun_run(judge_whole.gate, &run, 1, "test", &diags), "packet %llu alone",
		(unsigned long long)packet->of.number);
	return run.decision;
}

static void judge_run_chunk(const struct file_packets *packets, size_t from,
			    const struct host *host)
{
	struct diags diags = { 0 };

	for (size_t i = 0; i < judge_chunk.count; i++) {
		struct chunk_packet *kept = &judge_chunk.packets[i];

		kept->direction = host_direction(host, judge_chunk.bytes + kept->frame, kept->kept);
		require(kept->direction == host_direction(host, packets->list[from + i].frame,
							  packets->list[from + i].of.captured),
			"packet %zu: what is kept goes another way", from + i + 1);
	}
	if (!judge_runs)
		return;
	require(!replay_judge_run(&judge_chunks, &judge_chunk, &diags), "%s", diags.list[0].why);
	for (size_t i = 0; i < judge_chunk.count; i++) {
		const struct chunk_packet *kept = &judge_chunk.packets[i];
		struct report_replay_verdict verdict = replay_judge_verdict(&judge_chunks, i);
		uint32_t alone;

		require(verdict.outcome < OUTCOME_COUNT, "outcome %u", verdict.outcome);
		require((verdict.outcome == OUTCOME_UNDECIDED) == kept->cut, "packet %zu: %u",
			from + i + 1, verdict.outcome);
		require(!verdict.rule == (verdict.outcome != OUTCOME_RULE &&
					  verdict.outcome != OUTCOME_REPLY),
			"packet %zu: a rule, or none", from + i + 1);
		judge_check_line(kept, &verdict);
		if (kept->cut)
			continue;
		judge_packets++;
		alone = judge_alone(kept, &packets->list[from + i]);
		require(alone == judge_chunks.decisions[i], "packet %zu: %x, and alone %x",
			from + i + 1, judge_chunks.decisions[i], alone);
	}
}

/* ---- a capture ------------------------------------------------------------------------------------- */

/* Of which host, the input decides: of the first end that it names, or of half of all. */
static void judge_host(const struct file_packets *packets, uint32_t seed, struct host *host)
{
	static const struct host_prefix half = { .family = 4, .bits = 1 };

	for (size_t i = 0; i < packets->count && !host->count; i++) {
		const uint8_t *frame = packets->list[i].frame;
		struct said_ends ends = ends_said(frame, packets->list[i].of.captured);

		if (ends.size)
			ends_add(host, frame + (seed & 1 ? ends.source : ends.destination),
				 ends.size, ends.size * 8);
	}
	if (seed & 2 && host_add(host, &half))
		exit(0);
}

static void judge_check(const char *path, const struct file_packets *packets, uint32_t seed)
{
	cleanup(ends_host_free) struct host host = { 0 };
	struct capture *capture = NULL;
	struct diags diags = { 0 };
	size_t from = 0;
	int ended = 0;

	judge_prepare();
	judge_host(packets, seed, &host);
	require(!capture_open(path, "test", &capture, &diags), "it could be opened before");
	judge_clock.capture_begins = true;
	while (!ended) {
		static uint64_t now;

		now = judge_clock.now ? now : 0;
		ended = chunk_read(&judge_chunk, capture, &judge_clock, &diags);
		require(from + judge_chunk.count <= packets->count, "more packets than before");
		judge_check_chunk(packets, from, &now);
		judge_run_chunk(packets, from, &host);
		from += judge_chunk.count;
	}
	require(from == packets->count, "%zu of %zu packets", from, packets->count);
	require((ended < 0) == packets->damaged, "damage");
	diags_clear(&diags);
	capture_close(capture);
}

#endif
