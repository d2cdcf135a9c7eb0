// SPDX-License-Identifier: GPL-2.0-only
/* The twin of bpf/rules.h for what goes out; there the verifier has its say on the shape. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/kernel/flow_rules.h"

#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_ICMPV6 58u
#define PROTOCOL_SCTP 132u
#define ICMP4_ECHO_REQUEST 8u
#define ICMP6_ECHO_REQUEST 128u

#define ANSWERS 16384u /* a power of two; 512 KiB */

/* Is an address in a set? One that was asked last with its hash. */
struct flow_rules_answer {
	struct prefix6 key; /* set 0: none yet */
	uint8_t family;
	bool is_in;
};

int flow_rules_begin(struct flow_rules *rules, const struct generation *generation, int tuples,
		     const int prefixes[2])
{
	*rules = (struct flow_rules){
		.generation = generation,
		.tuples = tuples,
		.prefixes = { prefixes[0], prefixes[1] },
		.answers = calloc(ANSWERS, sizeof(*rules->answers)),
	};
	return rules->answers ? 0 : -ENOMEM;
}

void flow_rules_end(struct flow_rules *rules)
{
	free(rules->answers);
	rules->answers = NULL;
}

bool flow_rules_is_icmp(const struct flow_ends *ends)
{
	return ends->protocol == (ends->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

static bool flow_rules_has_ports(const struct flow_ends *ends)
{
	return ends->protocol == PROTOCOL_TCP || ends->protocol == PROTOCOL_UDP ||
	       ends->protocol == PROTOCOL_SCTP;
}

static uint32_t flow_rules_hash(const struct prefix6 *key)
{
	uint32_t hash = key->set * 0x9e3779b1u;

	for (int i = 0; i < 4; i++)
		hash = (hash ^ key->address[i]) * 0x85ebca6bu;
	return hash ^ hash >> 15;
}

static bool flow_rules_in_set(const struct flow_rules *rules, uint8_t family, uint32_t set,
			      const uint32_t address[4])
{
	/* a prefix4 is the beginning of a prefix6 */
	struct prefix6 key = { .length = PREFIX_SET_BITS + (family == 4 ? 32 : 128), .set = set };
	struct flow_rules_answer *answer;
	uint8_t one;

	if (set == SET_ANY)
		return true;
	memcpy(key.address, address, family == 4 ? 4 : sizeof(key.address));
	answer = &rules->answers[flow_rules_hash(&key) & (ANSWERS - 1)];
	if (answer->family == family && memcmp(&answer->key, &key, sizeof(key)) == 0)
		return answer->is_in;
	*answer = (struct flow_rules_answer){ .key = key, .family = family };
	answer->is_in = bpf_map_lookup_elem(rules->prefixes[family == 6], &key, &one) == 0;
	return answer->is_in;
}

static bool flow_rules_is_peer(const struct generation *generation, uint32_t peers, uint16_t port)
{
	for (uint32_t i = peers; i < PEERS_MAX && generation->peers[i].last; i++)
		if (port >= generation->peers[i].first && port <= generation->peers[i].last)
			return true;
	return false;
}

/* The first of a list's candidates that takes the flow by the port of its `role`; 0: none. */
static uint16_t flow_rules_walk(const struct flow_rules *rules, const struct flow_ends *ends,
				uint16_t entry, uint16_t role)
{
	const struct generation *generation = rules->generation;
	uint32_t list = generation->lists[entry & (LISTS_MAX - 1)];
	uint32_t first = list & LIST_FIRST_MASK;
	uint16_t other = role == CANDIDATE_DESTINATION ? ends->local_port : ends->remote_port;

	for (uint32_t at = first; at <= first + (list >> LIST_LENGTH_SHIFT); at++) {
		uint16_t candidate = generation->candidates[at & (CANDIDATES_MAX - 1)];
		uint16_t slot = candidate & CANDIDATE_SLOT_MASK;
		const struct rule_scope *scope = &generation->scopes[slot];

		if (candidate & role &&
		    flow_rules_in_set(rules, ends->family, scope->from, ends->local) &&
		    flow_rules_in_set(rules, ends->family, scope->to, ends->remote) &&
		    (!scope->peers || flow_rules_is_peer(generation, scope->peers, ntohs(other))))
			return slot;
	}
	return 0;
}

static uint16_t flow_rules_entry(const struct flow_rules *rules, uint8_t protocol, uint16_t port)
{
	const struct tuple tuple = { DIRECTION_OUT, protocol, port };
	uint16_t entry;

	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
		return rules->generation
			->table[(uint32_t)DIRECTION_OUT << TABLE_DIRECTION_SHIFT |
				(uint32_t)(protocol == PROTOCOL_UDP) << TABLE_UDP_SHIFT | port];
	return bpf_map_lookup_elem(rules->tuples, &tuple, &entry) ? 0 : entry;
}

uint16_t flow_rules_find(const struct flow_rules *rules, const struct flow_ends *ends)
{
	const struct generation *generation = rules->generation;
	uint16_t entry, other = 0, by_destination, by_source = 0;

	if (flow_rules_has_ports(ends)) {
		entry = flow_rules_entry(rules, ends->protocol, ntohs(ends->remote_port));
		other = flow_rules_entry(rules, ends->protocol, ntohs(ends->local_port));
	} else if (flow_rules_is_icmp(ends)) {
		entry = flow_rules_entry(rules, ends->protocol,
					 ends->family == 4 ? ICMP4_ECHO_REQUEST :
							     ICMP6_ECHO_REQUEST);
	} else if (ends->protocol == PROTOCOL_ICMP || ends->protocol == PROTOCOL_ICMPV6) {
		return 0; /* of the other family: no rule means it */
	} else {
		entry = flow_rules_entry(rules, ends->protocol, 0);
	}
	by_destination = entry & ENTRY_LIST ?
				 flow_rules_walk(rules, ends, entry, CANDIDATE_DESTINATION) :
				 entry & CANDIDATE_SLOT_MASK;
	/* one rule for any address goes by the destination's port */
	if (other & ENTRY_LIST)
		by_source = flow_rules_walk(rules, ends, other, CANDIDATE_SOURCE);
	if (!by_source || !by_destination)
		return by_source ? by_source : by_destination;
	return generation->scopes[by_source].order < generation->scopes[by_destination].order ?
		       by_source :
		       by_destination;
}
