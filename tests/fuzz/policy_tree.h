/* SPDX-License-Identifier: GPL-2.0-only */
/* What must be true of a checked tree: section 1 of the specification, its limits and its errors. */
#ifndef TESTS_FUZZ_POLICY_TREE_H
#define TESTS_FUZZ_POLICY_TREE_H

#include "tests/fuzz/oracle.h"
#include "user/policy/policy.h"

static void tree_check_name(const char *name)
{
	size_t length = strlen(name);

	require(length >= 1 && length <= 63 && *name != '.' && *name != '-' &&
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length,
		"'%s' is no name", name);
}

static void tree_check_addresses(const struct policy_addresses *addresses)
{
	require(addresses->any == !addresses->count, "%zu addresses", addresses->count);
	require(addresses->text && *addresses->text, "nothing to show");
	for (size_t i = 0; i < addresses->count; i++) {
		const struct policy_prefix *prefix = &addresses->list[i], *before = prefix - 1;
		int order = -1;

		require(prefix->family == 4 || prefix->family == 6, "family %d", prefix->family);
		require(prefix->bits <= (prefix->family == 4 ? 32 : 128), "/%u", prefix->bits);
		for (size_t bit = prefix->bits; bit < 128; bit++)
			require(!(prefix->address[bit / 8] & 0x80 >> bit % 8), "host bits");
		if (!i)
			continue;
		if (before->family == prefix->family) {
			order = memcmp(before->address, prefix->address, sizeof(prefix->address));
			require(order < 0 || (!order && before->bits < prefix->bits),
				"not sorted, or one twice");
		} else {
			require(before->family < prefix->family, "not sorted by family");
		}
	}
}

static void tree_check_ranges(const struct policy_range *ranges, size_t count, unsigned int least,
			      unsigned int most)
{
	for (size_t i = 0; i < count; i++) {
		require(ranges[i].first >= least && ranges[i].first <= ranges[i].last &&
				ranges[i].last <= most,
			"%u to %u", ranges[i].first, ranges[i].last);
		require(!i || ranges[i].first > ranges[i - 1].last + 1, "they meet");
	}
}

static bool tree_is_limit(const struct policy_rule *rule)
{
	return rule->limit.burst >= 1 && (rule->limit.seconds == 1 || rule->limit.seconds == 60);
}

static void tree_check_rule(const struct policy *policy, size_t index)
{
	const struct policy_rule *rule = &policy->rules[index];
	bool ports = rule->protocol == 6 || rule->protocol == 17 || rule->protocol == 132;
	bool types = rule->protocol == 1 || rule->protocol == 58;

	tree_check_name(rule->name);
	for (size_t i = 0; i < index; i++)
		require(strcmp(policy->rules[i].name, rule->name) != 0, "'%s' twice", rule->name);
	require(rule->protocol != 0 && rule->protocol != 43 && rule->protocol != 44 &&
			rule->protocol != 60,
		"protocol %u is an extension header", rule->protocol);
	require(rule->port_count >= 1, "no ports");
	tree_check_ranges(rule->ports, rule->port_count, ports ? 1 : 0,
			  ports ? 65535 :
			  types ? 255 :
				  0);
	require((ports || types) == !!*rule->ports_text, "'%s'", rule->ports_text);
	require(ports || rule->port_of == POLICY_PORT_OF_DESTINATION, "whose port?");
	require(!rule->peer_count || (ports && rule->port_of != POLICY_PORT_OF_EITHER),
		"peer ports");
	require(!rule->peer_count == !rule->peers_text, "peer ports to show");
	tree_check_ranges(rule->peers, rule->peer_count, 1, 65535);
	tree_check_addresses(&rule->from);
	tree_check_addresses(&rule->to);
	require(!rule->limit.count || tree_is_limit(rule), "a limit");
	require(rule->payload == POLICY_PAYLOAD_ANY || rule->protocol == 17, "a payload class");
	require(!rule->payload_enforce || rule->payload != POLICY_PAYLOAD_ANY, "it enforces none");
}

/* The text itself, and what it includes: shipped policies, each once, and no file of the machine. */
static void tree_check_sources(const struct policy *policy)
{
	require(policy->source_count >= 1, "of nothing");
	for (size_t i = 1; i < policy->source_count; i++) {
		const char *name = policy->sources[i]->name;

		require(policy_builtin_find(name), "'%s' was read", name);
		for (size_t j = 0; j < i; j++)
			require(strcmp(policy->sources[j]->name, name) != 0, "'%s' twice", name);
	}
}

static void tree_check(const struct policy *policy)
{
	require(policy->name, "whose?");
	tree_check_sources(policy);
	tree_check_name(policy->name);
	for (size_t i = 0; i < policy->group_count; i++) {
		tree_check_name(policy->groups[i].name);
		require(strcmp(policy->groups[i].name, "any") != 0, "a group named any");
		tree_check_addresses(&policy->groups[i].members);
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		tree_check_rule(policy, i);
	require(policy->settings.flows_max >= 1024 && policy->settings.flows_max <= 16777216,
		"%u flows", policy->settings.flows_max);
	for (size_t i = 0; i < 5; i++)
		require(policy->settings.timeouts[i] >= 1, "a timeout of 0");
}

#endif
