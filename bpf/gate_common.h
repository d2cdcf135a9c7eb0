/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of a packet that parse_common.h knows: the same decisions as gate_decide()'s, or "undecided",
 * which means the long way. First what ports decide, before addresses are so much as read: a packet to an open
 * service, to a closed port, a service's answer; then what a flow does. There is a copy of all of it for each family and
 * protocol: what is a constant in one needs no place on the stack.
 */
#ifndef BPF_GATE_COMMON_H
#define BPF_GATE_COMMON_H

#include "bpf/gate.h"
#include "bpf/parse_common.h"

/* What is no decision: it was counted, and that's what becomes of it. */
#define GATE_COMMON_PASSED 0xffffffffu
#define GATE_COMMON_DROPPED 0xfffffffeu

/* The hook's: what a frame weighs, `header_length` bytes of which are headers. */
static __always_inline void gate_weigh(parse_context *context, const struct frame *frame,
				       __u32 header_length, struct weight *weight);

/* A packet on the short way. */
struct gate_common {
	parse_context *context;
	struct frame *frame;
	const struct policy *policy;
	__u64 word;
	__u32 direction;
	struct cursor cursor;
	struct packet packet;
};

/*
 * Where it is decided, and not where all ways meet: of an outcome that is a constant only the code for that one
 * outcome is left.
 */
static __always_inline __u32 gate_common_give(const struct gate_common *common, __u32 decision)
{
	struct weight weight;

	gate_weigh(common->context, common->frame, common->packet.header_length, &weight);
	return verdict_give(decision, common->direction, common->word, &weight) ?
		       GATE_COMMON_PASSED :
		       GATE_COMMON_DROPPED;
}

/* A rule for any address that has no more to ask. */
static __always_inline bool gate_common_is_plain(__u32 entry)
{
	return entry - 1 < RULE_SLOTS - 1;
}

/* Only what asks for a flow needs addresses. Either header is there. */
static __always_inline void gate_common_addresses(struct gate_common *common,
						  const struct iphdr *ip4,
						  const struct ipv6hdr *ip6)
{
	if (ip4)
		common_addresses4(ip4, &common->packet);
	else
		common_addresses6(ip6, &common->packet);
}

static __always_inline __u32 gate_common_at_once_in(struct gate_common *common,
						    const struct iphdr *ip4,
						    const struct ipv6hdr *ip6, __u32 protocol)
{
	const struct packet *packet = &common->packet;
	__u32 entry =
		rules_table_entry(common->policy, DIRECTION_IN, protocol, bpf_ntohs(packet->dport));
	__u32 answered = 0;

	if (likely(gate_common_is_plain(entry))) {
		/* FIN and RST may leave their mark on a flow */
		if (protocol == IPPROTO_TCP && packet->tcp_flags & (TCP_FIN | TCP_RST))
			return OUTCOME_UNDECIDED;
		return gate_common_give(common, DECISION(OUTCOME_RULE, entry));
	}
	if (entry)
		return OUTCOME_UNDECIDED;
	if (!(packet->flags & PACKET_OPENS))
		answered = rules_table_entry(common->policy, DIRECTION_OUT, protocol,
					     bpf_ntohs(packet->sport));
	if (answered) {
		if (!gate_common_is_plain(answered))
			return OUTCOME_UNDECIDED;
		gate_common_addresses(common, ip4, ip6);
		if (flows_reply(common->policy, packet))
			return gate_common_give(common, DECISION(OUTCOME_REPLY, answered));
	}
	if (unlikely(essentials_may_be_dhcp(packet)))
		return OUTCOME_UNDECIDED;
	return gate_common_give(common, OUTCOME_DROP_NO_RULE);
}

