// SPDX-License-Identifier: GPL-2.0-only
/* What a policy's struct says, in the policy language. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/property/property.h"

static void print_prefix(FILE *file, const struct model_prefix *prefix)
{
	char text[INET6_ADDRSTRLEN];
	bool four = prefix->address.family == 4;

	inet_ntop(four ? AF_INET : AF_INET6, prefix->address.bytes, text, sizeof(text));
	fprintf(file, "\"%s", text);
	if (prefix->length != (four ? 32 : 128))
		fprintf(file, "/%u", prefix->length);
	fprintf(file, "\"");
}

/* Every third list is a group with the same members. */
static bool is_group(const struct model_set *set, unsigned int number)
{
	return set->count > 0 && number % 3 == 0;
}

static void print_members(FILE *file, const struct model_set *set)
{
	fprintf(file, "[");
	for (unsigned int i = 0; i < set->count; i++) {
		fprintf(file, "%s", i ? ", " : "");
		print_prefix(file, &set->prefixes[i]);
	}
	fprintf(file, "]");
}

static void print_group(FILE *file, const struct model_set *set, unsigned int number)
{
	if (!is_group(set, number))
		return;
	fprintf(file, "  g%u: ", number);
	print_members(file, set);
	fprintf(file, "\n");
}

static void print_set(FILE *file, const char *key, const struct model_set *set, unsigned int number)
{
	if (set->count == 0)
		return;
	fprintf(file, ", %s: ", key);
	if (is_group(set, number))
		fprintf(file, "g%u", number);
	else
		print_members(file, set);
}

static void print_ranges(FILE *file, const char *key, const struct model_ranges *ranges)
{
	if (ranges->count == 0)
		return;
	fprintf(file, ", %s: [", key);
	for (unsigned int i = 0; i < ranges->count; i++) {
		fprintf(file, "%s%u", i ? ", " : "", ranges->range[i].first);
		if (ranges->range[i].last != ranges->range[i].first)
			fprintf(file, "-%u", ranges->range[i].last);
	}
	fprintf(file, "]");
}

/* By name or by number, which mean the same. */
static void print_protocol(FILE *file, uint8_t protocol, unsigned int number)
{
	const char *name = protocol == 1   ? "icmp" :
			   protocol == 6   ? "tcp" :
			   protocol == 17  ? "udp" :
			   protocol == 58  ? "icmpv6" :
			   protocol == 132 ? "sctp" :
					     NULL;

	if (name && number % 4 != 0)
		fprintf(file, ", protocol: %s", name);
	else
		fprintf(file, ", protocol: %u", protocol);
}

static void print_rule(FILE *file, const struct model_rule *rule, unsigned int number)
{
	static const char *const ends[] = { "destination", "source", "either" };

	fprintf(file, "  - {name: %s, direction: %s", rule->name, rule->out ? "out" : "in");
	print_protocol(file, rule->protocol, number);
	print_ranges(file, rule->protocol == 1 || rule->protocol == 58 ? "types" : "ports",
		     &rule->ports);
	if (rule->port_of != MODEL_DESTINATION)
		fprintf(file, ", port-of: %s", ends[rule->port_of]);
	print_ranges(file, "peer-ports", &rule->peer_ports);
	print_set(file, "from", &rule->from, number * 2);
	print_set(file, "to", &rule->to, number * 2 + 1);
	if (rule->limit.count)
		fprintf(file, ", limit: {rate: %u/%s, burst: %u, per: %s}", rule->limit.count,
			rule->limit.seconds == 1 ? "s" : "m", rule->limit.burst,
			rule->limit.per_source ? "source" : "rule");
	if (rule->payload != MODEL_PAYLOAD_ANY)
		fprintf(file, ", payload: {class: udp-media, mode: %s}",
			rule->payload == MODEL_PAYLOAD_ENFORCE ? "enforce" : "observe");
	fprintf(file, "}\n");
}

static const char *yes(bool value)
{
	return value ? "true" : "false";
}

void policy_print(FILE *file, const struct model_policy *policy)
{
	bool groups = false;

	fprintf(file, "policy: property\n");
	for (unsigned int i = 0; i < policy->rule_count; i++)
		groups |= is_group(&policy->rules[i].from, i * 2) ||
			  is_group(&policy->rules[i].to, i * 2 + 1);
	if (groups)
		fprintf(file, "groups:\n");
	for (unsigned int i = 0; i < policy->rule_count; i++) {
		print_group(file, &policy->rules[i].from, i * 2);
		print_group(file, &policy->rules[i].to, i * 2 + 1);
	}
	fprintf(file, "rules:\n");
	for (unsigned int i = 0; i < policy->rule_count; i++)
		print_rule(file, &policy->rules[i], i);
	fprintf(file,
		"essentials: {link-control: %s, arp: %s, neighbor-discovery: %s, icmp-errors: %s,"
		" ping: %s, dhcp: %s}\n",
		yes(policy->link_control), yes(policy->arp), yes(policy->neighbor_discovery),
		yes(policy->icmp_errors), yes(policy->ping), yes(policy->dhcp));
	fprintf(file, "fragments: %s\n", policy->fragments_track ? "track" : "drop");
	fprintf(file,
		"flows: {timeouts: {tcp: %us, tcp-transitory: %us, udp: %us, icmp: %us,"
		" other: %us}}\n",
		policy->timeouts.tcp, policy->timeouts.tcp_transitory, policy->timeouts.udp,
		policy->timeouts.icmp, policy->timeouts.other);
}

char *policy_text(const struct model_policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	policy_print(file, policy);
	if (fclose(file))
		abort();
	return text;
}
