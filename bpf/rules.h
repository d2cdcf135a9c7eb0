/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rule a packet matches: the table or the hash of tuples names one rule or a candidate list;
 * addresses are looked at only where a rule asks for it. Asked in reverse, the same function says
 * which rule of the other direction the packet answers.
 */
#ifndef BPF_RULES_H
#define BPF_RULES_H

#include "bpf/maps.h"
#include "bpf/packet.h"

/* Results that are no slot. */
#define RULES_NONE 0u
#define RULES_ADDRESS 0xffffu /* there are rules for the tuple, but not between these addresses */

/* The policy that judges this packet, chosen once by the state word. */
struct policy {
	const struct generation *generation;
	__u32 slot; /* of the generation */
};

/* What candidate lists are asked with. Lives on the stack: it is all that the slow way needs. */
struct rules_question {
	__u32 from[4]; /* the sender as the rule sees it; network order; IPv4 in word 0 */
	__u32 to[4];
	__u32 slot;        /* of the generation */
	__u32 family;      /* 4 or 6 */
	__u32 destination; /* entry for the destination's port */
	__u32 source;      /* entry for the source's port; 0 where no rule goes by it */
};

/* A walk over one candidate list. */
struct rules_walk {
	const struct rules_question *question;
	__u32 first;  /* candidate */
	__u16 role;   /* CANDIDATE_DESTINATION or CANDIDATE_SOURCE */
	__u16 order;  /* of the rule that matched */
	__u32 result; /* RULES_NONE, RULES_ADDRESS, or a rule's slot */
};

static __always_inline const struct generation *rules_generation(__u32 slot)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&generations, &slot);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

static __always_inline bool rules_in_set(const struct rules_question *question, __u32 set,
					 const __u32 address[4])
{
	__u32 slot = question->slot;
	void *trie;

	if (set == SET_ANY)
		return true;
	if (question->family == 4) {
		struct prefix4 key = { PREFIX_SET_BITS + 32, set, address[0] };

		trie = bpf_map_lookup_elem(&prefixes4, &slot);
		return trie && bpf_map_lookup_elem(trie, &key);
	}
	struct prefix6 key = { PREFIX_SET_BITS + 128,
			       set,
			       { address[0], address[1], address[2], address[3] } };

	trie = bpf_map_lookup_elem(&prefixes6, &slot);
	return trie && bpf_map_lookup_elem(trie, &key);
}

/* bpf_loop's callback: one candidate; 1 ends the walk. */
static long rules_candidate(__u32 index, struct rules_walk *walk)
{
	const struct rules_question *question = walk->question;
	const struct generation *generation = rules_generation(question->slot);
	const struct rule_scope *scope;
	__u32 at, candidate, slot;

	if (!generation)
		return 1;
	at = walk->first + index;
	if (at >= CANDIDATES_MAX)
		return 1;
	candidate = generation->candidates[at];
	if (!(candidate & walk->role))
		return 0;
	slot = candidate & CANDIDATE_SLOT_MASK;
	scope = &generation->scopes[slot];
	if (!rules_in_set(question, scope->from, question->from) ||
	    !rules_in_set(question, scope->to, question->to)) {
		walk->result = RULES_ADDRESS;
		return 0;
	}
	walk->result = slot;
	walk->order = scope->order;
	return 1;
}

/* The first rule of an entry that takes the packet when its port is the `role`'s. */
static __always_inline void rules_walk_entry(const struct generation *generation, __u32 entry,
					     struct rules_walk *walk)
{
	__u32 list;

	if (!(entry & ENTRY_LIST)) {
		/* one rule for any address: always the destination's port */
		if (entry && walk->role == CANDIDATE_DESTINATION) {
			entry &= RULE_SLOTS - 1;
			walk->result = entry;
			walk->order = generation->scopes[entry].order;
		}
		return;
	}
	list = generation->lists[entry & (LISTS_MAX - 1)];
	walk->first = list & LIST_FIRST_MASK;
	bpf_loop((list >> LIST_LENGTH_SHIFT) + 1, rules_candidate, walk, 0);
}

