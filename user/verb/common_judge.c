// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/image/nearest.h"
#include "user/kernel/clock.h"
#include "user/kernel/testrun_live.h"
#include "user/packet/chunk.h"
#include "user/packet/wire.h"
#include "user/verb/common_judge.h"

#define JUDGE_HZ 1000u
#define JUDGE_FLOWS 1024u /* more than a line of packets can make */
#define JUDGE_DAY 86400ull
/* Between two packets that have nothing to do with each other: longer than any timeout, which is 30 days. */
#define JUDGE_APART (31 * JUDGE_DAY)
/* The clock of limits counts LIMIT_TICKS of a nanosecond in 64 bits: it goes round after 36 years. */
#define JUDGE_MOST (30 * 365 * JUDGE_DAY)

/* ---- opening ---------------------------------------------------------------------------------------- */

static const char *judge_mode(const struct state *state)
{
	if (state->emergency)
		return state->emergency == EMERGENCY_BLOCK ? "block" : "open";
	return state->mode == MODE_MONITOR ? "monitor" : "enforce";
}

static int judge_open(struct common_judge *judge, uint32_t hz, uint32_t flows_max, bool out,
		      const char *what, struct diags *diags)
{
	*judge = (struct common_judge){ .what = what, .hz = hz, .bytes = malloc(WIRE_SIZE_MAX) };
	if (!judge->bytes)
		return diag_system(diags, ENOMEM, what, NULL);
	return testrun_open(hz, flows_max, out, what, &judge->gate, diags);
}

int common_judge_open(struct common_judge *judge, const struct image *image,
		      enum common_judge_memory memory, bool out, const char *what,
		      struct diags *diags)
{
	bool single = memory == COMMON_JUDGE_SINGLE;
	int error = judge_open(judge, single ? JUDGE_HZ : CHUNK_HZ,
			       single ? JUDGE_FLOWS : image->flows_max, out, what, diags);

	judge->image = image;
	if (!error)
		error = testrun_publish(judge->gate, image, what, diags);
	if (error)
		common_judge_close(judge);
	return error;
}

/* What is in force, and what of the gate's memory is no packet's. */
static int judge_copy(struct common_judge *judge, const struct gate *gate, struct diags *diags)
{
	struct state state;
	int error = testrun_copy_live(judge->gate, gate, &judge->owned, &state, judge->what, diags);

	if (error == -ENOENT) {
		testrun_close(judge->gate);
		judge->gate = NULL;
		judge->mode = "none";
		return 0;
	}
	judge->image = &judge->owned;
	judge->mode = judge_mode(&state);
	return error;
}

int common_judge_open_live(struct common_judge *judge, const struct gate *gate,
			   enum common_judge_memory memory, const char *what, struct diags *diags)
{
	bool single = memory == COMMON_JUDGE_SINGLE;
	int error = judge_open(judge, single ? gate->stamp.hz : CHUNK_HZ,
			       single ? JUDGE_FLOWS : gate->stamp.flows_max, !single, what, diags);

	if (!error)
		error = judge_copy(judge, gate, diags);
	if (!error && single && judge->gate) {
		judge->live = gate;
		error = clock_jiffies(&judge->now);
		if (error)
			diag_system(diags, -error, what, "cannot read the kernel's clock");
	}
	if (error)
		common_judge_close(judge);
	return error;
}

void common_judge_close(struct common_judge *judge)
{
	testrun_close(judge->gate);
	free(judge->bytes);
	image_free(&judge->owned);
	judge->gate = NULL;
	judge->bytes = NULL;
}

void common_verdict_free(struct common_verdict *verdict)
{
	free(verdict->packet);
	free(verdict->nearest);
	*verdict = (struct common_verdict){ 0 };
}

/* ---- running ---------------------------------------------------------------------------------------- */

static const char *judge_rule_name(const struct common_judge *judge, uint32_t decision)
{
	const struct listing_header *listing = judge->image->listing;
	const struct listing_row *rows = listing_rows(listing);

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (rows[i].slot == DECISION_SLOT(decision))
			return listing_string(listing, rows[i].name);
	return "";
}

