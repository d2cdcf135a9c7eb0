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
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/image/nearest.h"
#include "user/policy/expect.h"

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
	"  - {name: ping-in, direction: in, protocol: icmp, types: echo-request}\n"
	"  - {name: quic-in, direction: in, protocol: udp, ports: 443, from: six,\n"
	"     limit: {rate: 5/s, burst: 10, per: source}}\n"
	"  - {name: turn-in, direction: in, protocol: udp, ports: [3479-3480, 3489], to: [edge,\n"
	"     192.0.2.99], payload: {class: udp-media, mode: enforce}}\n"
	"  - {name: talk, direction: in, protocol: udp, ports: 500-501, port-of: either,\n"
	"     from: [198.51.100.0/24, 203.0.113.0/24, 192.0.2.0/24, 198.18.0.0/15]}\n"
	"  - {name: gre-in, direction: in, protocol: 47, from: partners}\n"
	"  - {name: ping6-out, direction: out, protocol: icmpv6, types: echo-request, to: six}\n"
	"  - {name: peer-out, direction: out, protocol: sctp, ports: 9, port-of: source,\n"
	"     peer-ports: [7, 10-11]}\n";

static struct policy *load(const char *more)
{
	autofree char *text = NULL;
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	text = text_print("%s%s", policy_text, more);
	assert_non_null(text);
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
	/* both ends of a range, and a list */
	{ "in udp 198.18.0.1:1 > 192.0.2.11:3480",
	  "rule 'turn-in' allows udp 3479-3480, 3489 in, but to edge, 192.0.2.99 only: 192.0.2.10, "
	  "192.0.2.99, 2001:db8::10" },
	{ "in udp 198.18.0.1:1 > 192.0.2.11:3489",
	  "rule 'turn-in' allows udp 3479-3480, 3489 in, but to edge, 192.0.2.99 only: 192.0.2.10, "
	  "192.0.2.99, 2001:db8::10" },
	/* an IPv4 packet under a rule for IPv6; beside a network's first and last address */
	{ "in udp 198.18.0.1:1 > 192.0.2.10:443",
	  "rule 'quic-in' allows udp 443 in, but from six only: 2001:db8:6::/48" },
	{ "in udp [2001:db8:5:ffff:ffff:ffff:ffff:ffff]:1 > [2001:db8::10]:443",
	  "rule 'quic-in' allows udp 443 in, but from six only: 2001:db8:6::/48" },
	{ "in udp [2001:db8:7::]:1 > [2001:db8::10]:443",
	  "rule 'quic-in' allows udp 443 in, but from six only: 2001:db8:6::/48" },
	/* whose port; what a rule wrote out is not said twice */
	{ "in udp 10.0.0.1:501 > 192.0.2.10:9",
	  "rule 'talk' allows udp 500-501 at either end in, but from 192.0.2.0/24, 198.18.0.0/15, "
	  "198.51.100.0/24 and 1 more only" },
	{ "in udp 10.0.0.1:9 > 192.0.2.10:500",
	  "rule 'talk' allows udp 500-501 at either end in, but from 192.0.2.0/24, 198.18.0.0/15, "
	  "198.51.100.0/24 and 1 more only" },
	{ "out sctp 192.0.2.10:9 > 198.18.0.1:8",
	  "rule 'peer-out' allows sctp 9 as the source's port out, but with port 7, 10-11 at the "
	  "other end only" },
	{ "out sctp 192.0.2.10:8 > 198.18.0.1:9",
	  "rule 'peer-out' allows sctp 9 as the source's port out, but with port 7, 10-11 at the "
	  "other end only" },
	{ "out sctp 192.0.2.10:8 > 198.18.0.1:11",
	  "rule 'peer-out' allows sctp 9 as the source's port out" },
	{ "in sctp 198.18.0.1:7 > 192.0.2.10:9",
	  "as a reply rule 'peer-out' would let it through, but it opens a conversation, and that "
	  "no reply does" },
	{ "in sctp 198.18.0.1:7 > 192.0.2.10:9 chunk=2",
	  "rule 'peer-out' lets such replies in, but there is no live flow: the host has sent "
	  "nothing lately that this answers" },
	{ "in 47 198.18.0.1 > 192.0.2.10",
	  "rule 'gre-in' allows protocol 47 in, but from partners only: 198.51.100.0/24, "
	  "203.0.113.7, 203.0.113.9 and 1 more" },
	{ "out 47 192.0.2.10 > 203.0.113.7",
	  "rule 'gre-in' allows protocol 47 in, but not out and from partners only: "
	  "198.51.100.0/24, 203.0.113.7, 203.0.113.9 and 1 more" },
	{ "in 50 198.18.0.1 > 192.0.2.10", NULL },
	{ "out icmpv6 2001:db8::10 > 2001:db8::7 type=128",
	  "rule 'ping6-out' allows icmpv6 echo-request out, but to six only: 2001:db8:6::/48" },
	{ "in icmpv6 2001:db8:6::7 > 2001:db8::10 type=129",
	  "rule 'ping6-out' lets such replies in, but there is no live flow: the host has sent "
	  "nothing lately that this answers" },
	{ "in icmpv6 2001:db8:6::7 > 2001:db8::10 type=1", NULL },
	{ "in udp 198.18.0.1:1 > 192.0.2.10:3478 frag=8 id=1", NULL },
	{ "in arp 192.0.2.1 > 192.0.2.10", NULL },
};

