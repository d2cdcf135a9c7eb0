/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counter slots over a series of policies: whoever keeps its name keeps its counts, a slot is not used
 * again while a kept policy names its rule, and what nobody has any more is never lost or set back.
 */
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

/* A gate, as far as counting goes. */
struct counting {
	struct image live, former;
	struct rule_count counts[RULE_SLOTS];
	struct rule_count removed[DIRECTION_COUNT]; /* at the last look */
	uint64_t sent[DIRECTION_COUNT];
};

/* Words "in:web out:dns": rules of these names, each on a port of its own. */
static void compile(const char *words, const struct image_running *running, struct image *image)
{
	autotext struct text text = { 0 };
	autofree char *copy = strdup(words);
	autofree char *policy_text = NULL;
	struct diags diags = { 0 };
	struct policy *policy = NULL;
	unsigned int port = 1000;
	char *rest = NULL;

	text_add(&text, "policy: series\nrules:\n");
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *name = strchr(word, ':');

		*name++ = '\0';
		text_format(&text, "  - {name: %s, direction: %s, protocol: tcp, ports: %u}\n",
			    name, word, port++);
	}
	policy_text = text_take(&text);
	assert_return_code(
		policy_parse("series", policy_text, strlen(policy_text), &policy, &diags), 0);
	assert_return_code(image_compile(policy, running, image, &diags), 0);
	policy_free(policy);
	diags_clear(&diags);
}

static struct image_running running_of(const struct counting *gate)
{
	return (struct image_running){ .kept = { gate->live.listing, gate->former.listing },
				       .counts = gate->counts };
}

static void apply(struct counting *gate, const char *words)
{
	struct image_running running = running_of(gate);
	struct image image = { 0 };

	compile(words, &running, &image);
	image_free(&gate->former);
	gate->former = gate->live;
	gate->live = image;
}

static void roll_back(struct counting *gate)
{
	struct image live = gate->live;

	gate->live = gate->former;
	gate->former = live;
}

static const struct listing_row *row_of(const struct counting *gate, const char *name)
{
	const struct listing_row *row = listing_find(gate->live.listing, name);

	if (!row)
		fail_msg("%s is not in the live policy", name);
	return row;
}

static void send_packets(struct counting *gate, const char *name, uint64_t packets)
{
	const struct listing_row *row = row_of(gate, name);

	gate->counts[row->slot].forward.packets += packets;
	gate->counts[row->slot].forward.bytes += packets * 100;
	gate->counts[row->slot].reply.packets += 1;
	gate->sent[row->direction] += packets;
}

static uint64_t packets_of(const struct counting *gate, const char *name)
{
	const struct listing_row *row = row_of(gate, name);

	return gate->counts[row->slot].forward.packets - row->baseline.forward.packets;
}

static void subtract(struct rule_count *from, const struct listing_row *row,
		     const struct rule_count *counts)
{
	from->forward.packets -= counts[row->slot].forward.packets - row->baseline.forward.packets;
	from->forward.bytes -= counts[row->slot].forward.bytes - row->baseline.forward.bytes;
	from->reply.packets -= counts[row->slot].reply.packets - row->baseline.reply.packets;
}

/* As user/verb/common_collect.c reckons it: all that was counted, less what kept rules have. */
static struct rule_count removed_of(const struct counting *gate, unsigned int direction)
{
	const struct listing_header *kept[] = { gate->live.listing, gate->former.listing };
	struct rule_count removed = { 0 };

	for (unsigned int i = 0; i < RULE_SLOTS_PER_DIRECTION; i++) {
		const struct rule_count *count =
			&gate->counts[direction * RULE_SLOTS_PER_DIRECTION + i];

		removed.forward.packets += count->forward.packets;
		removed.forward.bytes += count->forward.bytes;
		removed.reply.packets += count->reply.packets;
	}
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t n = 0; kept[i] && n < kept[i]->row_count; n++) {
			const struct listing_row *row = &listing_rows(kept[i])[n];
			const struct listing_row *live =
				listing_find(kept[0], listing_string(kept[i], row->name));

			if (row->direction != direction ||
			    (i == 1 && live && live->direction == row->direction))
				continue;
			subtract(&removed, row, gate->counts);
		}
	}
	return removed;
}

