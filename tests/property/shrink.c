// SPDX-License-Identifier: GPL-2.0-only
/* From a case that fails to the smallest one that fails in the same way: whatever can go, goes. */
#include <stdlib.h>
#include <string.h>

#include "tests/property/property.h"

struct shrink {
	struct property *property;
	struct property_case *best;
	struct property_case *tried;
	struct difference *difference; /* of the best */
	bool published;                /* the best's policies are in force */
	bool progress;
	bool twins; /* both policies are the same, and change together */
};

static bool same_kind(const struct difference *a, const struct difference *b)
{
	if (a->at_end || b->at_end)
		return a->at_end && b->at_end;
	return a->model.outcome == b->model.outcome && a->program.outcome == b->program.outcome;
}

/* Takes what was tried if it fails in the same way. */
static bool judge(struct shrink *shrink, bool new_policies)
{
	struct difference difference;
	bool differs;

	if (shrink->twins)
		shrink->tried->policies[1] = shrink->tried->policies[0];
	if (new_policies || !shrink->published)
		differs = property_try(shrink->property, shrink->tried, &difference);
	else
		differs = property_differs(shrink->property, shrink->tried, &difference);
	if (!differs || !same_kind(&difference, shrink->difference)) {
		shrink->published = shrink->published && !new_policies;
		return false;
	}
	*shrink->best = *shrink->tried;
	*shrink->difference = difference;
	shrink->published = true;
	shrink->progress = true;
	return true;
}

static struct property_case *attempt(struct shrink *shrink)
{
	*shrink->tried = *shrink->best;
	return shrink->tried;
}

/* ---- packets ------------------------------------------------------------------------------------- */

static void cut_tail(struct shrink *shrink)
{
	if (shrink->difference->at_end || shrink->difference->step + 1 >= shrink->best->count)
		return;
	attempt(shrink)->count = shrink->difference->step + 1;
	judge(shrink, false);
}

static void remove_steps(struct property_case *from, size_t at, size_t count)
{
	/* the time that they took still passes */
	for (size_t i = at; i < at + count && at + count < from->count; i++)
		from->steps[at + count].wait += from->steps[i].wait;
	memmove(&from->steps[at], &from->steps[at + count],
		(from->count - at - count) * sizeof(from->steps[0]));
	from->count -= count;
}

static void fewer_steps(struct shrink *shrink)
{
	for (size_t size = shrink->best->count / 2; size > 0; size /= 2) {
		for (size_t at = 0; at + size <= shrink->best->count && shrink->best->count > 1;) {
			remove_steps(attempt(shrink), at, size);
			if (!judge(shrink, false))
				at += size;
		}
	}
}

static void plainer_step(struct shrink *shrink, size_t i)
{
	struct step *best = &shrink->best->steps[i];

	if (best->wait) {
		attempt(shrink)->steps[i].wait = 0;
		if (!judge(shrink, false)) {
			attempt(shrink)->steps[i].wait /= 2;
			judge(shrink, false);
		}
	}
	if (best->hook != PROG_XDP) {
		attempt(shrink)->steps[i].hook = PROG_XDP;
		judge(shrink, false);
	}
	if (best->way != PROG_LONG) {
		attempt(shrink)->steps[i].way = PROG_LONG;
		judge(shrink, false);
	}
	if (best->policy != 0) {
		attempt(shrink)->steps[i].policy = 0;
		judge(shrink, false);
	}
}

static void shorter_step(struct shrink *shrink, size_t i)
{
	static const uint16_t less[] = { 64, 16, 4, 1 };

	for (size_t j = 0; j < sizeof(less) / sizeof(less[0]); j++) {
		while (shrink->best->steps[i].length >= 15 + less[j]) {
			attempt(shrink)->steps[i].length -= less[j];
			if (!judge(shrink, false))
				break;
		}
	}
}

static void zero_bytes(struct shrink *shrink, size_t i)
{
	for (size_t size = 16; size > 0; size /= 4) {
		for (size_t at = 0; at < shrink->best->steps[i].length; at += size) {
			struct step *step = &attempt(shrink)->steps[i];
			size_t end = at + size < step->length ? at + size : step->length;
			bool zero = true;

			for (size_t byte = at; byte < end; byte++)
				zero &= step->bytes[byte] == 0;
			if (zero)
				continue;
			memset(step->bytes + at, 0, end - at);
			judge(shrink, false);
		}
	}
}

/* ---- policies ------------------------------------------------------------------------------------ */

static void same_policies(struct shrink *shrink)
{
	for (unsigned int i = 0; i < POLICIES && !shrink->twins; i++) {
		struct property_case *tried = attempt(shrink);

		tried->policies[!i] = tried->policies[i];
		shrink->twins = judge(shrink, true);
	}
}

