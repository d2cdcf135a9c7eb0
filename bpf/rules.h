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
#include "bpf/parse_context.h"

/* Results that are no slot. */
/* A slot may have this beside it: the rule has more to ask, limits_judge(). */
#define RULES_EXTRA CANDIDATE_EXTRA
#define RULES_SLOT(match) ((match)&CANDIDATE_SLOT_MASK)

#define RULES_NONE 0u
#define RULES_ADDRESS 0xffffu /* there are rules for the tuple, but not between these addresses */

static __always_inline bool rules_is_slot(__u32 match)
{
	return match != RULES_NONE && match != RULES_ADDRESS;
}

/* The policy that judges this packet, chosen once by the state word. */
struct policy {
	const struct generation *generation;
	__u32 slot;      /* of the generation */
	bool is_blocked; /* in emergency: no packet begins a flow */
};

/* What candidate lists are asked with. Lives on the stack: it is all that the slow way needs. */
struct rules_question {
	__u32 from[4]; /* the sender as the rule sees it; network order; IPv4 in word 0 */
	__u32 to[4];
	__u32 slot;   /* of the generation */
	__u32 family; /* 4 or 6 */
	__u16 sport;  /* as the rule sees it; host order */
	__u16 dport;
};

/* NULL for SLOT_NONE; a slot is never more. */
static __always_inline const struct generation *rules_generation(__u32 slot)
{
	__u64 index = slot;

	/* or clang moves the multiplication before the check, where the verifier refuses it */
	asm volatile("" : "+r"(index));
	if (index >= SLOT_COUNT)
		return NULL;
	asm volatile("" : "+r"(index));
	return &memory.generations[index];
}

static __always_inline bool rules_is_address6(const __u32 one[4], const __u32 other[4])
{
	return one[3] == other[3] && one[2] == other[2] && one[1] == other[1] && one[0] == other[0];
}

/* A server's own address is most often one of each family: that takes no trie. */
static __always_inline bool rules_in_set(const struct rules_question *question,
					 const struct generation *generation, __u32 set,
					 const __u32 address[4])
{
	const struct set_shape *shape = &generation->shapes[set & (SETS_MAX - 1)];
	__u32 size = question->family == 4 ? shape->size4 : shape->size6;
	__u32 slot = question->slot;
	/* a prefix4 is the beginning of a prefix6: one key for both saves stack */
	struct prefix6 key = {
		PREFIX_SET_BITS + (question->family == 4 ? 32 : 128),
		set,
		{ address[0], address[1], address[2], address[3] },
	};
	void *trie;

	if (set == SET_ANY)
		return true;
	if (size != SET_MORE)
		return size == SET_ONE &&
		       (question->family == 4 ? shape->address4 == address[0] :
						rules_is_address6(shape->address6, address));
	if (question->family == 4)
		trie = bpf_map_lookup_elem(&prefixes4, &slot);
	else
		trie = bpf_map_lookup_elem(&prefixes6, &slot);
	return trie && bpf_map_lookup_elem(trie, &key);
}

/* Is the other end's port among those that the rule names? */
static __always_inline bool rules_is_peer(const struct generation *generation, __u32 peers,
					  __u32 port)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PEER_RANGES_MAX; i++) {
		const struct peer_range *range = &generation->peers[(peers + i) & (PEERS_MAX - 1)];

		if (!range->last)
			return false;
		if (port >= range->first && port <= range->last)
			return true;
	}
	return false;
}

/*
 * Does a rule, known to name the packet's port as its `role`'s, hold its addresses and the other end's
 * port? 1 or 0. Global, like the walk that asks it: verified once, and not for each candidate.
 */
noinline_global __u32 rules_is_in_scope(const struct rules_question *question, __u32 slot,
					__u32 role)
{
	const struct generation *generation;
	const struct rule_scope *scope;

	if (!question)
		return 0;
	generation = rules_generation(question->slot);
	if (!generation)
		return 0;
	scope = &generation->scopes[slot & (RULE_SLOTS - 1)];
	if (!rules_in_set(question, generation, scope->from, question->from) ||
	    !rules_in_set(question, generation, scope->to, question->to))
		return 0;
	return !scope->peers ||
	       rules_is_peer(generation, scope->peers,
			     role == CANDIDATE_DESTINATION ? question->sport : question->dport);
}