/* The slow way, out of line and verified once: first in file order over both ports' rules. */
__attribute__((noinline)) __u32 rules_ask(const struct rules_question *question)
{
	struct rules_walk destination = { .question = question, .role = CANDIDATE_DESTINATION };
	struct rules_walk source = { .question = question, .role = CANDIDATE_SOURCE };
	const struct generation *generation;

	if (!question)
		return RULES_NONE;
	generation = rules_generation(question->slot);
	if (!generation)
		return RULES_NONE;
	rules_walk_entry(generation, question->destination, &destination);
	if (question->source & ENTRY_LIST)
		rules_walk_entry(generation, question->source, &source);
	if (source.result == RULES_NONE)
		return destination.result;
	if (destination.result == RULES_NONE || destination.result == RULES_ADDRESS)
		return source.result == RULES_ADDRESS ? RULES_ADDRESS : source.result;
	if (source.result == RULES_ADDRESS || destination.order <= source.order)
		return destination.result;
	return source.result;
}

/* `port` in host order; the ICMP type; 0 without ports. */
static __always_inline __u32 rules_entry(const struct policy *policy, __u32 direction,
					 const struct packet *packet, __u32 port)
{
	__u32 index, slot;
	void *inner;
	__u16 *entry;

	if (likely(packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP)) {
		index = direction << TABLE_DIRECTION_SHIFT |
			(packet->protocol == IPPROTO_UDP) << TABLE_UDP_SHIFT | port;
		/* or clang splits the index so that the verifier can't bound it */
		asm volatile("" : "+r"(index));
		return policy->generation->table[index & (TABLE_ENTRIES - 1)];
	}
	struct tuple tuple = { .direction = direction, .protocol = packet->protocol, .port = port };

	slot = policy->slot;
	inner = bpf_map_lookup_elem(&tuples, &slot);
	if (!inner)
		return 0;
	entry = bpf_map_lookup_elem(inner, &tuple);
	return entry ? *entry : 0;
}

/* Does a protocol number mean the protocol that rules by that name mean? */
static __always_inline bool rules_is_of_family(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_ICMP || packet->protocol == IP_PROTOCOL_ICMPV6)
		return packet->flags & PACKET_ICMP;
	return true;
}

#define ICMP4_ECHO_REPLY 0
#define ICMP4_ECHO_REQUEST 8
#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY 129

static __always_inline bool rules_is_echo_reply(const struct packet *packet)
{
	return packet->flags & PACKET_ICMP &&
	       packet->icmp_type == (packet->family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY);
}

static __always_inline bool rules_is_echo_request(const struct packet *packet)
{
	return packet->flags & PACKET_ICMP &&
	       packet->icmp_type == (packet->family == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST);
}

/*
 * The first rule of `direction` that the packet matches, or with `reversed` that its mirror image
 * matches: the rule whose reply it would be.
 */
static __always_inline __u32 rules_match(const struct policy *policy, const struct packet *packet,
					 __u32 direction, bool reversed)
{
	__u32 port = 0, other = 0, entry;

	if (packet_has_ports(packet)) {
		port = bpf_ntohs(reversed ? packet->sport : packet->dport);
		if (unlikely(policy->generation->settings.flags &
			     (SETTING_SOURCE_PORTS_IN << direction)))
			other = rules_entry(policy, direction, packet,
					    bpf_ntohs(reversed ? packet->dport : packet->sport));
	} else if (packet->flags & PACKET_ICMP) {
		if (!reversed)
			port = packet->icmp_type;
		else if (rules_is_echo_reply(packet))
			port = packet->family == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST;
		else
			return RULES_NONE; /* of ICMP only echo has replies */
	} else if (!rules_is_of_family(packet)) {
		return RULES_NONE;
	}
	entry = rules_entry(policy, direction, packet, port);
	if (likely(!((entry | other) & ENTRY_LIST)))
		return entry;

	struct rules_question question = {
		.slot = policy->slot,
		.family = packet->family,
		.destination = entry,
		.source = other,
	};
	const __u32 *from = reversed ? packet->daddr : packet->saddr;
	const __u32 *to = reversed ? packet->saddr : packet->daddr;

	question.from[0] = from[0];
	question.to[0] = to[0];
	if (packet->family == 6) {
		for (int i = 1; i < 4; i++) {
			question.from[i] = from[i];
			question.to[i] = to[i];
		}
	}
	return rules_ask(&question);
}

static __always_inline bool rules_is_slot(__u32 match)
{
	return match != RULES_NONE && match != RULES_ADDRESS;
}

#endif
