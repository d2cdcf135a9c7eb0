// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counter slots. A rule whose name stays keeps its slot, and so its counts. A slot is not given to
 * another rule while a kept generation names the one that has it; what it had counted before becomes
 * the new rule's baseline, so that no counter is ever set back and a kill loses nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/image/internal.h"

/* The row that keeps `rule`'s slot: the same name in the same direction. The live one comes first. */
static const struct listing_row *slots_kept(const struct image_running *running,
					    const struct policy_rule *rule)
{
	for (size_t i = 0; i < 2; i++) {
		const struct listing_row *row;

		if (!running->kept[i])
			continue;
		row = listing_find(running->kept[i], rule->name);
		if (row && row->direction == (uint8_t)rule->direction)
			return row;
	}
	return NULL;
}

static bool slots_has_counted(const struct image_running *running, unsigned int slot)
{
	static const struct rule_count zero;

	return running->counts && memcmp(&running->counts[slot], &zero, sizeof(zero)) != 0;
}

/* A free slot of the direction: one that has never counted if there is one. 0: none is free. */
static unsigned int slots_free(const struct image_running *running, const bool *taken,
			       enum policy_direction direction)
{
	unsigned int first = (unsigned int)direction * RULE_SLOTS_PER_DIRECTION + 1;
	unsigned int used = 0;

	for (unsigned int slot = first; slot < first + RULE_SLOTS_PER_DIRECTION - 1; slot++) {
		if (taken[slot])
			continue;
		if (!slots_has_counted(running, slot))
			return slot;
		if (!used)
			used = slot;
	}
	return used;
}

int slots_assign(const struct policy *policy, const struct image_running *running, uint16_t **slots,
		 struct diags *diags)
{
	autofree uint16_t *assigned = calloc(policy->rule_count + 1, sizeof(*assigned));
	autofree bool *taken = calloc(RULE_SLOTS, sizeof(*taken));

	if (!assigned || !taken)
		return diag_system(diags, ENOMEM, "compile the policy", "its rules need memory");
	for (size_t i = 0; i < 2; i++)
		for (size_t n = 0; running->kept[i] && n < running->kept[i]->row_count; n++)
			taken[listing_rows(running->kept[i])[n].slot] = true;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct listing_row *row = slots_kept(running, &policy->rules[i]);

		if (row)
			assigned[i] = row->slot;
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (assigned[i])
			continue;
		assigned[i] = (uint16_t)slots_free(running, taken, policy->rules[i].direction);
		if (!assigned[i]) {
			diag_policy(diags, &policy->rules[i].place,
				    "too many rules: no counter is left for '%s'",
				    policy->rules[i].name);
			diag_hint(diags,
				  "the live and the former policy keep theirs, %u a direction "
				  "in all; apply once with fewer new names",
				  RULE_SLOTS_PER_DIRECTION - 1);
			return -EINVAL;
		}
		taken[assigned[i]] = true;
	}
	*slots = take_pointer(&assigned);
	return 0;
}