/*
 * The first rule of a candidate list that takes the packet when its port is the `role`'s: a slot,
 * RULES_NONE or RULES_ADDRESS. A loop and not bpf_loop(), whose callback costs a call as well.
 */
noinline_global __u32 rules_walk(const struct rules_question *question, __u32 entry, __u32 role)
{
	const struct generation *generation;
	__u32 result = RULES_NONE;
	__u32 list, first, last;

	if (!question)
		return RULES_NONE;
	generation = rules_generation(question->slot);
	if (!generation)
		return RULES_NONE;
	list = generation->lists[entry & (LISTS_MAX - 1)];
	first = list & LIST_FIRST_MASK;
	last = first + (list >> LIST_LENGTH_SHIFT);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LIST_LENGTH_MAX; i++) {
		__u64 at = first + i;
		__u32 candidate;

		if (at > last)
			break;
		asm volatile("" : "+r"(at)); /* keeps the mask, which the verifier wants */
		candidate = generation->candidates[at & (CANDIDATES_MAX - 1)];
		if (!(candidate & role))
			continue;
		if (rules_is_in_scope(question, candidate & CANDIDATE_SLOT_MASK, role))
			return candidate & (CANDIDATE_SLOT_MASK | CANDIDATE_EXTRA);
		result = RULES_ADDRESS;
	}
	return result;
}

/* The slow way, where lists are in it: the first in file order over both ports' rules. */
static __always_inline __u32 rules_ask(const struct policy *policy,
				       const struct rules_question *question, __u32 destination,
				       __u32 source)
{
	const struct rule_scope *scopes = policy->generation->scopes;
	__u32 by_destination = destination, by_source;

	if (destination & ENTRY_LIST)
		by_destination = rules_walk(question, destination, CANDIDATE_DESTINATION);
	/* one rule for any address goes by the destination's port: it is in no source's list */
	if (!(source & ENTRY_LIST))
		return by_destination;
	by_source = rules_walk(question, source, CANDIDATE_SOURCE);
	if (!rules_is_slot(by_source))
		return by_destination == RULES_NONE ? by_source : by_destination;
	if (!rules_is_slot(by_destination))
		return by_source;
	return scopes[by_source & CANDIDATE_SLOT_MASK].order <
			       scopes[by_destination & CANDIDATE_SLOT_MASK].order ?
		       by_source :
		       by_destination;
}

/* Of TCP and UDP; `port` in host order. A port can't leave its protocol's part of the table. */
static __always_inline __u32 rules_table_entry(const struct policy *policy, __u32 direction,
					       __u32 protocol, __u32 port)
{
	const __u16 *table =
		&policy->generation->table[direction << TABLE_DIRECTION_SHIFT |
					   (protocol == IPPROTO_UDP) << TABLE_UDP_SHIFT];

	return table[packet_bounded(port)];
}

/* `port` in host order; the ICMP type; 0 without ports. */
static __always_inline __u32 rules_entry(const struct policy *policy, __u32 direction,
					 const struct packet *packet, __u32 port, bool is_short)
{
	__u32 slot;
	void *inner;
	__u16 *entry;

	if (is_short || likely(packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP))
		return rules_table_entry(policy, direction, packet->protocol, port);
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
 * matches: the rule whose reply it would be. On the short way it is TCP or UDP.
 */
static __always_inline __u32 rules_match(const struct policy *policy, const struct packet *packet,
					 __u32 direction, bool reversed, bool is_short)
{
	__u32 port = 0, other = 0, entry;

	if (is_short || packet_has_ports(packet)) {
		port = bpf_ntohs(reversed ? packet->sport : packet->dport);
		if (unlikely(policy->generation->settings.flags &
			     (SETTING_SOURCE_PORTS_IN << direction)))
			other = rules_entry(policy, direction, packet,
					    bpf_ntohs(reversed ? packet->dport : packet->sport),
					    is_short);
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
	entry = rules_entry(policy, direction, packet, port, is_short);
	if (likely(!((entry | other) & ENTRY_LIST)))
		return entry;

	struct rules_question question = {
		.slot = policy->slot,
		.family = packet->family,
		.sport = bpf_ntohs(reversed ? packet->dport : packet->sport),
		.dport = bpf_ntohs(reversed ? packet->sport : packet->dport),
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
	return rules_ask(policy, &question, entry, other);
}

#endif