/* Packets that were dropped for another reason than that there is no rule, and one that wasn't. */
static const struct other {
	const char *words, *text;
	enum outcome reason;
} others[] = {
	{ "in udp [2001:db8:6::]:1 > [2001:db8::10]:443",
	  "rule 'quic-in' allows udp 443 in, but no more than 5/s, burst 10, per source",
	  OUTCOME_DROP_RATE_LIMIT },
	{ "in udp [2001:db8:6:ffff:ffff:ffff:ffff:ffff]:1 > [2001:db8::10]:443",
	  "rule 'quic-in' allows udp 443 in, but no more than 5/s, burst 10, per source",
	  OUTCOME_DROP_RATE_LIMIT },
	{ "in udp [2001:db8:7::]:1 > [2001:db8::10]:443", NULL, OUTCOME_DROP_RATE_LIMIT },
	{ "in tcp 198.18.0.1:1 > 192.0.2.10:5061",
	  "rule 'sip-in' allows tcp 5061 in, but from partners only: 198.51.100.0/24, 203.0.113.7, "
	  "203.0.113.9 and 1 more",
	  OUTCOME_DROP_ADDRESS },
	{ "in udp [2001:db8:6::7]:1 > [2001:db8::10]:443",
	  "rule 'quic-in' allows udp 443 in, but no more than 5/s, burst 10, per source",
	  OUTCOME_DROP_RATE_LIMIT },
	{ "in udp 198.18.0.1:1 > 192.0.2.10:3479",
	  "rule 'turn-in' allows udp 3479-3480, 3489 in, but only with a payload of udp-media",
	  OUTCOME_DROP_PAYLOAD },
	{ "in tcp 198.18.0.1:1 > 192.0.2.10:5061", NULL, OUTCOME_DROP_MARTIAN },
	{ "in tcp 198.18.0.1:1 > 192.0.2.10:5061", NULL, OUTCOME_RULE },
};

static char *nearest_of(const struct image *image, const char *words, enum outcome reason)
{
	struct source *source = source_new("packet", words, strlen(words));
	const struct place place = { .source = source, .line = 1, .column = 1 };
	struct policy_expectation line;
	struct diags diags = { 0 };
	char *text;

	assert_int_equal(expect_parse(&place, words, &line, &diags), 0);
	text = nearest_text(image, &line.packet, reason);
	expect_free_line(&line);
	source_release(source);
	return text;
}

static void check(const struct image *image, const char *words, enum outcome reason,
		  const char *expected)
{
	autofree char *text = nearest_of(image, words, reason);

	if (!text != !expected || (text && strcmp(text, expected) != 0))
		fail_msg("'%s': %s", words, text ? text : "nothing");
}

static void the_nearest_rule_is_named(void **state)
{
	const struct image_running fresh = { 0 };
	cleanup(image_free) struct image image = { 0 };
	struct policy *policy = load("");
	struct diags diags = { 0 };

	(void)state;
	assert_int_equal(image_compile(policy, &fresh, &image, &diags), 0);
	/* the image says it all */
	policy_free(policy);
	for (size_t i = 0; i < COUNT(samples); i++)
		check(&image, samples[i].words, OUTCOME_DROP_NO_RULE, samples[i].text);
	for (size_t i = 0; i < COUNT(others); i++)
		check(&image, others[i].words, others[i].reason, others[i].text);
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
