// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/replay_judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/testrun_counts.h"

int replay_judge_read(struct replay_judge *judge, const char *const *policies, size_t count,
		      const struct common_options *options, struct diags *diags)
{
	const struct image_running fresh = { 0 };
	int error = policy_load(policies, count, options->groups, options->group_count,
				&judge->policy, diags);

	return error ? error : image_compile(judge->policy, &fresh, &judge->image, diags);
}

int replay_judge_open(struct replay_judge *judge, struct diags *diags)
{
	const struct listing_header *listing = judge->image.listing;
	int error;

	judge->batch = calloc(CHUNK_PACKETS, sizeof(*judge->batch));
	judge->decisions = calloc(CHUNK_PACKETS, sizeof(*judge->decisions));
	judge->names = calloc(RULE_SLOTS, sizeof(*judge->names));
	judge->rules = calloc(RULE_SLOTS, sizeof(*judge->rules));
	if (!judge->batch || !judge->decisions || !judge->names || !judge->rules)
		return diag_system(diags, ENOMEM, "replay", NULL);
	for (uint32_t i = 0; i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];

		judge->names[row->slot] = listing_string(listing, row->name);
	}
	/* whoever reads a capture from a pipe doesn't stop at its first packet */
	error = testrun_open(CHUNK_HZ, judge->policy->settings.flows_max, true, "replay",
			     &judge->gate, diags);
	return error ? error : testrun_publish(judge->gate, &judge->image, "replay", diags);
}

void replay_judge_close(struct replay_judge *judge)
{
	testrun_close(judge->gate);
	image_free(&judge->image);
	policy_free(judge->policy);
	free(judge->batch);
	free(judge->decisions);
	free(judge->names);
	free(judge->rules);
	*judge = (struct replay_judge){ 0 };
}

bool replay_judge_wants_payload(const struct replay_judge *judge)
{
	for (size_t i = 0; i < judge->policy->rule_count; i++)
		if (judge->policy->rules[i].payload != POLICY_PAYLOAD_ANY)
			return true;
	return false;
}

int replay_judge_run(struct replay_judge *judge, const struct chunk *chunk, struct diags *diags)
{
	size_t runs = 0;
	int error;

	for (size_t i = 0; i < chunk->count; i++) {
		const struct chunk_packet *packet = &chunk->packets[i];

		if (packet->cut)
			continue;
		judge->batch[runs++] = (struct testrun_packet){
			.bytes = chunk->bytes + packet->frame,
			.captured = packet->kept,
			.length = packet->length,
			.now = packet->now,
			.direction = packet->direction,
		};
	}
	error = testrun_run(judge->gate, judge->batch, runs, "replay", diags);
	if (error)
		return error;
	runs = 0;
	for (size_t i = 0; i < chunk->count; i++) {
		const struct chunk_packet *packet = &chunk->packets[i];

		judge->decisions[i] = packet->cut ? DECISION(OUTCOME_UNDECIDED, 0) :
						    judge->batch[runs++].decision;
		/* it must not be taken for one that was cut off */
		if (!packet->cut && judge->decisions[i] == DECISION(OUTCOME_UNDECIDED, 0)) {
			diag_system(diags, EIO, "replay", "packet %llu was not judged",
				    (unsigned long long)packet->number);
			diag_hint(diags, "say so to edgegate's authors, with the packet");
			return -EIO;
		}
	}
	return 0;
}

struct report_replay_verdict replay_judge_verdict(const struct replay_judge *judge, size_t at)
{
	uint32_t decision = judge->decisions[at];

	return (struct report_replay_verdict){
		.outcome = DECISION_OUTCOME(decision),
		.rule = judge->names[DECISION_SLOT(decision) % RULE_SLOTS],
	};
}

void replay_judge_count(struct replay_judge *judge, const struct chunk_packet *packet, size_t at)
{
	enum outcome outcome = DECISION_OUTCOME(judge->decisions[at]);
	struct rule_count *rule = &judge->rules[DECISION_SLOT(judge->decisions[at]) % RULE_SLOTS];
	struct count *count = &judge->outcomes[packet->direction * OUTCOME_COUNT + outcome];

	if (outcome == OUTCOME_UNDECIDED)
		return;
	if (outcome == OUTCOME_RULE)
		count = &rule->forward;
	else if (outcome == OUTCOME_REPLY)
		count = &rule->reply;
	count->packets++;
	count->bytes += packet->length;
}

/* The programs alone know of mismatches, and count them for all packets. */
static int judge_mismatches(const struct replay_judge *judge)
{
	cleanup(gate_free_counts) struct gate_counts counts = { 0 };
	int error = testrun_counts_read(judge->gate, &counts);

	for (unsigned int slot = 0; !error && slot < RULE_SLOTS; slot++)
		judge->rules[slot].payload_mismatches = counts.rules[slot].payload_mismatches;
	return error;
}

int replay_judge_report(const struct replay_judge *judge, uint64_t now, struct report_gate *report,
			struct diags *diags)
{
	const struct listing_header *listing = judge->image.listing;
	cleanup(report_gate_free) struct report_gate made = { .mode = "enforce" };
	struct flows_counts flows = { 0 };
	int error = judge_mismatches(judge);

	if (!error)
		error = testrun_counts_flows(judge->gate, &judge->image, CHUNK_HZ, now, &flows);
	if (!error)
		error = common_describe(judge->policy, &made);
	made.label = strdup("replay");
	made.policy = strdup(judge->policy->name);
	if (!error && (!made.label || !made.policy))
		error = -ENOMEM;
	if (error)
		return diag_system(diags, -error, "replay", "cannot read what was counted");
	for (uint32_t i = 0; i < listing->row_count && i < made.rule_count; i++)
		made.rules[i].counts = judge->rules[listing_rows(listing)[i].slot];
	memcpy(made.outcomes, judge->outcomes, sizeof(made.outcomes));
	made.policy_hash = listing->policy_hash;
	made.flows_of[REPORT_IPV4] = flows.ipv4;
	made.flows_of[REPORT_IPV6] = flows.ipv6;
	made.flows_entries = flows.ipv4 + flows.ipv6;
	made.flows_max = 2ull * judge->policy->settings.flows_max;
	*report = made;
	made = (struct report_gate){ 0 };
	return 0;
}
