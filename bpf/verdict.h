/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that counts, samples and turns an outcome into an action. Its default drops: an
 * outcome that isn't in the passing set, whatever it is, is no pass.
 */
#ifndef BPF_VERDICT_H
#define BPF_VERDICT_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"
#include "bpf/state.h"

#define VERDICT_PASSES_RULE 1u
#define VERDICT_PASSES_PASS 1u
#define VERDICT_PASSES_DROP 0u
#define VERDICT_PASSING(symbol, label, class, help) | VERDICT_PASSES_##class << OUTCOME_##symbol
#define VERDICT_PASSING_SET (0u OUTCOMES(VERDICT_PASSING))

static __always_inline bool verdict_passes(__u32 decision)
{
	return VERDICT_PASSING_SET >> DECISION_OUTCOME(decision) & 1;
}

/* What one frame weighs: an offloaded packet counts as the segments that it becomes. */
struct weight {
	__u64 packets;
	__u64 bytes;
};

static __always_inline void verdict_add(struct count *count, const struct weight *weight)
{
	/* per CPU, and both hooks run with soft interrupts off: no atomics needed */
	count->packets += weight->packets;
	count->bytes += weight->bytes;
}

static __always_inline void verdict_count(__u32 decision, __u32 direction,
					  const struct weight *weight)
{
	enum outcome outcome = DECISION_OUTCOME(decision);
	struct rule_count *rule;
	struct count *count;
	__u32 key;

	if (outcome == OUTCOME_RULE || outcome == OUTCOME_REPLY) {
		key = DECISION_SLOT(decision);
		rule = bpf_map_lookup_elem(&rule_counts, &key);
		if (rule)
			verdict_add(outcome == OUTCOME_RULE ? &rule->forward : &rule->reply,
				    weight);
		return;
	}
	key = direction * OUTCOME_COUNT + outcome;
	count = bpf_map_lookup_elem(&outcome_counts, &key);
	if (count)
		verdict_add(count, weight);
}

/* Every decision passes here, once: where it can be looked at. */
static __always_inline void verdict_sample(__u32 decision)
{
	struct testrun *test = clock_testrun();

	if (test)
		test->decision = decision;
}

/* True: let it pass. `word` is the state's. */
static __always_inline bool verdict_give(__u32 decision, __u32 direction, __u64 word,
					 const struct weight *weight)
{
	verdict_sample(decision);
	/* the usual one first, and told from the others once */
	if (likely(DECISION_OUTCOME(decision) == OUTCOME_RULE)) {
		verdict_count(decision, direction, weight);
		return true;
	}
	verdict_count(decision, direction, weight);
	if (verdict_passes(decision))
		return true;
	return state_lets_pass(word, decision);
}

#endif
