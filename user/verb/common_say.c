// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/verb/common.h"
#include "user/verb/common_diff.h"
#include "user/verb/common_say.h"

#define PROTOCOL_UDP 17u
#define PORT_DNS 53u

static size_t say_count_rules(const struct policy *policy, enum policy_direction direction)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		count += policy->rules[i].direction == direction;
	return count;
}

int common_say_changes(const char *interfaces, const struct image *before, enum mode mode_before,
		       const struct image *after, enum mode mode)
{
	static const char *const modes[] = { "enforce", "monitor" };
	const struct listing_header *was = before ? before->listing : NULL;
	autofree char *changes = common_diff(before, after, false);
	autotext struct text text = { 0 };

	if (!changes)
		return common_print(NULL);
	text_format(&text, "%s: %s -> %s%s\n%s", interfaces,
		    was ? listing_string(was, was->policy) : "no policy",
		    listing_string(after->listing, after->listing->policy),
		    mode == MODE_MONITOR ? ", in monitor mode" : "", changes);
	if (was && mode_before != mode)
		text_format(&text, "  ~ mode %s -> %s\n", modes[mode_before], modes[mode]);
	return common_print(text_take(&text));
}

/* "a, b and c" */
static void say_join(struct text *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_format(text, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", words[i]);
}

void common_say_effect(const struct policy *policy, const char *interfaces, enum mode mode,
		       struct text *text)
{
	size_t in = say_count_rules(policy, POLICY_IN);
	size_t out = say_count_rules(policy, POLICY_OUT);
	const char *kept[6];
	size_t count = 0;

	if (policy->settings.arp)
		kept[count++] = "ARP";
	if (policy->settings.neighbor_discovery)
		kept[count++] = "IPv6 neighbor discovery";
	if (policy->settings.link_control)
		kept[count++] = "link control";
	if (policy->settings.icmp_errors)
		kept[count++] = "ICMP errors about them";
	if (policy->settings.ping)
		kept[count++] = "ping";
	if (policy->settings.dhcp)
		kept[count++] = "DHCP of this host as a client";
	text_format(text,
		    "On %s, everything %s, in both directions, but what %zu rule%s in and %zu out "
		    "let begin, the replies to it",
		    interfaces, mode == MODE_MONITOR ? "would be dropped" : "is dropped", in,
		    in == 1 ? "" : "s", out);
	if (count) {
		text_add(text, ", ");
		say_join(text, kept, count);
	}
	text_add(text,
		 mode == MODE_MONITOR ? "; in monitor mode it passes and is counted so.\n" : ".\n");
}

static bool say_allows_out(const struct image *image, uint32_t protocol, uint32_t port)
{
	return image->generation
		       ->table[(uint32_t)DIRECTION_OUT << TABLE_DIRECTION_SHIFT |
			       (uint32_t)(protocol == PROTOCOL_UDP) << TABLE_UDP_SHIFT | port] != 0;
}

/* The range from which this machine's own connections start; false where it can't be read. */
static bool say_ephemeral(unsigned int *first, unsigned int *last)
{
	autofclose FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	return file && fscanf(file, "%u %u", first, last) == 2;
}

/* A range for this machine's own connections that leaves a rule's ports alone; false: none is left. */
static bool say_range_beside(const struct policy_range *ports, unsigned int *first,
			     unsigned int *last)
{
	if (ports->first > *first) {
		*last = ports->first - 1u;
		return true;
	}
	if (ports->last < *last) {
		*first = ports->last + 1u;
		return true;
	}
	return false;
}

static void say_warn_source(const struct policy_rule *rule, struct diags *diags)
{
	unsigned int first, last;

	if (rule->from.any) {
		diag_warning(
			diags, NULL, "apply",
			"rule '%s' lets anything out that starts from its ports, whoever sends it",
			rule->name);
		if (strcmp(rule->from.text, "any") == 0)
			diag_hint(diags, "say in the policy whose ports they are: from: ADDRESS");
		else
			diag_hint(diags, "say whose ports they are: --group %s=ADDRESS",
				  rule->from.text);
	}
	if (!say_ephemeral(&first, &last))
		return;
	for (size_t i = 0; i < rule->port_count; i++) {
		if (rule->ports[i].last < first || rule->ports[i].first > last)
			continue;
		diag_warning(diags, NULL, "apply",
			     "the ports of rule '%s' are also those from which this machine's own "
			     "connections start (%u-%u): it lets them out",
			     rule->name, first, last);
		if (say_range_beside(&rule->ports[i], &first, &last))
			diag_hint(diags,
				  "if that matters here: sysctl "
				  "net.ipv4.ip_local_port_range=\"%u %u\"",
				  first, last);
		else
			diag_hint(diags, "if that matters here: name fewer ports");
		return;
	}
}

void common_say_warnings(const struct policy *policy, const struct image *image,
			 struct diags *diags)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].direction == POLICY_OUT &&
		    policy->rules[i].port_of != POLICY_PORT_OF_DESTINATION)
			say_warn_source(&policy->rules[i], diags);
	if (!say_allows_out(image, PROTOCOL_UDP, PORT_DNS)) {
		diag_warning(diags, NULL, "apply",
			     "no rule lets DNS out: what is behind the gate can't "
			     "look up names");
		diag_hint(diags,
			  "if it should: add the policy host-basics (edgegate apply ... %s "
			  "host-basics)",
			  policy->name);
	}
}
