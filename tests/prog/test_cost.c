// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each outcome costs, counted and not timed: instructions that are executed, functions and helpers that are
 * called, maps that are asked. Kept in tests/golden/cost.txt; who changes it on purpose runs
 *
 *	GOLDEN_UPDATE=1 ONLY=cost make prog
 *
 * and reads the difference. The walk has to decide as the real program does on the same frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"
#include "tests/lib/harness.h"
#include "tests/lib/walk.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/gate.h"

#define GOLDEN "tests/golden/cost.txt"

/* A frame, and what goes out before for its flow. */
struct cost_case {
	const char *name;
	const char *words;
	const char *before;
	unsigned int hook;
	enum outcome outcome;
};

/* By the built-in policy, whose groups have no members: rules are for any address. */
static const struct cost_case by_default[] = {
	{ "rule hit, UDP/IPv4", "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "rule hit, TCP/IPv4", "in tcp 198.51.100.7:4000 > 192.0.2.10:5061 ack", NULL, PROG_XDP,
	  OUTCOME_RULE },
	{ "rule hit, TCP/IPv6", "in tcp [2001:db8:1::7]:4000 > [2001:db8::10]:5061 ack", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "rule hit, one tag", "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 tag=8100", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "rule hit, IPv6, two extension headers",
	  "in tcp [2001:db8:1::7]:4000 > [2001:db8::10]:5061 ack hop dst", NULL, PROG_XDP,
	  OUTCOME_RULE },
	{ "rule hit, first fragment", "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 mf", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "reply by flow, UDP/IPv4", "in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=16",
	  "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16", PROG_XDP, OUTCOME_REPLY },
	{ "reply by flow, TCP/IPv6", "in tcp [2001:db8:1::7]:50001 > [2001:db8::10]:40000 ack",
	  "out tcp [2001:db8::10]:40000 > [2001:db8:1::7]:50001 ack", PROG_XDP, OUTCOME_REPLY },
	{ "closed port, UDP/IPv4", "in udp 198.51.100.7:4000 > 192.0.2.10:9999 data=16", NULL,
	  PROG_XDP, OUTCOME_DROP_NO_RULE },
	{ "closed port, SYN/IPv4", "in tcp 198.51.100.7:4000 > 192.0.2.10:22 syn", NULL, PROG_XDP,
	  OUTCOME_DROP_NO_RULE },
	{ "closed port, SYN/IPv6", "in tcp [2001:db8:1::7]:4000 > [2001:db8::10]:22 syn", NULL,
	  PROG_XDP, OUTCOME_DROP_NO_RULE },
	{ "spoofed reply, UDP/IPv4", "in udp 198.51.100.7:3478 > 192.0.2.10:9999 data=16", NULL,
	  PROG_XDP, OUTCOME_DROP_NO_RULE },
	{ "protocol without a rule", "in 47 198.51.100.7 > 192.0.2.10", NULL, PROG_XDP,
	  OUTCOME_DROP_NO_RULE },
	{ "martian", "in udp 127.0.0.1:4000 > 192.0.2.10:3478 data=16", NULL, PROG_XDP,
	  OUTCOME_DROP_MARTIAN },
	{ "malformed", "in udp 198.51.100.7:4000 > 192.0.2.10:3478 cut=40", NULL, PROG_XDP,
	  OUTCOME_DROP_MALFORMED },
	{ "bad TCP flags", "in tcp 198.51.100.7:4000 > 192.0.2.10:5061 syn fin", NULL, PROG_XDP,
	  OUTCOME_DROP_BAD_TCP_FLAGS },
	{ "another ethertype", "in eth 02:00:00:00:00:01 8847", NULL, PROG_XDP,
	  OUTCOME_DROP_ETHERTYPE },
	{ "ARP", "in arp", NULL, PROG_XDP, OUTCOME_PASS_ARP },
	{ "neighbor solicitation", "in icmpv6 fe80::1 > fe80::2 type=135 ttl=255 transport=24",
	  NULL, PROG_XDP, OUTCOME_PASS_NEIGHBOR_DISCOVERY },
	{ "ICMP error about a flow",
	  "in icmp 198.51.100.1 > 192.0.2.10 type=3 code=1 "
	  "quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 }",
	  "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16", PROG_XDP,
	  OUTCOME_PASS_ICMP_ERROR },
	{ "ICMP error about nothing",
	  "in icmp 198.51.100.1 > 192.0.2.10 type=3 code=1 "
	  "quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 }",
	  NULL, PROG_XDP, OUTCOME_DROP_UNRELATED_ICMP },
	{ "out, new flow", "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16", NULL, PROG_TC,
	  OUTCOME_RULE },
	{ "out, known flow, UDP/IPv4", "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16",
	  "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16", PROG_TC, OUTCOME_RULE },
	{ "out, known flow, TCP/IPv6", "out tcp [2001:db8::10]:40000 > [2001:db8:1::7]:50001 ack",
	  "out tcp [2001:db8::10]:40000 > [2001:db8:1::7]:50001 ack", PROG_TC, OUTCOME_RULE },
	{ "out, service answer", "out tcp 192.0.2.10:443 > 198.51.100.7:4000 ack", NULL, PROG_TC,
	  OUTCOME_REPLY },
	{ "out, rejected", "out tcp 192.0.2.10:4000 > 198.51.100.7:443 syn", NULL, PROG_TC,
	  OUTCOME_DROP_NO_RULE },
};

