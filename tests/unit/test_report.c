/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gate in words: tables against tests/golden/report/NAME.txt, with and without colour, wide and narrow.
 * GOLDEN_UPDATE=1 writes them anew: read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/golden.h"
#include "tests/lib/report_gate.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/gate.h"

static const struct report_past no_past = { 0 };

/* Takes what it gets. */
static void expect(const char *name, char *got)
{
	autofree char *path = text_print("tests/golden/report/%s.txt", name);
	autofree char *owned = got;

	assert_true(golden_matches(path, got));
}

/* Columns of the widest line, escape sequences aside. */
static size_t widest(const char *text)
{
	size_t width = 0, most = 0;

	for (; *text; text++) {
		if (*text == '\033') {
			text = strchr(text, 'm');
			continue;
		}
		if (*text == '\n')
			width = 0;
		else if ((*text & 0xc0) != 0x80 && ++width > most)
			most = width;
	}
	return most;
}

static void stats_plain(void **state)
{
	const struct report_style style = { .colour = false };
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	expect("stats", report_stats(&gate, &no_past, &style));
	report_gate_free(&gate);
}

static void stats_in_colour(void **state)
{
	const struct report_style style = { .colour = true }, plain = { .colour = false };
	autofree char *coloured = NULL, *uncoloured = NULL;
	struct report_gate gate;
	char *to;

	(void)state;
	report_gate_example(&gate);
	expect("stats-colour", report_stats(&gate, &no_past, &style));
	/* colour is all that it adds */
	coloured = report_stats(&gate, &no_past, &style);
	uncoloured = report_stats(&gate, &no_past, &plain);
	to = coloured;
	for (char *from = coloured; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(coloured, uncoloured);
	report_gate_free(&gate);
}

static void stats_on_a_narrow_terminal(void **state)
{
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	gate.rules[3].counts.forward.packets = 7; /* numbers are never cut */
	expect("stats-narrow",
	       report_stats(&gate, &no_past, &(struct report_style){ .width = 100 }));
	for (unsigned int width = 100; width < 300; width++) {
		const struct report_style style = { .width = width, .colour = width % 2 };
		autofree char *text = report_stats(&gate, &no_past, &style);

		if (widest(text) > width)
			fail_msg("%zu columns on a terminal of %u:\n%s", widest(text), width, text);
	}
	/* too narrow for anything: it says what it can and ends */
	for (unsigned int width = 0; width < 100; width++)
		free(report_stats(&gate, &no_past, &(struct report_style){ .width = width }));
	report_gate_free(&gate);
}

static void stats_as_rates(void **state)
{
	const struct report_style style = { .colour = false };
	struct report_gate then, now;

	(void)state;
	report_gate_example(&then);
	report_gate_example(&now);
	now.rules[0].counts.forward.packets += 300;
	now.rules[0].counts.forward.bytes += 1000000;
	now.rules[0].counts.reply.packets += 3;
	now.rules[0].counts.reply.bytes += 500000;
	now.outcomes[OUTCOME_DROP_NO_RULE].packets += 2000000;
	now.outcomes[OUTCOME_COUNT + OUTCOME_PASS_ARP].packets += 2;
	expect("stats-rates",
	       report_stats(&now, &(struct report_past){ .gate = &then, .seconds = 2 }, &style));
	/* a rule that is new, and a counter that is less than it was, are no rates of billions */
	now.rules[1].counts.forward.packets = 0;
	free(now.rules[2].name);
	now.rules[2].name = strdup("new-in");
	expect("stats-rates-new",
	       report_stats(&now, &(struct report_past){ .gate = &then, .seconds = 2 }, &style));
	report_gate_free(&then);
	report_gate_free(&now);
}

static void stats_in_other_modes(void **state)
{
	const struct report_style style = { .colour = true };
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	gate.mode = "monitor";
	memset(gate.outcomes, 0, sizeof(gate.outcomes));
	expect("stats-monitor", report_stats(&gate, &no_past, &style));
	report_gate_free(&gate);
	gate = (struct report_gate){ .label = strdup("blue/eth0"), .mode = "none" };
	expect("stats-none", report_stats(&gate, &no_past, &style));
	report_gate_free(&gate);
}

static void status_of_gates(void **state)
{
	const struct report_style style = { .colour = false };
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	expect("status", report_status(&gate, &style));
	expect("status-colour", report_status(&gate, &(struct report_style){ .colour = true }));
	gate.hooks = HOOKS_XDP;
	expect("status-xdp", report_status(&gate, &style));
	gate.hooks = HOOKS_BOTH;
	gate.interfaces[0].xdp_link = gate.interfaces[0].tc_program = 0;
	gate.interfaces[1].is_lost = true;
	expect("status-lost", report_status(&gate, &style));
	report_gate_free(&gate);
}

/* What may become of interfaces, one after another. */
static void status_of_what_became(void **state)
{
	const struct report_style style = { .colour = false };
	struct report_interface *one, *two;
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	one = &gate.interfaces[0];
	two = &gate.interfaces[1];
	strcpy(one->former_name, "wan0");
	two->place = REPORT_MOVED;
	strcpy(two->moved_to, "green/eth7");
	two->tc_program = 0;
	two->is_lost = true;
	expect("status-moved", report_status(&gate, &style));
	one->is_lost = true;
	one->place = REPORT_ANEW;
	one->xdp_link = one->tc_program = 0;
	two->moved_to[0] = '\0';
	two->tc = TC_KIND_TCX;
	expect("status-anew", report_status(&gate, &(struct report_style){ .colour = true }));
	one->place = two->place = REPORT_GONE;
	expect("status-gone", report_status(&gate, &style));
	gate.netns_is_lost = true;
	two->place = REPORT_UNSEEN;
	two->tc = TC_KIND_CLSACT;
	two->tc_program = 24;
	expect("status-netns-gone", report_status(&gate, &style));
	report_gate_free(&gate);
}

static void status_of_what_is_ahead(void **state)
{
	static const struct report_filter filters[] = {
		{ TC_KIND_TCX, 77, 0, "cil_to_netdev" },
		{ TC_KIND_TCX, 78, 0, "" },
		{ TC_KIND_CLSACT, 79, 1, "shaper.o:[tc]" },
		{ TC_KIND_CLSACT, 0, 2, "flower" },
	};
	const struct report_style style = { .colour = false };
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	report_gate_ahead(&gate.interfaces[0], filters, 1);
	report_gate_ahead(&gate.interfaces[1], filters, 4);
	expect("status-ahead", report_status(&gate, &style));
	expect("status-ahead-colour",
	       report_status(&gate, &(struct report_style){ .colour = true }));
	report_gate_free(&gate);
}

static void status_of_two_of_ours_and_of_what_cant_be_seen(void **state)
{
	const struct report_style style = { .colour = false };
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	gate.interfaces[0].tc_twice = true;
	gate.interfaces[1].ahead_known = false;
	expect("status-twice", report_status(&gate, &style));
	report_gate_free(&gate);
}

static void the_port_table(void **state)
{
	struct report_gate gate;

	(void)state;
	report_gate_example(&gate);
	/* "(removed)" is in no policy */
	expect("port-table", report_port_table(gate.rules, gate.rule_count - 1,
					       &(struct report_style){ .colour = false }));
	expect("port-table-narrow", report_port_table(gate.rules, gate.rule_count - 1,
						      &(struct report_style){ .width = 80 }));
	report_gate_free(&gate);
}

/* One label for each, and the contract's. */
static void names_of_outcomes(void **state)
{
	static const char *const drops[] = {
		"malformed",      "martian",    "bad-tcp-flags", "extension-header",
		"ethertype",      "fragment",   "no-rule",       "address",
		"unrelated-icmp", "rate-limit", "payload",       "blocked",
	};
	static const char *const kinds[] = { "arp",        "link-control", "neighbor-discovery",
					     "icmp-error", "ping",         "dhcp",
					     "fragment" };
	size_t drop = 0, kind = 0;

	(void)state;
	for (int i = 1; i < OUTCOME_COUNT; i++) {
		const char *label = report_outcome_label((enum outcome)i);

		assert_true(strlen(report_outcome_help((enum outcome)i)) > 5);
		if (report_outcome_class((enum outcome)i) == OUTCOME_CLASS_DROP)
			assert_string_equal(label, drops[drop++]);
		else if (report_outcome_class((enum outcome)i) == OUTCOME_CLASS_PASS)
			assert_string_equal(label, kinds[kind++]);
	}
	assert_int_equal(drop, sizeof(drops) / sizeof(*drops));
	assert_int_equal(kind, sizeof(kinds) / sizeof(*kinds));
	/* what is undecided is no pass */
	assert_int_equal(report_outcome_class(OUTCOME_UNDECIDED), OUTCOME_CLASS_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_plain),
		cmocka_unit_test(stats_in_colour),
		cmocka_unit_test(stats_on_a_narrow_terminal),
		cmocka_unit_test(stats_as_rates),
		cmocka_unit_test(stats_in_other_modes),
		cmocka_unit_test(status_of_gates),
		cmocka_unit_test(status_of_what_became),
		cmocka_unit_test(status_of_what_is_ahead),
		cmocka_unit_test(status_of_two_of_ours_and_of_what_cant_be_seen),
		cmocka_unit_test(the_port_table),
		cmocka_unit_test(names_of_outcomes),
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