static __always_inline __u32 gate_common_at_once_out(struct gate_common *common,
						     const struct iphdr *ip4,
						     const struct ipv6hdr *ip6, __u32 protocol)
{
	const struct packet *packet = &common->packet;
	__u32 entry = rules_table_entry(common->policy, DIRECTION_OUT, protocol,
					bpf_ntohs(packet->dport));
	__u32 answered = 0;
	struct flow *flow;

	if (unlikely(essentials_may_be_dhcp(packet)))
		return OUTCOME_UNDECIDED;
	if (entry) {
		if (packet->flags & PACKET_OPENS || !gate_common_is_plain(entry))
			return OUTCOME_UNDECIDED;
		gate_common_addresses(common, ip4, ip6);
		flow = flows_of_host(common->policy, packet);
		if (flow) {
			flows_refresh(flow, packet);
			return gate_common_give(common, DECISION(OUTCOME_RULE, entry));
		}
		/* a flow begins, unless it is a service's answer; of IPv6 the key has no room here */
		if (packet->family == 6 || rules_table_entry(common->policy, DIRECTION_IN, protocol,
							     bpf_ntohs(packet->sport)))
			return OUTCOME_UNDECIDED;
		flows_create(packet);
		return gate_common_give(common, DECISION(OUTCOME_RULE, entry));
	}
	if (!(packet->flags & PACKET_OPENS))
		answered = rules_table_entry(common->policy, DIRECTION_IN, protocol,
					     bpf_ntohs(packet->sport));
	if (!answered)
		return gate_common_give(common, OUTCOME_DROP_NO_RULE);
	return gate_common_is_plain(answered) ?
		       gate_common_give(common, DECISION(OUTCOME_REPLY, answered)) :
		       OUTCOME_UNDECIDED;
}

/* By ports, and flows, alone. Undecided: gate_common_decide(). */
static __always_inline __u32 gate_common_at_once(struct gate_common *common,
						 const struct iphdr *ip4, const struct ipv6hdr *ip6,
						 __u32 protocol)
{
	/* rules that name the sender's port are in the other port's entry */
	if (unlikely(common->policy->generation->settings.flags &
		     (SETTING_SOURCE_PORTS_IN | SETTING_SOURCE_PORTS_OUT)))
		return OUTCOME_UNDECIDED;
	return common->direction == DIRECTION_IN ?
		       gate_common_at_once_in(common, ip4, ip6, protocol) :
		       gate_common_at_once_out(common, ip4, ip6, protocol);
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
static __always_inline __u32 gate_common_transport(struct gate_common *common,
						   const struct iphdr *ip4,
						   const struct ipv6hdr *ip6, __u32 protocol)
{
	__u32 result;

	if (!common_transport(&common->cursor, common->frame, &common->packet, protocol))
		return OUTCOME_UNDECIDED;
	result = gate_common_at_once(common, ip4, ip6, protocol);
	if (result)
		return result;
	gate_common_addresses(common, ip4, ip6);
	return gate_common_decide(common->policy, &common->packet, common->direction);
}

static __always_inline __u32 gate_common_network(struct gate_common *common,
						 const struct iphdr *ip4, const struct ipv6hdr *ip6)
{
	if (common->packet.protocol == IPPROTO_TCP)
		return gate_common_transport(common, ip4, ip6, IPPROTO_TCP);
	if (common->packet.protocol == IPPROTO_UDP)
		return gate_common_transport(common, ip4, ip6, IPPROTO_UDP);
	return OUTCOME_UNDECIDED;
}

/*
 * All of it: GATE_COMMON_PASSED or _DROPPED, a decision that is to be given yet, or 0: take the long way. With a
 * decision packet.header_length is set.
 */
static __always_inline __u32 gate_common_judge(struct gate_common *common)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip4;

	common->cursor = common->frame->cursor;
	if (!common_link(&common->cursor, common->frame, &common->packet))
		return OUTCOME_UNDECIDED;
	if (likely(common->packet.link == LINK_IP4)) {
		ip4 = common_ip4(common->context, &common->cursor, common->frame, &common->packet,
				 common->direction);
		return ip4 ? gate_common_network(common, ip4, NULL) : OUTCOME_UNDECIDED;
	}
	ip6 = common_ip6(common->context, &common->cursor, common->frame, &common->packet,
			 common->direction);
	return ip6 ? gate_common_network(common, NULL, ip6) : OUTCOME_UNDECIDED;
}

#endif
