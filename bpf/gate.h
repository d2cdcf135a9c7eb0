/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a packet, the same for both hooks: rule and reply, essentials, drop. Parsing comes
 * before, verdict.h after. A step answers "undecided" (0) or a final decision.
 */
#ifndef BPF_GATE_H
#define BPF_GATE_H

#include "bpf/emergency.h"
#include "bpf/essentials.h"
#include "bpf/flows.h"
#include "bpf/fragments.h"
#include "bpf/icmp_errors.h"
#include "bpf/limits.h"
#include "bpf/parse.h"
#include "bpf/rules.h"
#include "bpf/state.h"
#include "bpf/verdict.h"

/*
 * What a packet is judged by; false: by nothing, it passes. Blocked, a gate whose policy was taken back
 * judges by that policy all the same, and *word then says so.
 */
static __always_inline bool gate_policy(__u64 *word, bool *in_emergency, struct policy *policy)
{
	*word = state_read(in_emergency);
	policy->slot = state_slot(*word);
	policy->generation = rules_generation(policy->slot);
	if (likely(policy->generation))
		return true;
	*word = state_without_policy(*word);
	policy->slot = state_slot(*word);
	policy->generation = rules_generation(policy->slot);
	return policy->generation; /* none: SLOT_NONE */
}

static __always_inline __u32 gate_miss(__u32 match)
{
	return match == RULES_ADDRESS ? OUTCOME_DROP_ADDRESS : OUTCOME_DROP_NO_RULE;
}

/*
 * What a rule that takes the packet in its own direction says in the end. On the short way it has no
 * more to ask: gate_asks_more().
 */
static __always_inline __u32 gate_rule(const struct policy *policy, const struct packet *packet,
				       __u32 match, __u32 direction, bool is_short)
{
	__u32 outcome = OUTCOME_UNDECIDED;

	if (!is_short && match & RULES_EXTRA)
		outcome = limits_judge(packet, policy->slot, RULES_SLOT(match), direction);
	return outcome ? outcome : DECISION(OUTCOME_RULE, RULES_SLOT(match));
}

/*
 * On the short way, TCP and UDP: has the rule more to ask of this packet? It is then left to the long
 * one. Payload classes are for UDP, and of TCP limits count what opens (spec 3.6).
 */
static __always_inline bool gate_asks_more(const struct packet *packet, __u32 match)
{
	return rules_is_slot(match) && match & RULES_EXTRA &&
	       (packet->protocol != IPPROTO_TCP || packet->flags & PACKET_OPENS);
}

/*
 * Towards the host: a rule, then a live flow. `match` is kept for the reason of a drop. On the short
 * way, a rule that has more to ask is left to the long one.
 */
static __always_inline __u32 gate_rules_in(const struct policy *policy, const struct packet *packet,
					   __u32 *match, bool is_short)
{
	bool ends = packet->protocol == IPPROTO_TCP && packet->tcp_flags & (TCP_FIN | TCP_RST);
	__u32 reply;

	*match = rules_match(policy, packet, DIRECTION_IN, false, is_short);
	if (is_short && gate_asks_more(packet, *match))
		return OUTCOME_UNDECIDED;
	if (rules_is_slot(*match) && likely(!ends))
		return gate_rule(policy, packet, *match, DIRECTION_IN, is_short);
	if (packet->flags & PACKET_OPENS)
		return OUTCOME_UNDECIDED;
	reply = rules_match(policy, packet, DIRECTION_OUT, true, is_short);
	/* FIN and RST leave their mark on the flow, whatever lets them pass */
	if (rules_is_slot(reply) && flows_reply(policy, packet) && !rules_is_slot(*match))
		return DECISION(OUTCOME_REPLY, RULES_SLOT(reply));
	if (!rules_is_slot(*match))
		return OUTCOME_UNDECIDED;
	return gate_rule(policy, packet, *match, DIRECTION_IN, is_short);
}

