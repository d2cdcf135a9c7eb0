/* SPDX-License-Identifier: GPL-2.0-only */
/* As much as a policy may hold, and one more: refused with the place of the rule (spec 1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

/* Compiles what was written; gives the error. The diag's `why` and line must be these. */
static int compile_over(const struct image_running *running, struct text *text, struct image *image,
			const char *why, unsigned int line)
{
	autofree char *policy_text = text_take(text);
	struct diags diags = { 0 };
	struct policy *policy = NULL;
	int error;

	assert_non_null(policy_text);
	if (policy_parse("limits", policy_text, strlen(policy_text), &policy, &diags)) {
		autofree char *errors = diag_text_all(&diags);

		fail_msg("%s", errors);
	}
	diags_clear(&diags);
	error = image_compile(policy, running, image, &diags);
	if (error) {
		assert_non_null(why);
		assert_true(diags.failed);
		assert_int_equal(diags_exit_status(&diags), 2);
		assert_int_equal(diags.count, 1);
		assert_string_equal(diags.list[0].why, why);
		assert_non_null(diags.list[0].hint);
		assert_int_equal(diags.list[0].place.line, line);
		assert_null(image->generation);
	}
	policy_free(policy);
	diags_clear(&diags);
	return error;
}

static int compile(struct text *text, struct image *image, const char *why, unsigned int line)
{
	return compile_over(&(struct image_running){ .applied_at = 0 }, text, image, why, line);
}

static int rules_on_a_tuple(unsigned int count, struct image *image)
{
	struct text text = { 0 };

	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int i = 0; i < count; i++)
		text_format(&text,
			    "  - {name: r%u, direction: in, protocol: udp, ports: [%u-600, 700], "
			    "from: 10.0.0.%u}\n",
			    i, 500 + i, i);
	return compile(&text, image, "more than 64 rules on one port (564)", 3 + 64);
}

static void sixty_four_rules_on_a_tuple(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	uint32_t list;

	(void)state;
	assert_return_code(rules_on_a_tuple(64, &image), 0);
	list = image.generation
		       ->lists[image.generation->table[1 << TABLE_UDP_SHIFT | 600] & ~ENTRY_LIST];
	assert_int_equal(list >> LIST_LENGTH_SHIFT, 63);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(image.generation->candidates[(list & LIST_FIRST_MASK) + i],
				 CANDIDATE_DESTINATION | (i + 1));
	/* on 64 ports one more each, then all of them; 700 has the same list as 563 to 600 */
	assert_int_equal(image.generation->table[1 << TABLE_UDP_SHIFT | 700],
			 image.generation->table[1 << TABLE_UDP_SHIFT | 600]);
	assert_int_equal(image.tuple_count, 102);
	assert_int_equal(image.generation->candidates[64 * 65 / 2], 0);
}

static void sixty_five_are_refused(void **state)
{
	struct image image = { 0 };

	(void)state;
	assert_int_equal(rules_on_a_tuple(65, &image), -22);
}

/* 65 rules one after the other, never more than two at once, are fine. */
static void what_ceases_makes_room(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	struct text text = { 0 };

	(void)state;
	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int i = 0; i < 1000; i++)
		text_format(&text,
			    "  - {name: r%u, direction: in, protocol: udp, ports: %u-%u, "
			    "from: 10.0.0.1}\n",
			    i, 500 + i * 64, 500 + i * 64 + 64);
	assert_return_code(compile(&text, &image, NULL, 0), 0);
	assert_int_equal(image.tuple_count, 1000 * 64 + 1);
}

static int sets(unsigned int count, struct image *image)
{
	struct text text = { 0 };

	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int i = 0; i < count; i++)
		text_format(&text,
			    "  - {name: r%u, direction: %s, protocol: tcp, ports: %u, "
			    "from: 10.0.%u.%u, to: 10.0.%u.%u}\n",
			    i, i % 2 ? "in" : "out", 1 + i, i >> 8, i & 255, i >> 8, i & 255);
	return compile(&text, image, "more than 2000 distinct address sets", 3 + 2000);
}

static void two_thousand_sets(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	struct image refused = { 0 };

	(void)state;
	/* from and to are the same set */
	assert_return_code(sets(2000, &image), 0);
	assert_int_equal(image.prefix4_count, 2000);
	assert_int_equal(sets(2001, &refused), -22);
}

/* Two rules that share as many prefixes as there may be, every other one of IPv6. */
static int prefixes(unsigned int count, struct image *image)
{
	struct text text = { 0 };

	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int rule = 0; rule < 2; rule++) {
		text_format(&text,
			    "  - {name: r%u, direction: in, protocol: tcp, ports: %u, from: [",
			    rule, rule + 1);
		for (unsigned int i = rule; i < count; i += 2) {
			if (i & 2)
				text_format(&text, "\"2001:%x:%x::/48\",", i >> 16, i & 65535);
			else
				text_format(&text, "10.%u.%u.%u,", i >> 16, i >> 8 & 255, i & 255);
		}
		text_add(&text, "]}\n");
	}
	return compile(&text, image, "more than 100000 addresses and prefixes in all", 4);
}

