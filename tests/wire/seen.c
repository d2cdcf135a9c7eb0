// SPDX-License-Identifier: GPL-2.0-only
/* What the gate itself says became of a packet: which counter has moved. */
#include <sched.h>
#include <string.h>

#include "tests/wire/agree.h"

#define PATIENCE 1000000000ull /* ns until a packet counts as lost */

static uint64_t seen_all(const struct gate *gate)
{
	struct gate_counts counts = { 0 };
	uint64_t sum = 0;

	if (gate_read_counts(gate, &counts))
		agree_fail("cannot read the gate's counters");
	for (size_t i = 0; i < RULE_SLOTS; i++)
		sum += counts.rules[i].forward.packets + counts.rules[i].reply.packets;
	for (size_t i = 0; i < OUTCOME_COUNTERS; i++)
		sum += counts.outcomes[i].packets;
	gate_free_counts(&counts);
	return sum;
}

static void seen_name(const struct listing_header *listing, uint32_t slot, struct ending *ending)
{
	for (uint32_t i = 0; i < listing->row_count; i++)
		if (listing_rows(listing)[i].slot == slot)
			snprintf(ending->rule, sizeof(ending->rule), "%s",
				 listing_string(listing, listing_rows(listing)[i].name));
}

static bool seen_compare(struct count *was, const struct count *is, struct moved *moved)
{
	if (was->packets == is->packets && was->bytes == is->bytes)
		return false;
	moved->packets += is->packets - was->packets;
	moved->bytes += is->bytes - was->bytes;
	*was = *is;
	return true;
}

static void seen_look_at_rule(struct seen *seen, const struct listing_header *listing,
			      enum direction direction, uint32_t i, const struct rule_count *now,
			      struct moved *moved)
{
	struct rule_count *was = &seen->rules[direction][i];
	bool forward = seen_compare(&was->forward, &now->forward, moved);

	if (!forward && !seen_compare(&was->reply, &now->reply, moved))
		return;
	moved->ending.outcome = forward ? OUTCOME_RULE : OUTCOME_REPLY;
	moved->direction = forward ? direction : !direction;
	seen_name(listing, direction * RULE_SLOTS_PER_DIRECTION + i, &moved->ending);
}

static void seen_look(struct seen *seen, const struct listing_header *listing, struct moved *moved)
{
	static struct rule_count rules[SEEN_SLOTS];
	static struct count outcomes[OUTCOME_COUNTERS];

	*moved = (struct moved){ 0 };
	for (enum direction direction = 0; direction < DIRECTION_COUNT; direction++) {
		prog_read_sums(seen->gate->maps[MAP_RULE_COUNTS],
			       direction * RULE_SLOTS_PER_DIRECTION, seen->slots[direction],
			       sizeof(*rules), (uint64_t *)rules);
		for (uint32_t i = 0; i < seen->slots[direction]; i++)
			seen_look_at_rule(seen, listing, direction, i, &rules[i], moved);
	}
	prog_read_sums(seen->gate->maps[MAP_OUTCOME_COUNTS], 0, OUTCOME_COUNTERS, sizeof(*outcomes),
		       (uint64_t *)outcomes);
	for (uint32_t i = 0; i < OUTCOME_COUNTERS; i++) {
		if (!seen_compare(&seen->outcomes[i], &outcomes[i], moved))
			continue;
		moved->ending = (struct ending){ .outcome = (enum outcome)(i % OUTCOME_COUNT) };
		moved->direction = i / OUTCOME_COUNT;
	}
	seen->packets += moved->packets;
}

void seen_begin(struct seen *seen, const struct gate *gate)
{
	*seen = (struct seen){ .gate = gate, .before = seen_all(gate) };
}

void seen_watch(struct seen *seen, const struct listing_header *listing)
{
	struct moved moved;

	/* what any name had before, or got meanwhile, is nothing new */
	seen->slots[DIRECTION_IN] = seen->slots[DIRECTION_OUT] = SEEN_SLOTS;
	seen_look(seen, listing, &moved);
	seen->packets = seen_all(seen->gate) - seen->before;
	/* the first of each direction is nobody's */
	seen->slots[DIRECTION_IN] = seen->slots[DIRECTION_OUT] = 1;
	for (uint32_t i = 0; i < listing->row_count; i++) {
		uint32_t slot = listing_rows(listing)[i].slot,
			 *most = &seen->slots[slot / RULE_SLOTS_PER_DIRECTION];

		slot %= RULE_SLOTS_PER_DIRECTION;
		if (slot >= SEEN_SLOTS)
			agree_fail("a rule has slot %u", slot);
		if (slot >= *most)
			*most = slot + 1;
	}
}

void seen_next(struct seen *seen, const struct listing_header *listing, struct moved *moved)
{
	uint64_t begun = agree_now();

	do {
		seen_look(seen, listing, moved);
		if (!moved->packets)
			sched_yield();
	} while (!moved->packets && agree_now() - begun < PATIENCE);
}

void seen_end(struct seen *seen)
{
	uint64_t all = seen_all(seen->gate) - seen->before;

	if (all != seen->packets)
		agree_fail("the gate has counted %llu packets, of which %llu were looked at",
			   (unsigned long long)all, (unsigned long long)seen->packets);
}