/* From the host, by a rule and no flow: a flow begins, if the rule has no more to ask. */
static __always_inline __u32 gate_begin(const struct policy *policy, const struct packet *packet,
					__u32 match, bool is_short)
{
	__u32 decision;

	/* its key takes more stack than the short way has, and a new flow costs far more than the detour */
	if (is_short && packet->family == 6)
		return OUTCOME_UNDECIDED;
	decision = gate_rule(policy, packet, match, DIRECTION_OUT, is_short);
	if (is_short)
		flows_create(packet);
	else if (DECISION_OUTCOME(decision) == OUTCOME_RULE && !policy->is_blocked)
		flows_create_any(packet);
	return decision;
}

/*
 * From the host: what opens, by a rule alone; else a live flow, a service's answer, a rule. The
 * answer stands before the rule, so that a flood to a service from ports that an out rule also
 * names leaves no flows.
 */
static __always_inline __u32 gate_rules_out(const struct policy *policy,
					    const struct packet *packet, __u32 *match,
					    bool is_short)
{
	__u32 decision, reply;
	struct flow *flow;

	*match = rules_match(policy, packet, DIRECTION_OUT, false, is_short);
	if (is_short && gate_asks_more(packet, *match))
		return OUTCOME_UNDECIDED;
	if (packet->flags & PACKET_OPENS)
		return rules_is_slot(*match) ? gate_begin(policy, packet, *match, is_short) :
					       OUTCOME_UNDECIDED;
	/* of ICMP only an echo request has a flow */
	if (rules_is_slot(*match) &&
	    (!(packet->flags & PACKET_ICMP) || rules_is_echo_request(packet))) {
		flow = flows_of_host(policy, packet);
		if (flow) {
			decision = gate_rule(policy, packet, *match, DIRECTION_OUT, is_short);
			if (DECISION_OUTCOME(decision) == OUTCOME_RULE)
				flows_refresh(flow, packet);
			return decision;
		}
	}
	reply = rules_match(policy, packet, DIRECTION_IN, true, is_short);
	if (rules_is_slot(reply))
		return DECISION(OUTCOME_REPLY, RULES_SLOT(reply));
	return rules_is_slot(*match) ? gate_begin(policy, packet, *match, is_short) :
				       OUTCOME_UNDECIDED;
}

/* Echo requests both ways, and the replies to them. */
static __always_inline __u32 gate_ping(const struct policy *policy, const struct packet *packet,
				       __u32 direction)
{
	struct flow *flow;

	if (direction == DIRECTION_OUT) {
		if (rules_is_echo_request(packet)) {
			flow = flows_of_host(policy, packet);
			if (flow)
				flows_refresh(flow, packet);
			else
				flows_create_any(packet);
		}
		if (rules_is_echo_request(packet) || rules_is_echo_reply(packet))
			return OUTCOME_PASS_PING;
	} else if (rules_is_echo_request(packet) ||
		   (rules_is_echo_reply(packet) && flows_reply(policy, packet))) {
		return OUTCOME_PASS_PING;
	}
	return OUTCOME_UNDECIDED;
}

/* As a client: requests out, answers in while one of the host's own is not long ago. */
static __always_inline __u32 gate_dhcp(const struct packet *packet, __u32 direction)
{
	__u64 asked;

	if (direction == DIRECTION_OUT)
		return essentials_is_dhcp(packet, true) ? OUTCOME_PASS_DHCP : OUTCOME_UNDECIDED;
	if (!essentials_is_dhcp(packet, false) ||
	    (packet->family == 6 && !essentials_is_link_local6(packet->saddr)))
		return OUTCOME_UNDECIDED;
	asked = memory.dhcp_asked[packet->family == 6];
	/* the other CPU may have seen the next jiffy: not longer ago than never */
	if (!asked || (__s64)(clock_now() - asked) >= (__s64)DHCP_SECONDS * clock_hz)
		return OUTCOME_UNDECIDED;
	return OUTCOME_PASS_DHCP;
}

