/* SPDX-License-Identifier: GPL-2.0-only */
/* As large as a policy may be (spec 1): it compiles, fits the maps, and is judged right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

#include "user/base/text.h"

PROG_FIXTURE(NULL);

static void publish_text(struct text *text)
{
	char *policy = text_take(text);

	assert_non_null(policy);
	prog_reset(&prog);
	prog_policy(&prog, policy);
	free(policy);
}

/* Every port of every protocol that has them, both directions: 65,535 tuples each, for there is no port 0. */
static void every_port(void **state)
{
	static const char policy[] =
		"policy: everything\n"
		"rules:\n"
		"  - {name: tcp-low, direction: in, protocol: tcp, ports: 1-32767}\n"
		"  - {name: tcp-high, direction: in, protocol: tcp, ports: 32768-65535}\n"
		"  - {name: udp-in, direction: in, protocol: udp, ports: 1-65535, to: 192.0.2.10}\n"
		"  - {name: sctp-in, direction: in, protocol: sctp, ports: 1-65535}\n"
		"  - {name: tcp-out, direction: out, protocol: tcp, ports: 1-65535}\n"
		"  - {name: udp-out, direction: out, protocol: udp, ports: 1-65535}\n"
		"  - {name: sctp-out, direction: out, protocol: sctp, ports: 1-65535}\n";
	static const struct prog_case cases[] = {
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:1 syn", OUTCOME_RULE, "tcp-low" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:32767 syn", OUTCOME_RULE, "tcp-low" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:32768 syn", OUTCOME_RULE, "tcp-high" },
		{ "in tcp 198.51.100.7:9 > 192.0.2.10:65535 syn", OUTCOME_RULE, "tcp-high" },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:65535", OUTCOME_RULE, "udp-in" },
		{ "in udp 198.51.100.7:9 > 192.0.2.11:65535", OUTCOME_DROP_ADDRESS, NULL },
		{ "in sctp 198.51.100.7:9 > 192.0.2.10:65535 chunk=1", OUTCOME_RULE, "sctp-in" },
		{ "out tcp 192.0.2.10:9 > 198.51.100.7:65535 syn", OUTCOME_RULE, "tcp-out" },
		{ "out udp 192.0.2.11:9 > 198.51.100.7:1", OUTCOME_RULE, "udp-out" },
		{ "out sctp 192.0.2.10:9 > 198.51.100.7:1 chunk=1", OUTCOME_RULE, "sctp-out" },
		{ "in 47 198.51.100.7 > 192.0.2.10", OUTCOME_DROP_NO_RULE, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	assert_int_equal(prog.images[0].tuple_count, 6 * 65535);
	prog_cases(&prog, cases, PROG_COUNT(cases));
}

/* Rule n: port n, from 50 blocks of 16 addresses; the k-th block of all is 10.0.0.0 + 16 k. */
#define SETS 2000u
#define BLOCKS 50u

/* Half the rules each way, for a direction has no room for all. */
#define HALF(n) ((n) < SETS / 2 ? "in" : "out")

static void sets_and_prefixes(void **state)
{
	static const unsigned int picked[] = { 0, 1, 31, 32, 999, 1023, 1024, 1998, 1999 };
	autotext struct text text = { 0 };
	char words[FRAME_TEXT_MAX], rule[32];

	(void)state;
	text_add(&text, "policy: sets\nrules:\n");
	for (unsigned int n = 0; n < SETS; n++) {
		text_format(&text,
			    "  - {name: rule-%u, direction: %s, protocol: tcp, ports: %u, from: [",
			    n, HALF(n), 1000 + n);
		for (unsigned int i = 0; i < BLOCKS; i++) {
			unsigned int address = (n * BLOCKS + i) * 16;

			text_format(&text, "%s10.%u.%u.%u/28", i ? ", " : "", address >> 16,
				    address >> 8 & 255, address & 255);
		}
		text_add(&text, "]}\n");
	}
	publish_text(&text);
	assert_int_equal(prog.images[1].prefix4_count, SETS * BLOCKS);
	for (size_t i = 0; i < PROG_COUNT(picked); i++) {
		unsigned int n = picked[i];

		for (unsigned int block = 0; block < BLOCKS; block += BLOCKS - 1) {
			unsigned int first = (n * BLOCKS + block) * 16, last = first + 15;

			snprintf(rule, sizeof(rule), "rule-%u", n);
			snprintf(words, sizeof(words), "%s tcp 10.%u.%u.%u:9 > 192.0.2.10:%u syn",
				 HALF(n), first >> 16, first >> 8 & 255, first & 255, 1000 + n);
			prog_expect(&prog, words, OUTCOME_RULE, rule);
			snprintf(words, sizeof(words), "%s tcp 10.%u.%u.%u:9 > 192.0.2.10:%u syn",
				 HALF(n), last >> 16, last >> 8 & 255, last & 255, 1000 + n);
			prog_expect(&prog, words, OUTCOME_RULE, rule);
			/* another rule's address */
			snprintf(words, sizeof(words), "%s tcp 10.%u.%u.%u:9 > 192.0.2.10:%u syn",
				 HALF(n), last >> 16, last >> 8 & 255, last & 255,
				 1000 + n / (SETS / 2) * (SETS / 2) + (n + 1) % (SETS / 2));
			prog_expect(&prog, words, OUTCOME_DROP_ADDRESS, NULL);
		}
		snprintf(words, sizeof(words), "%s tcp 9.255.255.255:9 > 192.0.2.10:%u syn",
			 HALF(n), 1000 + n);
		prog_expect(&prog, words, OUTCOME_DROP_ADDRESS, NULL);
		/* the first address behind the last block of all */
		snprintf(words, sizeof(words), "%s tcp 10.24.106.0:9 > 192.0.2.10:%u syn", HALF(n),
			 1000 + n);
		prog_expect(&prog, words, OUTCOME_DROP_ADDRESS, NULL);
	}
}

/* The longest list that there may be, each rule of it in its turn. */
static void sixty_four_rules_on_one_tuple(void **state)
{
	autotext struct text text = { 0 };
	char words[FRAME_TEXT_MAX], rule[32];

	(void)state;
	text_add(&text, "policy: overlaps\nrules:\n");
	for (unsigned int n = 0; n < LIST_LENGTH_MAX; n++)
		text_format(&text,
			    "  - {name: rule-%u, direction: out, protocol: udp, ports: %u-5000, "
			    "to: [10.0.%u.0/24, \"2001:db8:%x::/48\"]%s}\n",
			    n, 4900 + n, n, n + 1, n % 2 ? ", port-of: either" : "");
	publish_text(&text);
	for (unsigned int n = 0; n < LIST_LENGTH_MAX; n++) {
		snprintf(rule, sizeof(rule), "rule-%u", n);
		snprintf(words, sizeof(words), "out udp 192.0.2.10:9 > 10.0.%u.77:5000", n);
		prog_expect(&prog, words, OUTCOME_RULE, rule);
		snprintf(words, sizeof(words), "out udp [2001:db8::10]:9 > [2001:db8:%x::77]:4999",
			 n + 1);
		prog_expect(&prog, words, OUTCOME_RULE, rule);
		/* by the source where the rule says either; else there are only others for that port */
		snprintf(words, sizeof(words), "out udp 192.0.2.10:5000 > 10.0.%u.77:9", n);
		prog_expect(&prog, words, n % 2 ? OUTCOME_RULE : OUTCOME_DROP_ADDRESS,
			    n % 2 ? rule : NULL);
		snprintf(words, sizeof(words), "out udp 192.0.2.10:9 > 10.0.%u.77:%u", n, 4899 + n);
		prog_expect(&prog, words, n ? OUTCOME_DROP_ADDRESS : OUTCOME_DROP_NO_RULE, NULL);
	}
	prog_expect(&prog, "out udp 192.0.2.10:9 > 10.0.64.77:5000", OUTCOME_DROP_ADDRESS, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port),
		cmocka_unit_test(sets_and_prefixes),
		cmocka_unit_test(sixty_four_rules_on_one_tuple),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
