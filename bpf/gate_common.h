/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of a packet that parse_common.h knows: the same decisions as gate_decide()'s, or "undecided",
 * which means the long way. First what a port alone decides, before addresses are so much as read: a packet to an
 * open service, to a closed port, a service's answer. There is a copy of all of it for each family and
 * protocol: what is a constant in one needs no place on the stack.
 */
#ifndef BPF_GATE_COMMON_H
#define BPF_GATE_COMMON_H

#include "bpf/gate.h"
#include "bpf/parse_common.h"

/* A rule for any address that has no more to ask. */
static __always_inline bool gate_common_is_plain(__u32 entry)
{
	return entry - 1 < RULE_SLOTS - 1;
}

static __always_inline __u32 gate_common_at_once_in(const struct policy *policy,
						    const struct packet *packet)
{
	__u32 entry = rules_table_entry(policy, DIRECTION_IN, packet, bpf_ntohs(packet->dport));

	if (likely(gate_common_is_plain(entry))) {
		/* FIN and RST may leave their mark on a flow */
		if (packet->protocol == IPPROTO_TCP && packet->tcp_flags & (TCP_FIN | TCP_RST))
			return OUTCOME_UNDECIDED;
		return DECISION(OUTCOME_RULE, entry);
	}
	if (entry || (!(packet->flags & PACKET_OPENS) &&
		      rules_table_entry(policy, DIRECTION_OUT, packet, bpf_ntohs(packet->sport))))
		return OUTCOME_UNDECIDED;
	return unlikely(essentials_may_be_dhcp(packet)) ? OUTCOME_UNDECIDED : OUTCOME_DROP_NO_RULE;
}

static __always_inline __u32 gate_common_at_once_out(const struct policy *policy,
						     const struct packet *packet)
{
	__u32 answered;

	if (rules_table_entry(policy, DIRECTION_OUT, packet, bpf_ntohs(packet->dport)) ||
	    unlikely(essentials_may_be_dhcp(packet)))
		return OUTCOME_UNDECIDED;
	if (packet->flags & PACKET_OPENS)
		return OUTCOME_DROP_NO_RULE;
	answered = rules_table_entry(policy, DIRECTION_IN, packet, bpf_ntohs(packet->sport));
	if (!answered)
		return OUTCOME_DROP_NO_RULE;
	return gate_common_is_plain(answered) ? DECISION(OUTCOME_REPLY, answered) :
						OUTCOME_UNDECIDED;
}

/* By ports alone. Undecided: gate_common_decide(). */
static __always_inline __u32 gate_common_at_once(const struct policy *policy,
						 const struct packet *packet, __u32 direction)
{
	/* rules that name the sender's port are in the other port's entry */
	if (unlikely(policy->generation->settings.flags &
		     (SETTING_SOURCE_PORTS_IN | SETTING_SOURCE_PORTS_OUT)))
		return OUTCOME_UNDECIDED;
	return direction == DIRECTION_IN ? gate_common_at_once_in(policy, packet) :
					   gate_common_at_once_out(policy, packet);
}

static __always_inline __u32 gate_common_decide(const struct policy *policy,
						const struct packet *packet, __u32 direction)
{
	__u32 decision, match;

	if (direction == DIRECTION_OUT && unlikely(essentials_may_be_dhcp(packet)))
		return OUTCOME_UNDECIDED;
	decision = direction == DIRECTION_IN ? gate_rules_in(policy, packet, &match, true) :
					       gate_rules_out(policy, packet, &match, true);
	if (decision)
		return decision;
	if (rules_is_slot(match) || /* a rule with more to ask */
	    (direction == DIRECTION_IN && unlikely(essentials_may_be_dhcp(packet))))
		return OUTCOME_UNDECIDED;
	return gate_miss(match);
}

/* Either header is there. */
static __always_inline __u32 gate_common_transport(struct cursor *cursor, const struct frame *frame,
						   const struct policy *policy,
						   struct packet *packet, const struct iphdr *ip4,
						   const struct ipv6hdr *ip6, __u32 protocol,
						   __u32 direction)
{
	__u32 decision;

	if (!common_transport(cursor, frame, packet, protocol))
		return OUTCOME_UNDECIDED;
	decision = gate_common_at_once(policy, packet, direction);
	if (decision)
		return decision;
	if (ip4)
		common_addresses4(ip4, packet);
	else
		common_addresses6(ip6, packet);
	return gate_common_decide(policy, packet, direction);
}

static __always_inline __u32 gate_common_network(struct cursor *cursor, const struct frame *frame,
						 const struct policy *policy, struct packet *packet,
						 const struct iphdr *ip4, const struct ipv6hdr *ip6,
						 __u32 direction)
{
	if (packet->protocol == IPPROTO_TCP)
		return gate_common_transport(cursor, frame, policy, packet, ip4, ip6, IPPROTO_TCP,
					     direction);
	if (packet->protocol == IPPROTO_UDP)
		return gate_common_transport(cursor, frame, policy, packet, ip4, ip6, IPPROTO_UDP,
					     direction);
	return OUTCOME_UNDECIDED;
}

/* All of it; 0: take the long way. `*header_length` is set with a decision. */
static __always_inline __u32 gate_common_judge(parse_context *context, struct frame *frame,
					       const struct policy *policy, __u32 direction,
					       __u32 *header_length)
{
	struct cursor cursor = frame->cursor;
	__u32 link_length, decision;
	const struct ipv6hdr *ip6;
	const struct iphdr *ip4;
	struct packet packet;

	if (!common_link(&cursor, frame, &packet, &link_length))
		return OUTCOME_UNDECIDED;
	if (likely(packet.link == LINK_IP4)) {
		ip4 = common_ip4(context, &cursor, frame, &packet, link_length, direction);
		if (!ip4)
			return OUTCOME_UNDECIDED;
		decision =
			gate_common_network(&cursor, frame, policy, &packet, ip4, NULL, direction);
	} else {
		ip6 = common_ip6(context, &cursor, frame, &packet, link_length, direction);
		if (!ip6)
			return OUTCOME_UNDECIDED;
		decision =
			gate_common_network(&cursor, frame, policy, &packet, NULL, ip6, direction);
	}
	*header_length = packet.header_length;
	return decision;
}

#endif
