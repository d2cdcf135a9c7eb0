/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must be true of the image of a policy, asked rule by rule in the simplest way: whatever the
 * rules say is in the maps, and nothing else.
 */
#ifndef TESTS_FUZZ_POLICY_IMAGE_H
#define TESTS_FUZZ_POLICY_IMAGE_H

#include "tests/fuzz/oracle.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

static void images_equal(const struct image *one, const struct image *other)
{
	require(!memcmp(one->generation, other->generation, sizeof(*one->generation)),
		"two generations");
	require(one->tuple_count == other->tuple_count &&
			one->prefix4_count == other->prefix4_count &&
			one->prefix6_count == other->prefix6_count,
		"two counts");
	if (one->tuple_count)
		require(!memcmp(one->tuples, other->tuples,
				one->tuple_count * sizeof(*one->tuples)),
			"two lists of tuples");
	require(!memcmp(one->prefixes4, other->prefixes4,
			one->prefix4_count * sizeof(*one->prefixes4)) &&
			!memcmp(one->prefixes6, other->prefixes6,
				one->prefix6_count * sizeof(*one->prefixes6)),
		"two lists of prefixes");
	require(one->listing->size == other->listing->size &&
			!memcmp(one->listing, other->listing, one->listing->size),
		"two listings");
}

/* ---- tuples ----------------------------------------------------------------------------------- */

static uint16_t image_roles(const struct policy_rule *rule)
{
	switch (rule->port_of) {
	case POLICY_PORT_OF_SOURCE:
		return CANDIDATE_SOURCE;
	case POLICY_PORT_OF_EITHER:
		return CANDIDATE_SOURCE | CANDIDATE_DESTINATION;
	default:
		return CANDIDATE_DESTINATION;
	}
}

static bool image_asks_more(const struct policy_rule *rule)
{
	return rule->limit.count || rule->payload != POLICY_PAYLOAD_ANY;
}

static bool rule_names(const struct policy_rule *rule, const struct tuple *key)
{
	if ((unsigned int)rule->direction != key->direction || rule->protocol != key->protocol)
		return false;
	for (size_t i = 0; i < rule->port_count; i++)
		if (key->port >= rule->ports[i].first && key->port <= rule->ports[i].last)
			return true;
	return false;
}

/* The first rule that names the tuple as `role`'s, by its slot; 0: none does. */
static unsigned int first_rule(const struct policy *policy, const struct image *image,
			       const struct tuple *key, uint16_t role)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (rule_names(&policy->rules[i], key) && image_roles(&policy->rules[i]) & role)
			return listing_rows(image->listing)[i].slot;
	return 0;
}

static void check_list(const struct policy *policy, const struct image *image,
		       const struct image_tuple *tuple)
{
	static const uint16_t roles[] = { CANDIDATE_DESTINATION, CANDIDATE_SOURCE };
	const struct generation *generation = image->generation;
	uint32_t list = generation->lists[tuple->entry & (LISTS_MAX - 1)];
	size_t first = list & LIST_FIRST_MASK, count = (list >> LIST_LENGTH_SHIFT) + 1, last = 0;

	require(count <= LIST_LENGTH_MAX && first + count <= CANDIDATES_MAX, "a list of %zu",
		count);
	for (size_t i = 0; i < count; i++) {
		uint16_t candidate = generation->candidates[first + i];
		size_t order = generation->scopes[candidate & CANDIDATE_SLOT_MASK].order;
		const struct policy_rule *rule = &policy->rules[order];

		require(order < policy->rule_count && (!i || order > last), "its order");
		require(rule_names(rule, &tuple->key), "a rule for something else");
		require(!((candidate & (CANDIDATE_DESTINATION | CANDIDATE_SOURCE)) &
			  ~image_roles(rule)),
			"whose port?");
		require(!!(candidate & CANDIDATE_EXTRA) == image_asks_more(rule), "has it more?");
		last = order;
	}
	for (size_t n = 0; n < 2; n++) {
		unsigned int wanted = first_rule(policy, image, &tuple->key, roles[n]), has = 0;

		for (size_t i = count; i-- > 0;)
			if (generation->candidates[first + i] & roles[n])
				has = generation->candidates[first + i] & CANDIDATE_SLOT_MASK;
		require(has == wanted, "slot %u is first, not %u", has, wanted);
	}
}

