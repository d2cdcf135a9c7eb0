// SPDX-License-Identifier: GPL-2.0-only
/* "Why not?": the rule that comes nearest to a packet, and expectations with groups in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/policy/expect.h"
#include "user/policy/nearest.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const char policy_text[] =
	"policy: near\n"
	"groups:\n"
	"  partners: [198.51.100.0/24, 203.0.113.7, 203.0.113.9, 203.0.113.11]\n"
	"  edge: [192.0.2.10, 2001:db8::10]\n"
	"  six: [2001:db8:6::/48]\n"
	"  all: [any]\n"
	"rules:\n"
	"  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, from: partners, to: edge}\n"
	"  - {name: web-in, direction: in, protocol: tcp, ports: 443, to: edge}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53, to: 203.0.113.53}\n"
	"  - {name: media-in, direction: in, protocol: udp, ports: 3478, peer-ports: 1024-65535}\n"
	"  - {name: relay-out, direction: out, protocol: tcp, ports: 50000-59999, port-of: source}\n"
	"  - {name: ping-in, direction: in, protocol: icmp, types: echo-request}\n";

static struct policy *load(const char *more)
{
	autofree char *text = NULL;
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	text = malloc(sizeof(policy_text) + strlen(more));
	strcpy(text, policy_text);
	strcat(text, more);
	if (policy_parse("near.yaml", text, strlen(text), &policy, &diags))
		fail_msg("%s: %s", diags.list[0].why, diags.list[0].hint);
	diags_clear(&diags);
	return policy;
}

/* The packet, and all that is said of it; NULL: nothing is near. */
static const struct sample {
	const char *words, *text;
} samples[] = {
	{ "in tcp 198.18.0.1:1 > 192.0.2.10:5061",
	  "rule 'sip-in' allows tcp 5061 in, but from partners only: 198.51.100.0/24, 203.0.113.7, "
	  "203.0.113.9 and 1 more" },
	{ "in tcp 198.51.100.1:1 > 192.0.2.11:5061",
	  "rule 'sip-in' allows tcp 5061 in, but to edge only: 192.0.2.10, 2001:db8::10" },
	{ "in tcp 198.18.0.1:1 > 192.0.2.11:5061",
	  "rule 'sip-in' allows tcp 5061 in, but from partners only: 198.51.100.0/24, 203.0.113.7, "
	  "203.0.113.9 and 1 more and to edge only: 192.0.2.10, 2001:db8::10" },
	{ "in tcp 198.18.0.1:1 > 192.0.2.10:22", "rule 'web-in' allows tcp 443 in" },
	{ "out udp 192.0.2.10:1 > 203.0.113.54:53",
	  "rule 'dns-out' allows udp 53 out, but to 203.0.113.53 only" },
	{ "in udp 198.18.0.1:1023 > 192.0.2.10:3478",
	  "rule 'media-in' allows udp 3478 in, but with port 1024-65535 at the other end only" },
	{ "in udp 203.0.113.53:53 > 192.0.2.10:4000",
	  "rule 'dns-out' lets such replies in, but there is no live flow: the host has sent "
	  "nothing lately that this answers" },
	{ "in tcp 198.18.0.1:1 > 192.0.2.99:50000",
	  "as a reply rule 'relay-out' would let it through, but it opens a conversation, and that "
	  "no reply does" },
	{ "in tcp 198.18.0.1:1 > 192.0.2.99:50000 flags=A",
	  "rule 'relay-out' lets such replies in, but there is no live flow: the host has sent "
	  "nothing lately that this answers" },
	{ "out tcp 192.0.2.99:40000 > 198.18.0.1:1",
	  "rule 'relay-out' allows tcp 50000-59999 as the source's port out" },
	{ "in icmp 198.18.0.1 > 192.0.2.10 type=timestamp-request",
	  "rule 'ping-in' allows icmp echo-request in" },
	{ "in icmp 198.18.0.1 > 192.0.2.10 type=echo-reply",
	  "rule 'ping-in' allows icmp echo-request in" },
	{ "out tcp 192.0.2.10:1 > 198.18.0.1:443",
	  "rule 'relay-out' allows tcp 50000-59999 as the source's port out" },
	{ "in 47 198.18.0.1 > 192.0.2.10", NULL },
	{ "in arp 192.0.2.1 > 192.0.2.10", NULL },
};

static void the_nearest_rule_is_named(void **state)
{
	struct policy *policy = load("");

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct source *source =
			source_new("packet", samples[i].words, strlen(samples[i].words));
		const struct place place = { .source = source, .line = 1, .column = 1 };
		struct policy_expectation line;
		struct diags diags = { 0 };
		autofree char *text = NULL;

		assert_int_equal(expect_parse(&place, samples[i].words, &line, &diags), 0);
		text = nearest_text(policy, &line.packet);
		if (!text != !samples[i].text || (text && strcmp(text, samples[i].text) != 0))
			fail_msg("'%s': %s", samples[i].words, text ? text : "nothing");
		expect_free_line(&line);
		source_release(source);
	}
	policy_free(policy);
}

/* A group stands for one of its members; IPv4 where both ends have it. */
static void groups_become_addresses(void **state)
{
	static const struct resolved {
		const char *line, *packet;
	} lines[] = {
		{ "pass in tcp partners:1 > edge:5061",
		  "in tcp 198.51.100.1:1 > 192.0.2.10:5061 flags=S" },
		{ "pass in tcp six:1 > edge:443",
		  "in tcp [2001:db8:6::1]:1 > [2001:db8::10]:443 flags=S" },
		{ "pass in tcp all:1 > edge:443",
		  "in tcp 198.51.100.4:1 > 192.0.2.10:443 flags=S" },
		{ "pass in tcp [2001:db8::7]:1 > edge:443",
		  "in tcp [2001:db8::7]:1 > [2001:db8::10]:443 flags=S" },
		{ "pass in icmp all > edge type=echo-request",
		  "in icmp 198.51.100.4 > 192.0.2.10 type=echo-request echo=1" },
		{ "pass in tcp all:53 > edge:9 after out tcp edge:9 > all:53",
		  "in tcp 198.51.100.4:53 > 192.0.2.10:9 flags=A" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char more[200];
		struct policy *policy;
		autofree char *text = NULL;

		snprintf(more, sizeof(more), "expect: ['%s']\n", lines[i].line);
		policy = load(more);
		assert_int_equal(policy->expectation_count, 1);
		assert_true(policy->expectations[0].pass);
		text = words_text(&policy->expectations[0].packet);
		assert_string_equal(text, lines[i].packet);
		policy_free(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_rule_is_named),
		cmocka_unit_test(groups_become_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