/* No two kept rules share a slot, each is in its direction's half; (removed) only grows. */
static void check(struct counting *gate)
{
	const struct listing_header *kept[] = { gate->live.listing, gate->former.listing };
	const char *names[RULE_SLOTS] = { NULL };

	for (size_t i = 0; i < 2; i++) {
		for (uint32_t n = 0; kept[i] && n < kept[i]->row_count; n++) {
			const struct listing_row *row = &listing_rows(kept[i])[n];
			const char *name = listing_string(kept[i], row->name);

			assert_int_equal(row->slot / RULE_SLOTS_PER_DIRECTION, row->direction);
			assert_int_not_equal(row->slot % RULE_SLOTS_PER_DIRECTION, 0);
			if (names[row->slot])
				assert_string_equal(names[row->slot], name);
			names[row->slot] = name;
		}
	}
	for (unsigned int direction = 0; direction < DIRECTION_COUNT; direction++) {
		struct rule_count removed = removed_of(gate, direction);

		assert_true(removed.forward.packets >= gate->removed[direction].forward.packets);
		assert_true(removed.forward.packets <= gate->sent[direction]);
		assert_true(removed.forward.bytes == removed.forward.packets * 100);
		gate->removed[direction] = removed;
	}
}

static struct counting *counting_new(void)
{
	struct counting *gate = calloc(1, sizeof(*gate));

	assert_non_null(gate);
	return gate;
}

static void counting_free(struct counting *gate)
{
	image_free(&gate->live);
	image_free(&gate->former);
	free(gate);
}

static void a_new_gate_begins_at_the_first_slots(void **state)
{
	struct counting *gate = counting_new();

	(void)state;
	apply(gate, "in:a out:b in:c out:d");
	assert_int_equal(row_of(gate, "a")->slot, 1);
	assert_int_equal(row_of(gate, "c")->slot, 2);
	assert_int_equal(row_of(gate, "b")->slot, RULE_SLOTS_PER_DIRECTION + 1);
	assert_int_equal(row_of(gate, "d")->slot, RULE_SLOTS_PER_DIRECTION + 2);
	check(gate);
	counting_free(gate);
}

static void who_keeps_its_name_keeps_its_counts(void **state)
{
	struct counting *gate = counting_new();

	(void)state;
	apply(gate, "in:a in:b in:c");
	send_packets(gate, "a", 10);
	send_packets(gate, "b", 20);
	send_packets(gate, "c", 30);
	/* others before it, between, and another order */
	apply(gate, "in:z in:c in:y in:a");
	check(gate);
	assert_int_equal(row_of(gate, "a")->slot, 1);
	assert_int_equal(row_of(gate, "c")->slot, 3);
	assert_int_equal(packets_of(gate, "a"), 10);
	assert_int_equal(packets_of(gate, "c"), 30);
	assert_int_equal(packets_of(gate, "z"), 0);
	assert_int_equal(packets_of(gate, "y"), 0);
	/* b is in the former policy still: it is none of (removed) */
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, 0);
	assert_int_not_equal(row_of(gate, "z")->slot, 2);
	assert_int_not_equal(row_of(gate, "y")->slot, 2);
	/* back again: as if nothing had been */
	roll_back(gate);
	check(gate);
	assert_int_equal(packets_of(gate, "b"), 20);
	counting_free(gate);
}

static void what_nobody_has_any_more_is_removed(void **state)
{
	struct counting *gate = counting_new();

	(void)state;
	apply(gate, "in:a in:b out:o");
	send_packets(gate, "a", 10);
	send_packets(gate, "b", 20);
	send_packets(gate, "o", 5);
	apply(gate, "in:a");
	check(gate);
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, 0);
	apply(gate, "in:a in:n");
	check(gate);
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, 20);
	assert_int_equal(removed_of(gate, DIRECTION_IN).reply.packets, 1);
	assert_int_equal(removed_of(gate, DIRECTION_OUT).forward.packets, 5);
	/* a name that comes back begins anew: its old counts stay removed */
	apply(gate, "in:a in:b");
	check(gate);
	/* in a slot that has never counted, while there is one */
	assert_int_equal(row_of(gate, "b")->slot, 4);
	assert_int_equal(packets_of(gate, "b"), 0);
	send_packets(gate, "b", 1);
	assert_int_equal(packets_of(gate, "b"), 1);
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, 20);
	counting_free(gate);
}