static void check_tuple(const struct policy *policy, const struct image *image,
			const struct image_tuple *tuple)
{
	const struct tuple *key = &tuple->key;
	unsigned int first = first_rule(policy, image, key, CANDIDATE_DESTINATION);
	const struct policy_rule *rule;

	require(tuple->entry, "an empty entry");
	if (key->protocol == 6 || key->protocol == 17)
		require(image->generation->table[(uint32_t)key->direction << TABLE_DIRECTION_SHIFT |
						 (uint32_t)(key->protocol == 17) << TABLE_UDP_SHIFT |
						 key->port] == tuple->entry,
			"the table has another entry");
	if (tuple->entry & ENTRY_LIST) {
		check_list(policy, image, tuple);
		return;
	}
	require(tuple->entry == first, "slot %u, not %u", tuple->entry, first);
	rule = &policy->rules[image->generation->scopes[first].order];
	require(rule->from.any && rule->to.any && !rule->peer_count && !image_asks_more(rule),
		"a rule that asks for more stands alone");
	require(!first_rule(policy, image, key, CANDIDATE_SOURCE), "a source's rule is lost");
}

static const struct image_tuple *find_tuple(const struct image *image, uint8_t direction,
					    uint8_t protocol, uint16_t port)
{
	for (size_t low = 0, high = image->tuple_count; low < high;) {
		size_t at = (low + high) / 2;
		const struct tuple *key = &image->tuples[at].key;
		uint32_t is = (uint32_t)key->direction << 24 | (uint32_t)key->protocol << 16 |
			      key->port;
		uint32_t wanted = (uint32_t)direction << 24 | (uint32_t)protocol << 16 | port;

		if (is == wanted)
			return &image->tuples[at];
		if (is < wanted)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

/* At the ends of each range, where stretches begin and end, and just outside. */
static void check_range(const struct policy *policy, const struct image *image,
			const struct policy_rule *rule, const struct policy_range *range)
{
	const int32_t ports[] = { range->first - 1, range->first, range->last, range->last + 1 };

	for (size_t i = 0; i < 4; i++) {
		struct tuple key = { (uint8_t)rule->direction, rule->protocol, (uint16_t)ports[i] };
		const struct image_tuple *tuple;

		if (ports[i] < 0 || ports[i] > 65535)
			continue;
		tuple = find_tuple(image, key.direction, key.protocol, key.port);
		require(!tuple == !(first_rule(policy, image, &key, CANDIDATE_DESTINATION) ||
				    first_rule(policy, image, &key, CANDIDATE_SOURCE)),
			"port %u", key.port);
		if (tuple)
			check_tuple(policy, image, tuple);
	}
}

/* ---- scopes ----------------------------------------------------------------------------------- */

/* Set `number` holds these addresses, and no others. */
static void check_set(const struct image *image, const struct policy_addresses *addresses,
		      uint16_t number)
{
	size_t next = 0;

	require(addresses->any == (number == SET_ANY), "set %u", number);
	if (addresses->any)
		return;
	for (size_t i = 0; i < image->prefix4_count; i++) {
		const struct prefix4 *prefix = &image->prefixes4[i];

		if (prefix->set != number)
			continue;
		require(next < addresses->count && addresses->list[next].family == 4 &&
				prefix->length == PREFIX_SET_BITS + addresses->list[next].bits &&
				!memcmp(&prefix->address, addresses->list[next].address, 4),
			"another address");
		next++;
	}
	for (size_t i = 0; i < image->prefix6_count; i++) {
		const struct prefix6 *prefix = &image->prefixes6[i];

		if (prefix->set != number)
			continue;
		require(next < addresses->count && addresses->list[next].family == 6 &&
				prefix->length == PREFIX_SET_BITS + addresses->list[next].bits &&
				!memcmp(prefix->address, addresses->list[next].address, 16),
			"another address");
		next++;
	}
	require(next == addresses->count, "%zu addresses of %zu", next, addresses->count);
}

static void check_extra(const struct policy_rule *rule, const struct rule_extra *extra)
{
	require(!rule->limit.count == !extra->interval, "its limit");
	if (rule->limit.count) {
		require(extra->tolerance / extra->interval == rule->limit.burst - 1 &&
				extra->tolerance % extra->interval == 0,
			"a burst of %u", rule->limit.burst);
		require(!!(extra->flags & EXTRA_PER_SOURCE) == rule->limit.per_source, "per what?");
	}
	require(!!(extra->flags & EXTRA_UDP_MEDIA) == (rule->payload == POLICY_PAYLOAD_UDP_MEDIA) &&
			!!(extra->flags & EXTRA_ENFORCE) == rule->payload_enforce,
		"its payload");
}

static void check_rule(const struct policy *policy, const struct image *image, size_t index)
{
	const struct policy_rule *rule = &policy->rules[index];
	const struct listing_row *row = &listing_rows(image->listing)[index];
	const struct rule_scope *scope = &image->generation->scopes[row->slot];

	require(row->slot % RULE_SLOTS_PER_DIRECTION &&
			row->slot / RULE_SLOTS_PER_DIRECTION == (unsigned int)rule->direction,
		"slot %u", row->slot);
	require(scope->order == index, "it is rule %u", scope->order);
	require(listing_find(image->listing, rule->name) == row, "its name is another rule's");
	require(!strcmp(listing_string(image->listing, row->name), rule->name) &&
			!strcmp(listing_string(image->listing, row->from), rule->from.text) &&
			!strcmp(listing_string(image->listing, row->to), rule->to.text) &&
			!strcmp(listing_string(image->listing, row->ports), rule->ports_text) &&
			!strcmp(listing_string(image->listing, row->note),
				rule->note ? rule->note : "") &&
			row->protocol == rule->protocol,
		"what people are shown");
	check_set(image, &rule->from, scope->from);
	check_set(image, &rule->to, scope->to);
	check_extra(rule, &image->generation->extras[row->slot]);
	require(!rule->peer_count == !scope->peers, "its peers");
	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct peer_range *peer = &image->generation->peers[scope->peers + i];

		require(peer->first == rule->peers[i].first && peer->last == rule->peers[i].last,
			"port %u to %u at the other end", peer->first, peer->last);
	}
	if (rule->peer_count)
		require(!image->generation->peers[scope->peers + rule->peer_count].last,
			"its peers don't end");
	for (size_t i = 0; i < rule->port_count; i++)
		check_range(policy, image, rule, &rule->ports[i]);
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* Reads all that a listing says, as far as it was found to be whole. */
static size_t read_listing(const struct listing_header *block)
{
	const struct listing_row *rows = listing_rows(block);
	size_t length = strlen(listing_string(block, block->policy)) +
			strlen(listing_string(block, block->description));

	for (uint32_t i = 0; i < block->row_count; i++) {
		const uint32_t strings[] = { rows[i].name, rows[i].ports, rows[i].port_of,
					     rows[i].from, rows[i].to,    rows[i].note,
					     rows[i].peers };

		for (size_t n = 0; n < sizeof(strings) / sizeof(*strings); n++)
			length += strlen(listing_string(block, strings[n]));
		require(rows[i].slot < RULE_SLOTS, "slot %u", rows[i].slot);
	}
	listing_find(block, "");
	return length;
}

/* Who reads a listing believes no byte of it that was not checked. */
static void check_damaged_listing(const struct image *image)
{
	uint64_t random = image->listing->policy_hash | 1;
	size_t size = image->listing->size;

	for (int i = 0; i < 12; i++) {
		struct listing_header *block = (void *)oracle_copy(image->listing, size, 0);
		uint8_t *bytes = (uint8_t *)block;
		uint32_t near_end;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		near_end = (uint32_t)(size + 2 - random % 8);
		if (i == 0) /* the last string doesn't end */
			bytes[size - 1] = 'x';
		else if (i < 4) /* something points to where the block ends */
			memcpy(bytes + (random >> 8) % (size / 4) * 4, &near_end, sizeof(near_end));
		else if (i < 8)
			bytes[(random >> 8) % size] = (uint8_t)random;
		else
			require(!listing_check(block, random % size), "cut short, it is whole");
		if (listing_check(block, size))
			read_listing(block);
		free(block);
	}
}

/* The table is the tuples of TCP and UDP, and else empty. */
static void check_table(const struct image *image)
{
	static uint16_t table[TABLE_ENTRIES]; /* a loop over all of it would be most of the work */

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < image->tuple_count; i++) {
			const struct tuple *key = &image->tuples[i].key;

			if (key->protocol == 6 || key->protocol == 17)
				table[(uint32_t)key->direction << TABLE_DIRECTION_SHIFT |
				      (uint32_t)(key->protocol == 17) << TABLE_UDP_SHIFT |
				      key->port] = pass ? 0 : image->tuples[i].entry;
		}
		if (!pass)
			require(!memcmp(table, image->generation->table, sizeof(table)),
				"another table");
	}
}

static void image_check(const struct policy *policy, const struct image *image)
{
	require(listing_check(image->listing, image->listing->size), "a listing that isn't whole");
	require(image->listing->row_count == policy->rule_count, "%u rows",
		image->listing->row_count);
	require(!strcmp(listing_string(image->listing, image->listing->policy), policy->name),
		"its name");
	for (size_t i = 0; i < policy->rule_count; i++)
		check_rule(policy, image, i);
	check_table(image);
	check_damaged_listing(image);
}

#endif
