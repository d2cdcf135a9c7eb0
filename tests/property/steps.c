// SPDX-License-Identifier: GPL-2.0-only
/* Rows of packets. */
#include <string.h>

#include "tests/property/make.h"

#define TALKS_MAX 6u

static uint32_t make_wait(struct random *random, const struct model_policy *policy)
{
	static const uint32_t seconds[] = { 1, 5, 29, 30, 31, 59, 60, 61 };
	const uint32_t timeouts[] = { policy->timeouts.tcp, policy->timeouts.tcp_transitory,
				      policy->timeouts.udp, policy->timeouts.icmp,
				      policy->timeouts.other };
	uint32_t wait;

	if (random_chance(random, 80))
		return 0;
	if (random_chance(random, 70))
		return 1 + random_below(random, 400);
	wait = MODEL_HZ * (random_chance(random, 50) ? random_pick(random, seconds) :
						       random_pick(random, timeouts));
	/* just before, then, and just after */
	return wait + random_below(random, 3) - 1;
}

/* Which hook and way: one for the whole row, or any. */
static void make_paths(struct random *random, struct property_case *made)
{
	bool same = random_chance(random, 30);
	uint8_t hook = random_chance(random, 50) ? PROG_XDP : PROG_TC;
	uint8_t way = random_chance(random, 50) ? PROG_SHORT : PROG_LONG;

	for (size_t i = 0; i < made->count; i++) {
		if (!same) {
			hook = random_chance(random, 50) ? PROG_XDP : PROG_TC;
			way = random_chance(random, 50) ? PROG_SHORT : PROG_LONG;
		}
		made->steps[i].hook = hook;
		made->steps[i].way = way;
	}
}

static size_t make_some(struct random *random, struct property_case *made, size_t at,
			struct talk *talk)
{
	struct step *step = &made->steps[at];
	uint32_t kind = random_below(random, 100);

	if (kind < 10) {
		chatter_step(random, step);
	} else if (kind < 24 && at > 0) {
		error_step(random, &made->steps[at - 1 - random_below(random, at < 8 ? at : 8)],
			   step);
	} else if (kind < 30 && at > 0) {
		*step = made->steps[random_below(random, (uint32_t)at)];
		if (random_chance(random, 60))
			turn_step(step);
	} else if (kind < 40) {
		return talk_fragments(random, talk, step, STEPS_MAX - at);
	} else {
		talk_step(random, talk, step);
	}
	return 1;
}

void make_steps(struct random *random, struct property_case *made)
{
	struct talk talks[TALKS_MAX];
	uint32_t talk_count = 1 + random_below(random, TALKS_MAX), mutations;
	size_t wanted = 2 + random_below(random, STEPS_MAX - 2);
	uint8_t policy = (uint8_t)random_below(random, POLICIES);

	memset(made->steps, 0, sizeof(made->steps));
	made->count = 0;
	mutations = random_chance(random, 30) ? 0 : random_below(random, 40);
	for (uint32_t i = 0; i < talk_count; i++)
		talk_make(random, &made->policies[policy], &talks[i]);
	while (made->count < wanted) {
		struct talk *talk = &talks[random_below(random, talk_count)];
		size_t count = make_some(random, made, made->count, talk);

		if (random_chance(random, 3))
			policy = !policy;
		for (size_t i = made->count; i < made->count + count; i++) {
			made->steps[i].wait = make_wait(random, &made->policies[policy]);
			made->steps[i].policy = policy;
			if (random_chance(random, mutations) && made->steps[i].length >= 16)
				mutate_step(random, &made->steps[i]);
		}
		made->count += count;
		if (random_chance(random, 3))
			talk_make(random, &made->policies[policy], talk);
	}
	make_paths(random, made);
}
