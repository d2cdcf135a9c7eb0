// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges to tuples. For each protocol and direction the ports are walked once from left to right,
 * stretch by stretch in which the same rules apply; each stretch has one entry, and equal candidate
 * lists are kept once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/image/internal.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

/* Where a rule begins or ceases to apply. */
struct edge {
	uint32_t port;
	uint32_t rule; /* index in the policy */
	bool begins;
};

/* The rules that apply to a stretch, by index, in file order. */
struct stretch {
	uint32_t rules[LIST_LENGTH_MAX];
	size_t count;
};

struct tuples {
	const struct policy *policy;
	const uint16_t *slots;
	struct image *image;
	struct diags *diags;
	size_t lists;
	size_t candidates;
	int32_t *heads; /* of the hash chains over lists, -1: empty */
	int32_t *nexts;
};

#define HEADS 8192u

static void tuples_free(struct tuples *tuples)
{
	free(tuples->heads);
	free(tuples->nexts);
}

static int edge_compare(const void *one, const void *two)
{
	const struct edge *a = one, *b = two;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return (int)a->begins - (int)b->begins;
}

static uint16_t tuples_roles(const struct policy_rule *rule)
{
	switch (rule->port_of) {
	case POLICY_PORT_OF_SOURCE:
		return CANDIDATE_SOURCE;
	case POLICY_PORT_OF_EITHER:
		return CANDIDATE_DESTINATION | CANDIDATE_SOURCE;
	case POLICY_PORT_OF_DESTINATION:
		break;
	}
	return CANDIDATE_DESTINATION;
}

/* The candidates of a stretch, without those that an earlier rule for any address hides. */
static size_t tuples_candidates(const struct tuples *tuples, const struct stretch *stretch,
				uint16_t *list)
{
	uint16_t hidden = 0;
	size_t count = 0;

	for (size_t i = 0; i < stretch->count; i++) {
		const struct policy_rule *rule = &tuples->policy->rules[stretch->rules[i]];
		uint16_t roles = tuples_roles(rule) & (uint16_t)~hidden;

		if (!roles)
			continue;
		list[count++] = tuples->slots[stretch->rules[i]] | roles |
				(rule_has_extra(rule) ? CANDIDATE_EXTRA : 0);
		if (rule_takes_all(rule))
			hidden |= roles;
	}
	return count;
}

static bool tuples_list_equals(const struct generation *generation, uint32_t at,
			       const uint16_t *list, size_t count)
{
	uint32_t head = generation->lists[at];

	return (head >> LIST_LENGTH_SHIFT) + 1 == count &&
	       memcmp(&generation->candidates[head & LIST_FIRST_MASK], list,
		      count * sizeof(*list)) == 0;
}

/* The number of a candidate list, kept once. */
static int tuples_list(struct tuples *tuples, const struct policy_rule *rule, const uint16_t *list,
		       size_t count, uint16_t *entry)
{
	struct generation *generation = tuples->image->generation;
	int32_t *head = &tuples->heads[hash_add(HASH_START, list, count * sizeof(*list)) % HEADS];

	for (int32_t at = *head; at >= 0; at = tuples->nexts[at]) {
		if (tuples_list_equals(generation, (uint32_t)at, list, count)) {
			*entry = (uint16_t)(ENTRY_LIST | (uint32_t)at);
			return 0;
		}
	}
	if (tuples->lists == LISTS_MAX || tuples->candidates + count > CANDIDATES_MAX) {
		diag_policy(tuples->diags, &rule->place,
			    "too many different overlaps of ports: more than %u", LISTS_MAX);
		diag_hint(tuples->diags, "let rules name the same port ranges where they can");
		return -EINVAL;
	}
	memcpy(&generation->candidates[tuples->candidates], list, count * sizeof(*list));
	generation->lists[tuples->lists] = (uint32_t)tuples->candidates |
					   (uint32_t)(count - 1) << LIST_LENGTH_SHIFT;
	tuples->nexts[tuples->lists] = *head;
	*head = (int32_t)tuples->lists;
	*entry = (uint16_t)(ENTRY_LIST | tuples->lists);
	tuples->lists++;
	tuples->candidates += count;
	return 0;
}

static int tuples_entry(struct tuples *tuples, const struct stretch *stretch, uint16_t *entry)
{
	const struct policy_rule *first = &tuples->policy->rules[stretch->rules[0]];
	uint16_t list[LIST_LENGTH_MAX];
	size_t count = tuples_candidates(tuples, stretch, list);

	if (count == 1 && rule_takes_all(first) && !rule_has_extra(first) &&
	    tuples_roles(first) == CANDIDATE_DESTINATION) {
		*entry = list[0] & CANDIDATE_SLOT_MASK;
		return 0;
	}
	return tuples_list(tuples, first, list, count, entry);
}