/* What rules may ask more. */
static const char policy_more[] =
	"policy: more\n"
	"rules:\n"
	"  - {name: one, direction: in, protocol: tcp, ports: 1, to: 192.0.2.10}\n"
	"  - {name: many, direction: in, protocol: tcp, ports: 2,\n"
	"     from: [198.51.100.0/24, 203.0.113.0/24], to: [192.0.2.10, 192.0.2.12]}\n"
	"  - {name: peer-ports, direction: in, protocol: udp, ports: 3, peer-ports: 4000}\n"
	"  - {name: limit, direction: in, protocol: udp, ports: 4, limit: {rate: 10/s, burst: 5}}\n"
	"  - {name: source, direction: in, protocol: udp, ports: 5,\n"
	"     limit: {rate: 10/s, burst: 5, per: source}}\n"
	"  - {name: media, direction: in, protocol: udp, ports: 6,\n"
	"     payload: {class: udp-media, mode: enforce}}\n";

static const struct cost_case by_more[] = {
	{ "rule hit, one address", "in tcp 198.51.100.7:4000 > 192.0.2.10:1 ack", NULL, PROG_XDP,
	  OUTCOME_RULE },
	{ "rule hit, two sets of addresses", "in tcp 198.51.100.7:4000 > 192.0.2.10:2 ack", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "another address", "in tcp 198.51.100.7:4000 > 192.0.2.11:1 ack", NULL, PROG_XDP,
	  OUTCOME_DROP_ADDRESS },
	{ "rule hit, peer-ports", "in udp 198.51.100.7:4000 > 192.0.2.10:3 data=16", NULL, PROG_XDP,
	  OUTCOME_RULE },
	{ "rule hit, limit per rule", "in udp 198.51.100.7:4000 > 192.0.2.10:4 data=16", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "rule hit, limit per source", "in udp 198.51.100.7:4000 > 192.0.2.10:5 data=16", NULL,
	  PROG_XDP, OUTCOME_RULE },
	{ "rule hit, payload", "in udp 198.51.100.7:4000 > 192.0.2.10:6 data=x8000000000000000",
	  NULL, PROG_XDP, OUTCOME_RULE },
	{ "another payload", "in udp 198.51.100.7:4000 > 192.0.2.10:6 data=xff00000000000000", NULL,
	  PROG_XDP, OUTCOME_DROP_PAYLOAD },
};

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	/* as `apply` tries first */
	prog_open(&prog, true);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* Without memory of anything but what is sent before. */
static void prepare(const struct cost_case *one)
{
	static struct frame_bytes frame;

	prog_reset(&prog);
	if (!one->before)
		return;
	frame_write(one->before, &frame);
	prog_decide(&prog, PROG_XDP, PROG_SHORT, &frame);
}