static void fewer_rules(struct shrink *shrink, unsigned int policy)
{
	unsigned int count = shrink->best->policies[policy].rule_count;

	for (unsigned int size = count / 2 ? count / 2 : 1; size > 0; size /= 2) {
		for (unsigned int at = 0; at + size <= shrink->best->policies[policy].rule_count &&
					  shrink->best->policies[policy].rule_count > size;) {
			struct model_policy *tried = &attempt(shrink)->policies[policy];

			memmove(&tried->rules[at], &tried->rules[at + size],
				(tried->rule_count - at - size) * sizeof(tried->rules[0]));
			tried->rule_count -= size;
			memset(&tried->rules[tried->rule_count], 0, size * sizeof(tried->rules[0]));
			if (!judge(shrink, true))
				at += size;
		}
	}
}

#define SIMPLIFICATIONS 11u

static bool shorten(unsigned int *count, unsigned int least)
{
	bool longer = *count > least;

	if (longer)
		*count = least;
	return longer;
}

/* Ranges become their first or last number. */
static bool narrow(struct model_ranges *ranges, bool to_last)
{
	bool wide = false;

	for (unsigned int i = 0; i < ranges->count; i++) {
		wide |= ranges->range[i].first != ranges->range[i].last;
		if (to_last)
			ranges->range[i].first = ranges->range[i].last;
		else
			ranges->range[i].last = ranges->range[i].first;
	}
	return wide;
}

/* One simplification of a rule; false if it changes nothing. */
static bool simplify(struct model_rule *rule, unsigned int number)
{
	struct model_rule before = *rule;

	switch (number) {
	case 0:
		return shorten(&rule->from.count, 0);
	case 1:
		return shorten(&rule->to.count, 0);
	case 2:
		memset(&rule->limit, 0, sizeof(rule->limit));
		return before.limit.count != 0;
	case 3:
		rule->payload = MODEL_PAYLOAD_ANY;
		return before.payload != MODEL_PAYLOAD_ANY;
	case 4:
		return shorten(&rule->peer_ports.count, 0);
	case 5:
		rule->port_of = MODEL_DESTINATION;
		return before.port_of != MODEL_DESTINATION;
	case 6:
		return shorten(&rule->from.count, 1);
	case 7:
		return shorten(&rule->to.count, 1);
	case 8:
		return shorten(&rule->ports.count, 1);
	default:
		return narrow(&rule->ports, number == 9);
	}
}

static struct model_rule *rule_named(struct model_policy *policy, const char *name)
{
	for (unsigned int i = 0; i < policy->rule_count; i++)
		if (strcmp(policy->rules[i].name, name) == 0)
			return &policy->rules[i];
	return NULL;
}

/* A rule of the same name in the other policy stays the same. */
static void plainer_rules(struct shrink *shrink, unsigned int policy)
{
	for (unsigned int i = 0; i < shrink->best->policies[policy].rule_count; i++) {
		for (unsigned int number = 0; number < SIMPLIFICATIONS; number++) {
			struct property_case *tried = attempt(shrink);
			struct model_rule *rule = &tried->policies[policy].rules[i], *twin;

			if (!simplify(rule, number))
				continue;
			twin = rule_named(&tried->policies[!policy], rule->name);
			if (twin)
				*twin = *rule;
			judge(shrink, true);
		}
	}
}

/* Settings become the default's, one after another. */
static void plainer_settings(struct shrink *shrink, unsigned int policy)
{
	static const struct model_timeouts usual = { 7440, 240, 300, 60, 600 };

	for (unsigned int number = 0; number < 8; number++) {
		struct model_policy *tried = &attempt(shrink)->policies[policy];
		bool *const settings[] = {
			&tried->link_control,   &tried->arp,  &tried->neighbor_discovery,
			&tried->icmp_errors,    &tried->ping, &tried->dhcp,
			&tried->fragments_track
		};

		if (number < 7) {
			bool value = settings[number] != &tried->ping;

			if (*settings[number] == value)
				continue;
			*settings[number] = value;
		} else {
			if (memcmp(&tried->timeouts, &usual, sizeof(usual)) == 0)
				continue;
			tried->timeouts = usual;
		}
		judge(shrink, true);
	}
}

void property_shrink(struct property *property, struct property_case *shrunk,
		     struct difference *difference)
{
	struct shrink shrink = { .property = property,
				 .best = shrunk,
				 .tried = malloc(sizeof(*shrunk)),
				 .difference = difference };

	if (!shrink.tried)
		abort();
	cut_tail(&shrink);
	do {
		shrink.progress = false;
		fewer_steps(&shrink);
		cut_tail(&shrink);
		for (size_t i = 0; i < shrunk->count; i++)
			plainer_step(&shrink, i);
		same_policies(&shrink);
		for (unsigned int policy = 0; policy < (shrink.twins ? 1 : POLICIES); policy++) {
			fewer_rules(&shrink, policy);
			plainer_rules(&shrink, policy);
			plainer_settings(&shrink, policy);
		}
		for (size_t i = 0; i < shrunk->count; i++) {
			shorter_step(&shrink, i);
			zero_bytes(&shrink, i);
		}
	} while (shrink.progress);
	free(shrink.tried);
	property_try(property, shrunk, difference);
}