/* What any host needs, where no rule decided. */
static __always_inline __u32 gate_essentials(const struct policy *policy,
					     const struct packet *packet, __u32 direction)
{
	__u32 settings = policy->generation->settings.flags;
	__u32 outcome = OUTCOME_UNDECIDED;

	if (settings & SETTING_NEIGHBOR_DISCOVERY && essentials_is_neighbor_discovery(packet))
		return OUTCOME_PASS_NEIGHBOR_DISCOVERY;
	if (settings & SETTING_PING && packet->flags & PACKET_ICMP)
		outcome = gate_ping(policy, packet, direction);
	if (!outcome && settings & SETTING_DHCP)
		outcome = gate_dhcp(packet, direction);
	return outcome;
}

/* May this source be unspecified? :: in what neighbor discovery lets pass, 0.0.0.0 in DHCP. */
static __always_inline bool gate_may_be_unspecified(const struct packet *packet, __u32 settings)
{
	if (packet->family == 4)
		return settings & SETTING_DHCP && !(packet->flags & PACKET_FRAGMENT) &&
		       essentials_is_dhcp(packet, true);
	return settings & SETTING_NEIGHBOR_DISCOVERY && essentials_is_neighbor_discovery(packet);
}

/*
 * Of any packet that parse_frame() found whole. Undecided: an ICMP error, to be judged by what it
 * quotes.
 */
static __always_inline __u32 gate_decide(const struct policy *policy, const struct packet *packet,
					 __u32 direction)
{
	__u32 settings = policy->generation->settings.flags;
	__u32 decision, match;

	if (packet->link != LINK_IP4 && packet->link != LINK_IP6)
		return essentials_link(packet, settings);
	if (direction == DIRECTION_IN && packet->flags & PACKET_UNSPECIFIED &&
	    !gate_may_be_unspecified(packet, settings))
		return OUTCOME_DROP_MARTIAN;
	if (packet->flags & PACKET_FRAGMENT) {
		if (!(settings & SETTING_FRAGMENTS_TRACK))
			return OUTCOME_DROP_FRAGMENT;
		if (packet->flags & PACKET_LATER)
			return fragments_judge(packet, direction);
	}
	decision = direction == DIRECTION_IN ? gate_rules_in(policy, packet, &match, false) :
					       gate_rules_out(policy, packet, &match, false);
	if (!decision)
		decision = gate_essentials(policy, packet, direction);
	if (decision)
		return decision;
	if (settings & SETTING_ICMP_ERRORS && icmp_errors_is_one(packet))
		return OUTCOME_UNDECIDED;
	return gate_miss(match);
}

static __always_inline __u32 gate_decide_long(const struct packet *packet, __u32 word,
					      __u32 direction)
{
	struct policy policy = { .slot = state_slot(word), .is_blocked = word & STATE_BLOCK };
	__u32 decision;

	policy.generation = rules_generation(policy.slot);
	if (!packet || !policy.generation)
		return OUTCOME_DROP_NO_RULE;
	decision = gate_decide(&policy, packet, direction);
	/* an ICMP error is undecided yet, and essential */
	if (policy.is_blocked && decision)
		return emergency_judge(packet, decision, word, direction);
	return decision;
}

/*
 * The long way's second part. Global, like its others, so that each is verified once, by itself; one for each
 * direction, so that a program has only the one that it asks. Of the state word its lower half is enough.
 */
noinline_global __u32 gate_decide_in(const struct packet *packet, __u32 word)
{
	return gate_decide_long(packet, word, DIRECTION_IN);
}

noinline_global __u32 gate_decide_out(const struct packet *packet, __u32 word)
{
	return gate_decide_long(packet, word, DIRECTION_OUT);
}

static __always_inline __u32 gate_decide_any(const struct packet *packet, __u32 word,
					     __u32 direction)
{
	return direction == DIRECTION_IN ? gate_decide_in(packet, word) :
					   gate_decide_out(packet, word);
}

/* What a packet that passed leaves behind, besides its flow. */
static __always_inline void gate_remember(const struct packet *packet, __u32 decision,
					  __u32 direction)
{
	if (!verdict_passes(decision))
		return;
	if (packet->flags & PACKET_FRAGMENT && !(packet->flags & PACKET_LATER))
		fragments_remember(packet, direction);
	if (direction == DIRECTION_OUT && essentials_is_dhcp(packet, true))
		memory.dhcp_asked[packet->family == 6] = clock_now();
}

#endif
