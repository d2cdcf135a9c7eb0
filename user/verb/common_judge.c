// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/kernel/testrun_live.h"
#include "user/packet/wire.h"
#include "user/policy/nearest.h"
#include "user/verb/common_judge.h"

#define JUDGE_HZ 1000u
#define JUDGE_FLOWS 1024u /* more than a line of packets can make */
/*
 * Between two packets that have nothing to do with each other: longer than any timeout (30 days), so that
 * each finds an empty state.
 */
#define JUDGE_APART (31ull * 86400 * JUDGE_HZ)

static int judge_open(struct common_judge *judge, uint32_t hz, const char *what,
		      struct diags *diags)
{
	*judge = (struct common_judge){ .what = what, .hz = hz, .bytes = malloc(WIRE_SIZE_MAX) };
	if (!judge->bytes)
		return diag_system(diags, ENOMEM, what, NULL);
	return testrun_open(hz, JUDGE_FLOWS, what, &judge->gate, diags);
}

int common_judge_open(struct common_judge *judge, const struct policy *policy,
		      const struct image *image, const char *what, struct diags *diags)
{
	int error = judge_open(judge, JUDGE_HZ, what, diags);

	judge->policy = policy;
	judge->listing = image->listing;
	judge->apart = JUDGE_APART;
	if (!error)
		error = testrun_publish(judge->gate, image, what, diags);
	if (error)
		common_judge_close(judge);
	return error;
}

int common_judge_open_live(struct common_judge *judge, const struct gate *gate, const char *what,
			   struct diags *diags)
{
	int error = judge_open(judge, gate->stamp.hz, what, diags);

	judge->live = gate;
	if (!error)
		error = testrun_copy_live(judge->gate, gate, &judge->owned, &judge->now, what,
					  diags);
	judge->listing = judge->owned;
	if (error)
		common_judge_close(judge);
	return error;
}

void common_judge_close(struct common_judge *judge)
{
	testrun_close(judge->gate);
	free(judge->bytes);
	free(judge->owned);
	judge->gate = NULL;
	judge->bytes = NULL;
	judge->owned = NULL;
}

void common_verdict_free(struct common_verdict *verdict)
{
	free(verdict->packet);
	free(verdict->nearest);
	*verdict = (struct common_verdict){ 0 };
}

static const char *judge_rule_name(const struct common_judge *judge, uint32_t decision)
{
	const struct listing_row *rows = listing_rows(judge->listing);

	for (uint32_t i = 0; i < judge->listing->row_count; i++)
		if (rows[i].slot == DECISION_SLOT(decision))
			return listing_string(judge->listing, rows[i].name);
	return "";
}

/* Runs one packet at judge->now. */
static int judge_run(struct common_judge *judge, const uint8_t *bytes, size_t captured,
		     size_t length, enum direction direction, uint32_t *decision,
		     struct diags *diags)
{
	struct testrun_packet packet = {
		.bytes = bytes,
		.captured = (uint32_t)captured,
		.length = (uint32_t)length,
		.now = judge->now,
		.direction = direction,
	};
	int error = testrun_run(judge->gate, &packet, 1, judge->what, diags);

	*decision = packet.decision;
	return error;
}

static void judge_say(const struct common_judge *judge, uint32_t decision,
		      const struct words_packet *packet, struct common_verdict *verdict)
{
	struct report_verdict *report = &verdict->report;

	*verdict = (struct common_verdict){ 0 };
	report->outcome = DECISION_OUTCOME(decision);
	report->direction = packet->direction == POLICY_IN ? DIRECTION_IN : DIRECTION_OUT;
	if (report->outcome == OUTCOME_RULE || report->outcome == OUTCOME_REPLY)
		report->rule = judge_rule_name(judge, decision);
	if (packet->flow.family)
		verdict->packet = words_text(packet);
	if (judge->policy && packet->flow.family &&
	    (report->outcome == OUTCOME_DROP_NO_RULE || report->outcome == OUTCOME_DROP_ADDRESS))
		verdict->nearest = nearest_text(judge->policy, packet);
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
		diag_hint(diags, "a packet that is cut short can be given as hex: edgegate explain "
				 "--hex");
		return -EINVAL;
	}
	return judge_run(judge, judge->bytes, size, size,
			 packet->direction == POLICY_IN ? DIRECTION_IN : DIRECTION_OUT, decision,
			 diags);
}

/* What the live gate remembers of `flow`, a packet of which travels in `direction`. */
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

int common_judge_words(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const struct words_packet *packet,
		       struct common_verdict *verdict, struct diags *diags)
{
	uint32_t decision = 0;
	int error = 0;

	judge->now += judge->apart;
	error = judge_remember_packet(judge, packet, diags);
	for (size_t i = 0; !error && i < before_count; i++)
		error = judge_send(judge, &before[i], &decision, diags);
	if (!error)
		error = judge_send(judge, packet, &decision, diags);
	if (!error)
		judge_say(judge, decision, packet, verdict);
	return error;
}

int common_judge_bytes(struct common_judge *judge, const uint8_t *bytes, size_t captured,
		       size_t length, enum direction direction, struct common_verdict *verdict,
		       struct diags *diags)
{
	struct words_packet packet;
	uint32_t decision = 0;
	int error;

	judge->now += judge->apart;
	wire_read(bytes, captured, direction == DIRECTION_IN ? POLICY_IN : POLICY_OUT, &packet);
	error = judge_remember_packet(judge, &packet, diags);
	judge->now += judge->delay;
	if (!error)
		error = judge_run(judge, bytes, captured, length, direction, &decision, diags);
	if (error)
		return error;
	judge_say(judge, decision, &packet, verdict);
	return 0;
}