/* Without a policy nothing is decided. */
static int judge_run(struct common_judge *judge, struct testrun_packet *packet, struct diags *diags)
{
	int error;

	packet->decision = DECISION(OUTCOME_UNDECIDED, 0);
	if (!judge->gate)
		return 0;
	error = testrun_run(judge->gate, packet, 1, judge->what, diags);
	if (!error && packet->decision == DECISION(OUTCOME_UNDECIDED, 0)) {
		diag_system(diags, EIO, judge->what, "the packet was not judged");
		diag_hint(diags, "say so to edgegate's authors, with the packet");
		return -EIO;
	}
	return error;
}

/* A frame, now. */
static int judge_frame(struct common_judge *judge, const uint8_t *bytes, size_t size,
		       enum direction direction, uint32_t *decision, struct diags *diags)
{
	struct testrun_packet packet = {
		.bytes = bytes,
		.captured = (uint32_t)size,
		.length = (uint32_t)size,
		.now = judge->now,
		.direction = direction,
	};
	int error = judge_run(judge, &packet, diags);

	*decision = packet.decision;
	return error;
}

/* The packets of one question have nothing to do with those of the one before. */
static int judge_begin(struct common_judge *judge, struct diags *diags)
{
	if (judge->live || !judge->gate)
		return 0;
	judge->now += JUDGE_APART * judge->hz;
	if (judge->now < JUDGE_MOST / 2 * judge->hz)
		return 0;
	judge->now = JUDGE_APART * judge->hz;
	return testrun_reset(judge->gate, judge->what, diags);
}

static void judge_say(const struct common_judge *judge, uint32_t decision,
		      const struct words_packet *packet, struct common_verdict *verdict)
{
	struct report_verdict *report = &verdict->report;

	*verdict = (struct common_verdict){ 0 };
	report->outcome = DECISION_OUTCOME(decision);
	report->direction = packet->direction == POLICY_IN ? DIRECTION_IN : DIRECTION_OUT;
	report->mode = judge->mode;
	report->spared = decision & DECISION_SPARED;
	if (report->outcome == OUTCOME_RULE || report->outcome == OUTCOME_REPLY)
		report->rule = judge_rule_name(judge, decision);
	if (packet->flow.family)
		verdict->packet = words_text(packet);
	if (judge->image)
		verdict->nearest = nearest_text(judge->image, packet, report->outcome);
	report->packet = verdict->packet;
	report->nearest = verdict->nearest;
}

static int judge_send(struct common_judge *judge, const struct words_packet *packet,
		      uint32_t *decision, struct diags *diags)
{
	size_t least, size = wire_write(packet, judge->bytes, &least);

	judge->now += packet->wait * judge->hz;
	if (!size) {
		diag_policy(diags, &packet->place,
			    "len=%u is less than the %zu bytes of its headers", packet->length,
			    least);
		diag_hint(diags, "a frame that is cut short can be asked about in hex: edgegate "
				 "explain 'in hex BYTES'");
		return -EINVAL;
	}
	if (judge->now / judge->hz > JUDGE_MOST) {
		diag_policy(diags, &packet->place, "its waits come to decades");
		diag_hint(diags, "no timeout is longer than 30 days");
		return -EINVAL;
	}
	return judge_frame(judge, judge->bytes, size,
			   packet->direction == POLICY_IN ? DIRECTION_IN : DIRECTION_OUT, decision,
			   diags);
}

/* ---- what a live gate remembers --------------------------------------------------------------------- */