/* The other direction is another rule, though the name is the same. */
static void a_rule_that_turns_round_begins_anew(void **state)
{
	struct counting *gate = counting_new();

	(void)state;
	apply(gate, "in:a in:b");
	send_packets(gate, "a", 10);
	apply(gate, "out:a in:b");
	check(gate);
	assert_int_equal(packets_of(gate, "a"), 0);
	send_packets(gate, "a", 7);
	/* and back: while it is compiled the one before is still kept as the former */
	apply(gate, "in:a in:b");
	check(gate);
	assert_int_equal(packets_of(gate, "a"), 10);
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, 0);
	assert_int_equal(removed_of(gate, DIRECTION_OUT).forward.packets, 0);
	roll_back(gate);
	check(gate);
	assert_int_equal(packets_of(gate, "a"), 7);
	counting_free(gate);
}

/* All slots of a direction, and then others: what the slots had counted is not theirs. */
static void slots_are_used_again_when_all_have_counted(void **state)
{
	struct counting *gate = counting_new();
	/* the live and the former policy keep theirs while a third is compiled */
	const unsigned int third = (RULE_SLOTS_PER_DIRECTION - 1) / 3;

	(void)state;
	for (unsigned int round = 0; round < 5; round++) {
		autotext struct text text = { 0 };
		autofree char *words = NULL;
		char name[32];

		for (unsigned int i = 0; i < third; i++)
			text_format(&text, "%sin:round-%u-%u", i ? " " : "", round, i);
		words = text_take(&text);
		apply(gate, words);
		check(gate);
		for (unsigned int i = 0; i < third; i++) {
			snprintf(name, sizeof(name), "round-%u-%u", round, i);
			assert_int_equal(packets_of(gate, name), 0);
			send_packets(gate, name, round + 1);
			assert_int_equal(packets_of(gate, name), round + 1);
		}
		check(gate);
		/* the same policy again: what a slot had counted for others stays out of it */
		apply(gate, words);
		check(gate);
		for (unsigned int i = 0; i < third; i++) {
			snprintf(name, sizeof(name), "round-%u-%u", round, i);
			assert_int_equal(packets_of(gate, name), round + 1);
		}
	}
	/* of five rounds the last is kept */
	assert_int_equal(removed_of(gate, DIRECTION_IN).forward.packets, (1 + 2 + 3 + 4) * third);
	counting_free(gate);
}

/* Two hundred random policies over few names: the laws hold whatever comes. */
static void the_laws_hold_in_any_series(void **state)
{
	struct counting *gate = counting_new();

	(void)state;
	srand(20130201);
	for (int round = 0; round < 200; round++) {
		autotext struct text text = { 0 };
		autofree char *words = NULL;
		uint64_t counted[2] = { 0, 0 };

		text_add(&text, "in:always");
		for (unsigned int name = 0; name < 12; name++)
			if (rand() % 3 == 0)
				text_format(&text, " %s:n%u", rand() % 4 ? "in" : "out", name);
		words = text_take(&text);
		if (round > 1 && rand() % 4 == 0)
			roll_back(gate);
		else
			apply(gate, words);
		check(gate);
		for (uint32_t i = 0; i < gate->live.listing->row_count; i++) {
			const struct listing_row *row = &listing_rows(gate->live.listing)[i];

			send_packets(gate, listing_string(gate->live.listing, row->name),
				     (uint64_t)rand() % 50);
		}
		check(gate);
		for (unsigned int slot = 0; slot < RULE_SLOTS; slot++)
			counted[slot / RULE_SLOTS_PER_DIRECTION] +=
				gate->counts[slot].forward.packets;
		assert_int_equal(counted[DIRECTION_IN], gate->sent[DIRECTION_IN]);
		assert_int_equal(counted[DIRECTION_OUT], gate->sent[DIRECTION_OUT]);
	}
	assert_true(packets_of(gate, "always") > 1000);
	counting_free(gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_gate_begins_at_the_first_slots),
		cmocka_unit_test(who_keeps_its_name_keeps_its_counts),
		cmocka_unit_test(what_nobody_has_any_more_is_removed),
		cmocka_unit_test(a_rule_that_turns_round_begins_anew),
		cmocka_unit_test(slots_are_used_again_when_all_have_counted),
		cmocka_unit_test(the_laws_hold_in_any_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