static void a_hundred_thousand_prefixes(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	struct image refused = { 0 };

	(void)state;
	assert_return_code(prefixes(PREFIXES_MAX, &image), 0);
	assert_int_equal(image.prefix4_count + image.prefix6_count, PREFIXES_MAX);
	for (size_t i = 1; i < image.prefix4_count; i++)
		assert_true(image.prefixes4[i - 1].set <= image.prefixes4[i].set);
	assert_int_equal(prefixes(PREFIXES_MAX + 1, &refused), -22);
}

/* All ports of all protocols that have them: nobody runs out of lists. */
static void every_port_of_every_protocol(void **state)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };
	cleanup(image_free) struct image image = { 0 };
	struct text text = { 0 };

	(void)state;
	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int i = 0; i < 6; i++)
		text_format(&text,
			    "  - {name: r%u, direction: %s, protocol: %s, ports: 1-65535, "
			    "from: 10.0.0.1}\n",
			    i, i % 2 ? "in" : "out", protocols[i / 2]);
	assert_return_code(compile(&text, &image, NULL, 0), 0);
	assert_int_equal(image.tuple_count, 6 * 65535);
}

/* Rule n takes the ports whose bit n is set: every port has other rules. */
static int overlaps(unsigned int bits, struct image *image)
{
	struct text text = { 0 };

	text_add(&text, "policy: limits\nrules:\n");
	for (unsigned int bit = 0; bit < bits; bit++) {
		unsigned int step = 1u << bit;

		text_format(
			&text,
			"  - {name: r%u, direction: in, protocol: tcp, from: 10.0.0.1, ports: [",
			bit);
		for (unsigned int port = step; port < 1u << bits; port += 2 * step)
			text_format(&text, "%u-%u,", port, port + step - 1);
		text_add(&text, "]}\n");
	}
	return compile(&text, image, "too many different overlaps of ports: more than 16384", 3);
}

static void sixteen_thousand_different_overlaps(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	struct image refused = { 0 };
	uint32_t list;

	(void)state;
	assert_return_code(overlaps(14, &image), 0);
	assert_int_equal(image.tuple_count, (1 << 14) - 1);
	list = image.generation->lists[image.generation->table[0x2105] & ~ENTRY_LIST];
	assert_int_equal(list >> LIST_LENGTH_SHIFT, 4 - 1);
	assert_int_equal(image.generation->candidates[(list & LIST_FIRST_MASK) + 3],
			 CANDIDATE_DESTINATION | (13 + 1));
	assert_int_equal(overlaps(15, &refused), -22);
}

static void add_names(struct text *text, const char *names, unsigned int count)
{
	text_add(text, "policy: limits\nrules:\n");
	for (unsigned int i = 0; i < count; i++)
		text_format(text, "  - {name: %s-%u, direction: out, protocol: tcp, ports: %u}\n",
			    names, i, 1 + i);
}

/* The live policy, the former one and the next, as large as they can be and without a common name. */
static void there_are_counters_for_three_policies(void **state)
{
	cleanup(image_free) struct image former = { 0 };
	cleanup(image_free) struct image live = { 0 };
	cleanup(image_free) struct image next = { 0 };
	struct image_running running = { .applied_at = 0 };
	struct text text = { 0 };

	(void)state;
	add_names(&text, "former", RULES_PER_DIRECTION_MAX);
	assert_return_code(compile(&text, &former, NULL, 0), 0);
	running.kept[1] = former.listing;
	add_names(&text, "live", RULES_PER_DIRECTION_MAX);
	assert_return_code(compile_over(&running, &text, &live, NULL, 0), 0);
	running.kept[0] = live.listing;
	add_names(&text, "next", RULES_PER_DIRECTION_MAX);
	assert_return_code(compile_over(&running, &text, &next, NULL, 0), 0);
	assert_int_equal(listing_find(next.listing, "next-1364")->slot, RULE_SLOTS - 1);
	/* the same names take no new ones */
	add_names(&text, "live", RULES_PER_DIRECTION_MAX);
	image_free(&next);
	assert_return_code(compile_over(&running, &text, &next, NULL, 0), 0);
	assert_int_equal(listing_find(next.listing, "live-7")->slot,
			 listing_find(live.listing, "live-7")->slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_four_rules_on_a_tuple),
		cmocka_unit_test(sixty_five_are_refused),
		cmocka_unit_test(what_ceases_makes_room),
		cmocka_unit_test(two_thousand_sets),
		cmocka_unit_test(a_hundred_thousand_prefixes),
		cmocka_unit_test(every_port_of_every_protocol),
		cmocka_unit_test(sixteen_thousand_different_overlaps),
		cmocka_unit_test(there_are_counters_for_three_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