/* Of `flow`, a packet of which travels in `direction`. */
static int judge_remember(struct common_judge *judge, const struct words_flow *flow,
			  enum policy_direction direction, bool is_fragment, uint32_t id,
			  struct diags *diags)
{
	const struct words_end *local = direction == POLICY_IN ? &flow->to : &flow->from;
	const struct words_end *remote = direction == POLICY_IN ? &flow->from : &flow->to;
	const struct testrun_subject subject = {
		.family = flow->family,
		.protocol = flow->protocol,
		.direction = direction == POLICY_IN ? DIRECTION_IN : DIRECTION_OUT,
		.local = local->address,
		.remote = remote->address,
		.local_port = (flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6) ?
				      flow->echo_id :
				      local->port,
		.remote_port = remote->port,
		.fragment_id = id,
		.is_fragment = is_fragment,
	};

	if (!judge->live || !flow->family)
		return 0;
	return testrun_copy_state(judge->gate, judge->live, judge->now, &subject, judge->what,
				  diags);
}

/* Of the packet, and of one that it quotes, which went the other way. */
static int judge_remember_packet(struct common_judge *judge, const struct words_packet *packet,
				 struct diags *diags)
{
	int error = judge_remember(judge, &packet->flow, packet->direction, packet->fragment,
				   packet->id, diags);

	if (!error && packet->has_about)
		error = judge_remember(judge, &packet->about,
				       packet->direction == POLICY_IN ? POLICY_OUT : POLICY_IN,
				       false, 0, diags);
	return error;
}

/* Of all, before any of them changes it: what is copied later would undo what they did. */
static int judge_remember_all(struct common_judge *judge, const struct words_packet *before,
			      size_t before_count, const struct words_packet *packet,
			      struct diags *diags)
{
	int error = judge_remember_packet(judge, packet, diags);

	for (size_t i = 0; !error && i < before_count; i++)
		error = judge_remember_packet(judge, &before[i], diags);
	return error;
}

/* ---- questions -------------------------------------------------------------------------------------- */

/* Up to where the packet itself is judged. */
static int judge_prepare(struct common_judge *judge, const struct words_packet *before,
			 size_t before_count, const struct words_packet *packet,
			 struct diags *diags)
{
	uint32_t decision;
	int error = judge_begin(judge, diags);

	if (!error)
		error = judge_remember_all(judge, before, before_count, packet, diags);
	for (size_t i = 0; !error && i < before_count; i++)
		error = judge_send(judge, &before[i], &decision, diags);
	return error;
}

int common_judge_words(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const struct words_packet *packet,
		       struct common_verdict *verdict, struct diags *diags)
{
	uint32_t decision = 0;
	int error = judge_prepare(judge, before, before_count, packet, diags);

	if (!error)
		error = judge_send(judge, packet, &decision, diags);
	if (!error)
		judge_say(judge, decision, packet, verdict);
	return error;
}

int common_judge_bytes(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const uint8_t *bytes, size_t size,
		       enum direction direction, struct common_verdict *verdict,
		       struct diags *diags)
{
	struct words_packet packet;
	uint32_t decision = 0;
	int error;

	wire_read(bytes, size, direction == DIRECTION_IN ? POLICY_IN : POLICY_OUT, &packet);
	error = judge_prepare(judge, before, before_count, &packet, diags);
	judge->now += judge->delay;
	if (!error)
		error = judge_frame(judge, bytes, size, direction, &decision, diags);
	if (!error)
		judge_say(judge, decision, &packet, verdict);
	return error;
}

int common_judge_play(struct common_judge *judge, struct testrun_packet *packets, size_t count,
		      struct diags *diags)
{
	return judge->gate ? testrun_run(judge->gate, packets, count, judge->what, diags) : 0;
}

int common_judge_captured(struct common_judge *judge, const struct testrun_packet *captured,
			  bool is_cut, struct common_verdict *verdict, struct diags *diags)
{
	struct testrun_packet packet = *captured;
	struct words_packet words;
	int error = 0;

	wire_read(packet.bytes, packet.captured,
		  packet.direction == DIRECTION_IN ? POLICY_IN : POLICY_OUT, &words);
	words.length = packet.length;
	packet.decision = DECISION(OUTCOME_UNDECIDED, 0);
	if (!is_cut)
		error = judge_run(judge, &packet, diags);
	if (!error)
		judge_say(judge, packet.decision, &words, verdict);
	return error;
}
