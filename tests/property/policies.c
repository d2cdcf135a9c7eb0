// SPDX-License-Identifier: GPL-2.0-only
/* Random policies: rules that overlap, and timeouts short enough to matter. */
#include <stdio.h>
#include <string.h>

#include "tests/property/pools.h"

/* Mostly narrow: to publish tens of thousands of tuples takes longer than to run thousands of packets. */
static void make_range(struct random *random, bool wide, uint16_t *first, uint16_t *last)
{
	uint16_t one = pool_port(random), other = pool_port(random);

	if (!wide)
		other = one < 65535 - 40 ? (uint16_t)(one + 1 + random_below(random, 40)) : one - 2;
	*first = one < other ? one : other;
	*last = one < other ? other : one;
}

/* A row that is sorted and doesn't overlap, as people would write it. */
static void make_ranges(struct random *random, bool wide, struct model_ranges *ranges)
{
	unsigned int count = random_chance(random, 70) ? 1 : 1 + random_below(random, 3);
	uint32_t free_from = 1;

	ranges->count = 0;
	for (unsigned int i = 0; i < count; i++) {
		uint16_t first = pool_port(random), last = first;

		if (random_chance(random, 35))
			make_range(random, wide, &first, &last);
		if (first < free_from)
			continue;
		ranges->range[ranges->count].first = first;
		ranges->range[ranges->count++].last = last;
		free_from = last + 2u;
	}
	if (ranges->count == 0) {
		ranges->count = 1;
		ranges->range[0].first = ranges->range[0].last = 443;
	}
}

static void make_types(struct random *random, int family, struct model_ranges *types)
{
	unsigned int count = 1 + random_below(random, 3);

	types->count = 0;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t type = pool_icmp_type(random, family);
		unsigned int at = 0;

		while (at < types->count && types->range[at].first != type)
			at++;
		if (at < types->count)
			continue;
		types->range[types->count].first = type;
		types->range[types->count++].last = type;
	}
}

static void mask(struct model_prefix *prefix)
{
	for (unsigned int bit = prefix->length; bit < 128; bit++)
		prefix->address.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

static bool is_same(const struct model_prefix *a, const struct model_prefix *b)
{
	return a->length == b->length && a->address.family == b->address.family &&
	       memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes)) == 0;
}

/* ::ffff:0:0/96, which the policy language refuses. */
static bool is_mapped(const struct model_address *address)
{
	static const uint8_t begin[12] = { [10] = 0xff, 0xff };

	return address->family == 6 && memcmp(address->bytes, begin, sizeof(begin)) == 0;
}

static void make_set(struct random *random, struct model_set *set, bool hosts)
{
	static const unsigned int lengths4[] = { 32, 32, 32, 24, 31, 30, 8, 16, 25, 1 };
	static const unsigned int lengths6[] = { 128, 128, 128, 64, 48, 127, 32, 10, 96, 3 };

	set->count = 0;
	if (random_chance(random, 45))
		return;
	for (unsigned int count = 1 + random_below(random, 4); count > 0; count--) {
		struct model_prefix *prefix = &set->prefixes[set->count];
		int family = random_chance(random, 50) ? 4 : 6;
		unsigned int i = 0;

		prefix->address = random_chance(random, 10) ? pool_any(random, family) :
				  hosts                     ? pool_host(random, family) :
							      pool_peer(random, family);
		if (is_mapped(&prefix->address))
			prefix->address = pool_peer(random, 6);
		prefix->length = family == 4 ? random_pick(random, lengths4) :
					       random_pick(random, lengths6);
		mask(prefix);
		while (i < set->count && !is_same(&set->prefixes[i], prefix))
			i++;
		if (i == set->count)
			set->count++;
	}
}

static void make_limit(struct random *random, struct model_limit *limit)
{
	static const uint32_t counts[] = { 1, 1, 2, 3, 7, 10, 50, 250, 1000 };

	limit->count = random_pick(random, counts);
	limit->seconds = random_chance(random, 70) ? 1 : 60;
	limit->burst = 1 + random_below(random, 4);
	limit->per_source = random_chance(random, 50);
}

static uint8_t make_protocol(struct random *random)
{
	static const uint8_t protocols[] = { 6, 6, 6, 6, 6, 17, 17, 17, 17, 132, 1, 1, 58, 58, 0 };
	uint8_t protocol = random_pick(random, protocols);

	return protocol ? protocol : pool_protocol(random);
}

static void make_rule(struct random *random, bool wide, unsigned int number,
		      struct model_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	snprintf(rule->name, sizeof(rule->name), "r%u", number);
	rule->out = random_chance(random, 50);
	rule->protocol = make_protocol(random);
	make_set(random, &rule->from, rule->out);
	make_set(random, &rule->to, !rule->out);
	if (random_chance(random, 20))
		make_limit(random, &rule->limit);
	if (rule->protocol == 1 || rule->protocol == 58)
		make_types(random, rule->protocol == 1 ? 4 : 6, &rule->ports);
	if (rule->protocol != 6 && rule->protocol != 17 && rule->protocol != 132)
		return;
	make_ranges(random, wide, &rule->ports);
	if (random_chance(random, 30))
		rule->port_of = random_chance(random, 60) ? MODEL_SOURCE : MODEL_EITHER;
	if (rule->port_of != MODEL_EITHER && random_chance(random, 15))
		make_ranges(random, wide, &rule->peer_ports);
	if (rule->protocol == 17 && random_chance(random, 45))
		rule->payload = random_chance(random, 50) ? MODEL_PAYLOAD_OBSERVE :
							    MODEL_PAYLOAD_ENFORCE;
}

static void make_settings(struct random *random, struct model_policy *policy)
{
	static const uint32_t seconds[] = { 1, 2, 5, 10, 29, 30, 31, 60, 240, 7440 };

	policy->link_control = random_chance(random, 75);
	policy->arp = random_chance(random, 75);
	policy->neighbor_discovery = random_chance(random, 75);
	policy->icmp_errors = random_chance(random, 80);
	policy->ping = random_chance(random, 50);
	policy->dhcp = random_chance(random, 75);
	policy->fragments_track = random_chance(random, 85);
	policy->timeouts.tcp = random_pick(random, seconds);
	policy->timeouts.tcp_transitory = random_pick(random, seconds);
	policy->timeouts.udp = random_pick(random, seconds);
	policy->timeouts.icmp = random_pick(random, seconds);
	policy->timeouts.other = random_pick(random, seconds);
}

/* The second policy is the first with some rules made anew, so that conversations go from one to the other. */
void make_policies(struct random *random, struct model_policy policies[POLICIES])
{
	struct model_policy *first = &policies[0], *second = &policies[1];
	bool wide = random_chance(random, 1);

	memset(policies, 0, sizeof(*policies) * POLICIES);
	first->rule_count = 1 + random_below(random, wide || random_chance(random, 50) ? 8 : 40);
	for (unsigned int i = 0; i < first->rule_count; i++)
		make_rule(random, wide, i, &first->rules[i]);
	make_settings(random, first);
	*second = *first;
	for (unsigned int i = 0; i < second->rule_count; i++)
		if (random_chance(random, 30))
			make_rule(random, wide, i + MODEL_RULES_MAX, &second->rules[i]);
	if (random_chance(random, 50))
		make_settings(random, second);
}