/* The walk decides as the table says, and so does the kernel; and the packet's fate is the same without the knob. */
static void walk_case(const struct cost_case *one, struct walk_cost *cost)
{
	static struct frame_bytes frame;
	struct walk_end tested, live;
	struct walk_cost unused;
	uint32_t decision;
	bool passes = report_outcome_class(one->outcome) != OUTCOME_CLASS_DROP;
	int pass = one->hook == PROG_XDP ? XDP_PASS : TC_ACT_UNSPEC;

	prepare(one);
	frame_write(one->words, &frame);
	tested = walk(&prog, one->hook, &frame, true, &unused);
	prepare(one);
	live = walk(&prog, one->hook, &frame, false, cost);
	prepare(one);
	decision = prog_decide(&prog, one->hook, PROG_SHORT, &frame);
	if (tested.decision != decision || DECISION_OUTCOME(decision) != one->outcome)
		fail_msg("%s: walked to %s, ran to %s", one->name,
			 report_outcome_label(DECISION_OUTCOME(tested.decision)),
			 report_outcome_label(DECISION_OUTCOME(decision)));
	if (tested.action != live.action || (live.action == pass) != passes)
		fail_msg("%s: walked to action %d, and with the knob to %d", one->name, live.action,
			 tested.action);
}

static void add_cases(struct text *text, const struct cost_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct walk_cost cost;

		walk_case(&cases[i], &cost);
		text_format(text, "%-38s %-4s %6u %6u %6u %6u  ", cases[i].name,
			    cases[i].hook == PROG_XDP ? "XDP" : "tc", cost.instructions, cost.calls,
			    cost.helpers, cost.updates);
		for (unsigned int map = 0; map < cost.lookup_count; map++) {
			text_format(text, "%s%s", map ? ", " : "", cost.lookups[map].map);
			if (cost.lookups[map].count > 1)
				text_format(text, " %u", cost.lookups[map].count);
		}
		text_add(text, cost.lookup_count ? "\n" : "-\n");
	}
}

static void add_lengths(struct text *text)
{
	static const char *const directions[] = { "in", "out" };

	for (unsigned int direction = 0; direction < DIRECTION_COUNT; direction++) {
		text_format(text, "edgegate_%s, all of it %*sXDP  %6zu\n", directions[direction],
			    direction ? 15 : 16, "",
			    walk_length(&prog, PROG_XDP, (enum direction)direction));
		text_format(text, "edgegate_%s, all of it %*stc   %6zu\n", directions[direction],
			    direction ? 15 : 16, "",
			    walk_length(&prog, PROG_TC, (enum direction)direction));
	}
}

/* "clang 14": another one makes other code of the same source. */
static void compiler(char name[32])
{
	const char *clang = getenv("CLANG");
	char command[256], line[256] = "";
	unsigned int major = 0;
	FILE *said;

	snprintf(command, sizeof(command), "%s --version", clang ? clang : "clang");
	said = popen(command, "r"); // NOLINT(bugprone-command-processor,cert-env33-c)
	assert_non_null(said);
	while (fgets(line, sizeof(line), said) && !major) {
		const char *version = strstr(line, "version ");

		major = version ? (unsigned int)strtoul(version + strlen("version "), NULL, 10) : 0;
	}
	pclose(said);
	snprintf(name, 32, "clang %u", major);
}

/* Was the file written with this compiler? */
static bool is_comparable(const char *name)
{
	autofclose FILE *file = fopen(GOLDEN, "re");
	char line[256] = "";

	return golden_is_updated() || !file || !fgets(line, sizeof(line), file) ||
	       strstr(line, name);
}

static void every_outcome(void **state)
{
	autotext struct text text = { 0 };
	autofree char *got = NULL;
	char name[32];
	bool same;

	(void)state;
	compiler(name);
	text_format(&text,
		    "# Of each packet, as compiled by %s: instructions executed, functions called, "
		    "helpers called, maps updated,\n"
		    "# maps looked up. Anew: GOLDEN_UPDATE=1 ONLY=cost make prog\n",
		    name);
	add_lengths(&text);
	prog_policies(&prog, NULL, 0);
	add_cases(&text, by_default, PROG_COUNT(by_default));
	prog_policy(&prog, policy_more);
	add_cases(&text, by_more, PROG_COUNT(by_more));
	got = text_take(&text);
	if (!is_comparable(name))
		skip_because("the counts that are kept are of another compiler's code");
	same = golden_matches(GOLDEN, got);
	free(take_pointer(&got)); /* a failure goes by without it */
	assert_true(same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
