/* SPDX-License-Identifier: GPL-2.0-only */
/* Drop reason `bad-tcp-flags`: every combination of the eight flags, both directions (spec 3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/prog.h"

static const char policy[] = "policy: flags\n"
			     "rules:\n"
			     "  - {name: tcp-in, direction: in, protocol: tcp, ports: 443}\n"
			     "  - {name: tcp-out, direction: out, protocol: tcp, ports: 443}\n";

/* As spec 3.2 has it, in words: not from the product's table. */
static const char *const valid[] = { "syn",     "syn urg",     "syn ack", "rst",    "rst ack",
				     "fin ack", "fin ack urg", "ack",     "ack urg" };

PROG_FIXTURE(policy);

static void name_flags(unsigned int flags, char *words)
{
	static const char *const names[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};

	*words = '\0';
	for (unsigned int i = 0; i < PROG_COUNT(names); i++)
		if (flags >> i & 1)
			sprintf(words + strlen(words), "%s%s", *words ? " " : "", names[i]);
}

/* PSH, ECE and CWR don't matter. */
static bool is_valid(unsigned int flags)
{
	char words[64];

	name_flags(flags & ~0xc8u, words);
	for (size_t i = 0; i < PROG_COUNT(valid); i++)
		if (strcmp(words, valid[i]) == 0)
			return true;
	return false;
}

static void every_combination(void **state)
{
	unsigned int passed = 0;

	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		char names[64], words[128];
		bool good = is_valid(flags);

		name_flags(flags, names);
		passed += good;
		for (int family = 4; family <= 6; family += 2) {
			prog_reset(&prog);
			prog.family = family;
			snprintf(words, sizeof(words), "in tcp PEER:40000 > HOST:443 %s", names);
			prog_expect(&prog, words, good ? OUTCOME_RULE : OUTCOME_DROP_BAD_TCP_FLAGS,
				    good ? "tcp-in" : NULL);
			snprintf(words, sizeof(words), "out tcp HOST:40000 > PEER:443 %s", names);
			prog_expect(&prog, words, good ? OUTCOME_RULE : OUTCOME_DROP_BAD_TCP_FLAGS,
				    good ? "tcp-out" : NULL);
		}
	}
	assert_int_equal(passed, 9 * 8);
}

/* A flow or a service doesn't help it, and it does nothing to them. */
static void tell_replies(struct prog *told)
{
	prog_expect(told, "out tcp HOST:40000 > PEER:443 syn", OUTCOME_RULE, "tcp-out");
	prog_expect(told, "in tcp PEER:443 > HOST:40000 syn fin", OUTCOME_DROP_BAD_TCP_FLAGS, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:40000 flags=00", OUTCOME_DROP_BAD_TCP_FLAGS,
		    NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:40000 fin", OUTCOME_DROP_BAD_TCP_FLAGS, NULL);
	prog_expect(told, "in tcp PEER:443 > HOST:40000 syn ack", OUTCOME_REPLY, "tcp-out");
	prog_expect(told, "out tcp HOST:443 > PEER:40000 syn rst", OUTCOME_DROP_BAD_TCP_FLAGS,
		    NULL);
	prog_expect(told, "out tcp HOST:443 > PEER:40000 syn ack", OUTCOME_REPLY, "tcp-in");
}

static void nor_as_a_reply(void **state)
{
	(void)state;
	prog_tell(&prog, tell_replies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(nor_as_a_reply),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
