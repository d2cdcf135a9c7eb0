// SPDX-License-Identifier: GPL-2.0-only
/* Peer ports, each rule's ranges in a row with an end; limits and payload classes. */
#include <errno.h>

#include "user/image/internal.h"

static struct rule_extra peers_extra(const struct policy_rule *rule)
{
	struct rule_extra extra = { 0 };

	if (rule->limit.count) {
		extra.interval = (uint64_t)rule->limit.seconds * 1000000000u * LIMIT_TICKS /
				 rule->limit.count;
		extra.tolerance = (rule->limit.burst - 1) * extra.interval;
		extra.flags |= rule->limit.per_source ? EXTRA_PER_SOURCE : 0;
	}
	if (rule->payload == POLICY_PAYLOAD_UDP_MEDIA)
		extra.flags |= EXTRA_UDP_MEDIA;
	if (rule->payload_enforce)
		extra.flags |= EXTRA_ENFORCE;
	return extra;
}

int peers_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		  struct diags *diags)
{
	struct generation *generation = image->generation;
	size_t at = 1;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		generation->extras[slots[i]] = peers_extra(rule);
		if (!rule->peer_count)
			continue;
		if (at + rule->peer_count + 1 > PEERS_MAX) {
			diag_policy(diags, &rule->place, "too many ranges of peer ports in all");
			diag_hint(diags, "name wider ranges");
			return -EINVAL;
		}
		generation->scopes[slots[i]].peers = (uint16_t)at;
		for (size_t n = 0; n < rule->peer_count; n++)
			generation->peers[at++] =
				(struct peer_range){ rule->peers[n].first, rule->peers[n].last };
		at++; /* the end: zero */
	}
	return 0;
}
