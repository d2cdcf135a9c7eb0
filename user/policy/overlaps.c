/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/overlaps.h"

#include "user/policy/address.h"
#include "user/policy/draft.h"

/* Steps of comparison: a second's worth. */
#define EFFORT_MAX 50000000ull

struct search {
	unsigned long long effort;
};

/* Is every port of `inner` one of `outer`? Both are sorted, and no two ranges meet. */
static bool ranges_cover(struct search *search, const struct policy_range *outer,
			 size_t outer_count, const struct policy_range *inner, size_t inner_count)
{
	size_t o = 0;

	if (inner[0].first < outer[0].first ||
	    inner[inner_count - 1].last > outer[outer_count - 1].last)
		return false;
	for (size_t i = 0; i < inner_count; i++) {
		while (outer[o].last < inner[i].first) {
			o++; /* the last range reaches far enough: that was looked at first */
			search->effort++;
		}
		search->effort++;
		if (outer[o].first > inner[i].first || outer[o].last < inner[i].last)
			return false;
	}
	return true;
}

/* Is every port of the other end that `inner` takes one that `outer` takes? */
static bool peers_cover(struct search *search, const struct policy_rule *outer,
			const struct policy_rule *inner)
{
	static const struct policy_range all = { 1, 65535 };

	if (!outer->peer_count)
		return true;
	if (!inner->peer_count)
		return ranges_cover(search, outer->peers, outer->peer_count, &all, 1);
	return ranges_cover(search, outer->peers, outer->peer_count, inner->peers,
			    inner->peer_count);
}

static bool ports_cover(struct search *search, const struct policy_rule *outer,
			const struct policy_rule *inner)
{
	if (!peers_cover(search, outer, inner))
		return false;
	return ranges_cover(search, outer->ports, outer->port_count, inner->ports,
			    inner->port_count);
}

/*
 * Is every prefix of `inner` within one of `outer`? Both are sorted such that what contains others
 * stands before them, and prefixes lie in each other or apart; so of those of `outer` that begin at
 * or before a prefix only the last outermost one can contain it. Two halves that make a whole are
 * not put together: what is missed then is a warning.
 */
static bool addresses_cover(struct search *search, const struct policy_addresses *outer,
			    const struct policy_addresses *inner)
{
	const struct policy_prefix *last = NULL;
	size_t o = 0;

	if (outer->any)
		return true;
	if (inner->any)
		return false;
	if (outer->list == inner->list)
		return true;
	for (size_t i = 0; i < inner->count; i++) {
		for (; o < outer->count; o++) {
			if (address_compare(&outer->list[o], &inner->list[i]) > 0)
				break;
			if (!last || !address_contains(last, &outer->list[o]))
				last = &outer->list[o];
			search->effort++;
		}
		search->effort++;
		if (!last || !address_contains(last, &inner->list[i]))
			return false;
	}
	return true;
}

static bool takes_all(struct search *search, const struct policy_rule *earlier,
		      const struct policy_rule *later)
{
	search->effort++;
	if (earlier->direction != later->direction || earlier->protocol != later->protocol)
		return false;
	if (earlier->port_of != later->port_of && earlier->port_of != POLICY_PORT_OF_EITHER)
		return false;
	return ports_cover(search, earlier, later) &&
	       addresses_cover(search, &earlier->from, &later->from) &&
	       addresses_cover(search, &earlier->to, &later->to);
}

void overlaps_warn(const struct policy *policy, struct diags *diags)
{
	struct search search = { 0 };

	for (size_t i = 1; i < policy->rule_count; i++) {
		const struct policy_rule *later = &policy->rules[i];

		for (size_t j = 0; j < i; j++) {
			const struct policy_rule *earlier = &policy->rules[j];

			if (search.effort > EFFORT_MAX) {
				diag_warning(
					diags, NULL, policy->name,
					"too large to look for all rules that can never match");
				return;
			}
			if (!takes_all(&search, earlier, later))
				continue;
			diag_warning(diags, &later->place, NULL,
				     "rule '%s' can never match: '%s' at " PLACE_FORMAT
				     " takes all of its packets",
				     later->name, earlier->name, PLACE_ARGUMENTS(&earlier->place));
			diag_hint(diags, "put the narrower rule first, or leave it out");
			break;
		}
	}
}