/* All ports of a stretch, `first` to before `end`. */
static int tuples_emit(struct tuples *tuples, uint8_t direction, uint8_t protocol, uint32_t first,
		       uint32_t end, const struct stretch *stretch)
{
	struct image *image = tuples->image;
	uint16_t entry;
	int error;

	if (stretch->count == 0 || first == end)
		return 0;
	error = tuples_entry(tuples, stretch, &entry);
	if (error)
		return error;
	for (uint32_t port = first; port < end; port++) {
		struct image_tuple *tuple = array_add(&image->tuples, &image->tuple_count);

		if (!tuple)
			return diag_system(tuples->diags, ENOMEM, "compile the policy",
					   "its ports need memory");
		tuple->key = (struct tuple){ direction, protocol, (uint16_t)port };
		tuple->entry = entry;
		if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
			image->generation
				->table[(uint32_t)direction << TABLE_DIRECTION_SHIFT |
					(uint32_t)(protocol == PROTOCOL_UDP) << TABLE_UDP_SHIFT |
					port] = entry;
	}
	return 0;
}

/* A rule begins or ceases; the stretch stays in file order. */
static int stretch_change(struct tuples *tuples, struct stretch *stretch, const struct edge *edge)
{
	const struct policy_rule *rule = &tuples->policy->rules[edge->rule];
	size_t at = 0;

	while (at < stretch->count && stretch->rules[at] < edge->rule)
		at++;
	if (!edge->begins) {
		memmove(&stretch->rules[at], &stretch->rules[at + 1],
			(stretch->count - at - 1) * sizeof(*stretch->rules));
		stretch->count--;
		return 0;
	}
	if (stretch->count == LIST_LENGTH_MAX) {
		diag_policy(tuples->diags, &rule->place, "more than %u rules on one port (%u)",
			    LIST_LENGTH_MAX, edge->port);
		diag_hint(tuples->diags, "merge rules that differ only in addresses");
		return -EINVAL;
	}
	memmove(&stretch->rules[at + 1], &stretch->rules[at],
		(stretch->count - at) * sizeof(*stretch->rules));
	stretch->rules[at] = edge->rule;
	stretch->count++;
	return 0;
}

static int tuples_walk(struct tuples *tuples, uint8_t direction, uint8_t protocol,
		       const struct edge *edges, size_t count)
{
	struct stretch stretch = { .count = 0 };
	uint32_t first = 0;
	int error;

	for (size_t i = 0; i < count;) {
		uint32_t port = edges[i].port;

		error = tuples_emit(tuples, direction, protocol, first, port, &stretch);
		if (error)
			return error;
		/* what ceases here makes room for what begins here */
		for (size_t n = i; n < count && edges[n].port == port; n++)
			if (!edges[n].begins)
				stretch_change(tuples, &stretch, &edges[n]);
		for (; i < count && edges[i].port == port; i++) {
			error = edges[i].begins ? stretch_change(tuples, &stretch, &edges[i]) : 0;
			if (error)
				return error;
		}
		first = port;
	}
	return 0; /* the last edge is an end: nothing applies behind it */
}

static int tuples_edges(const struct tuples *tuples, uint8_t direction, uint8_t protocol,
			struct edge **edges, size_t *count)
{
	for (size_t i = 0; i < tuples->policy->rule_count; i++) {
		const struct policy_rule *rule = &tuples->policy->rules[i];

		if ((uint8_t)rule->direction != direction || rule->protocol != protocol)
			continue;
		for (size_t n = 0; n < rule->port_count; n++) {
			struct edge *edge = array_add(edges, count);

			if (!edge)
				return -ENOMEM;
			*edge = (struct edge){ rule->ports[n].first, (uint32_t)i, true };
			edge = array_add(edges, count);
			if (!edge)
				return -ENOMEM;
			*edge = (struct edge){ rule->ports[n].last + 1u, (uint32_t)i, false };
		}
	}
	return 0;
}

int tuples_compile(const struct policy *policy, const uint16_t *slots, struct image *image,
		   struct diags *diags)
{
	cleanup(tuples_free) struct tuples tuples = {
		.policy = policy,
		.slots = slots,
		.image = image,
		.diags = diags,
	};

	tuples.heads = malloc(HEADS * sizeof(*tuples.heads));
	tuples.nexts = malloc(LISTS_MAX * sizeof(*tuples.nexts));
	if (!tuples.heads || !tuples.nexts)
		return diag_system(diags, ENOMEM, "compile the policy", "its lists need memory");
	for (size_t i = 0; i < HEADS; i++)
		tuples.heads[i] = -1;
	for (unsigned int direction = 0; direction < DIRECTION_COUNT; direction++) {
		for (unsigned int protocol = 0; protocol < 256; protocol++) {
			autofree struct edge *edges = NULL;
			size_t count = 0;
			int error;

			if (tuples_edges(&tuples, (uint8_t)direction, (uint8_t)protocol, &edges,
					 &count))
				return diag_system(diags, ENOMEM, "compile the policy",
						   "its ports need memory");
			if (!count)
				continue;
			qsort(edges, count, sizeof(*edges), edge_compare);
			error = tuples_walk(&tuples, (uint8_t)direction, (uint8_t)protocol, edges,
					    count);
			if (error)
				return error;
		}
	}
	return 0;
}
