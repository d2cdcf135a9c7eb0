// SPDX-License-Identifier: GPL-2.0-only
/* A case on the model and on the real programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/property/property.h"
#include "user/report/gate.h"

/*
 * Flows are forgotten between cases; what stands in the other tables has had its time by then (a bucket
 * takes four minutes to fill). Limits reckon in 64 bits of 1/16 ns, which is 36 years.
 */
#define BETWEEN_CASES (600u * PROG_HZ)
#define LATEST (20ull * 365 * 86400 * PROG_HZ)

static void flows_forget(int fd)
{
	struct flow6_key key; /* the larger of the two keys */

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

/* Slots that so few names can have, in each direction. */
#define SLOTS_WATCHED 256u

static uint64_t mismatches_read(const struct property *property)
{
	static struct rule_count rules[SLOTS_WATCHED];
	uint64_t sum = 0;

	for (uint32_t direction = 0; direction < DIRECTION_COUNT; direction++) {
		prog_read_rules(&property->prog, direction * RULE_SLOTS_PER_DIRECTION,
				SLOTS_WATCHED, rules);
		for (unsigned int i = 0; i < SLOTS_WATCHED; i++)
			sum += rules[i].payload_mismatches;
	}
	return sum;
}

void property_begin(struct property *property)
{
	property->mismatches_before = mismatches_read(property);
	property->mismatches = 0;
	flows_forget(property->prog.object.maps[MAP_FLOWS4]);
	flows_forget(property->prog.object.maps[MAP_FLOWS6]);
	property->prog.now += BETWEEN_CASES;
	if (property->prog.now > LATEST)
		prog_reset(&property->prog);
	model_reset(property->model);
}

static bool is_rules(enum outcome outcome)
{
	return outcome == OUTCOME_RULE || outcome == OUTCOME_REPLY;
}

static struct ending ending_of_model(struct property *property, const struct property_case *run,
				     const struct step *step)
{
	struct model_verdict verdict = model_judge(property->model, &run->policies[step->policy],
						   property->prog.now, step->out, step->bytes,
						   step->length);
	struct ending ending = { .outcome = verdict.outcome };

	property->mismatches += verdict.mismatch;
	if (is_rules(verdict.outcome))
		snprintf(ending.rule, sizeof(ending.rule), "%s", verdict.rule->name);
	return ending;
}

static const char *rule_name(const struct property *property, unsigned int policy, uint32_t slot)
{
	const struct listing_header *listing =
		property->prog.images[property->slots[policy]].listing;

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (listing_rows(listing)[i].slot == slot)
			return listing_string(listing, listing_rows(listing)[i].name);
	return "?";
}

static struct ending ending_of_program(struct property *property, const struct step *step,
				       unsigned int hook, unsigned int way)
{
	static struct frame_bytes frame;
	struct ending ending = { .outcome = OUTCOME_UNDECIDED };
	uint32_t decision;

	frame.out = step->out;
	frame.length = step->length;
	memcpy(frame.bytes, step->bytes, step->length);
	if (!prog_can_run(hook, &frame))
		hook = PROG_XDP;
	decision = prog_decide(&property->prog, hook, way, &frame);
	ending.outcome = DECISION_OUTCOME(decision);
	if (is_rules(ending.outcome))
		snprintf(ending.rule, sizeof(ending.rule), "%s",
			 rule_name(property, step->policy, DECISION_SLOT(decision)));
	return ending;
}

static bool ends_alike(const struct ending *a, const struct ending *b)
{
	return a->outcome == b->outcome && strcmp(a->rule, b->rule) == 0;
}

/* A packet that is dropped for what it is leaves nothing behind, and may come a second time. */
static bool leaves_nothing(enum outcome outcome)
{
	return outcome >= OUTCOME_DROP_MALFORMED && outcome <= OUTCOME_DROP_ADDRESS;
}

static bool step_differs(struct property *property, const struct property_case *run, size_t i,
			 struct difference *difference)
{
	const struct step *step = &run->steps[i];

	property->prog.now += step->wait;
	property_put_in_force(property, step->policy);
	difference->step = i;
	difference->model = ending_of_model(property, run, step);
	difference->program = ending_of_program(property, step, step->hook, step->way);
	property->packets++;
	property->endings[step->out][difference->model.outcome]++;
	if (!ends_alike(&difference->model, &difference->program))
		return true;
	if (!leaves_nothing(difference->model.outcome) || i % 4 != 0)
		return false;
	difference->program =
		ending_of_program(property, step, step->hook ^ PROG_BOTH, step->way ^ PROG_WAYS);
	return !ends_alike(&difference->model, &difference->program);
}

bool property_differs(struct property *property, const struct property_case *run,
		      struct difference *difference)
{
	memset(difference, 0, sizeof(*difference));
	property_begin(property);
	for (size_t i = 0; i < run->count; i++)
		if (step_differs(property, run, i, difference))
			return true;
	difference->step = run->count;
	difference->model_tally =
		(struct tally){ model_flow_entries(property->model), property->mismatches };
	difference->program_tally =
		(struct tally){ prog_flows(&property->prog),
				mismatches_read(property) - property->mismatches_before };
	difference->at_end = memcmp(&difference->model_tally, &difference->program_tally,
				    sizeof(struct tally)) != 0;
	return difference->at_end;
}

bool property_step(struct property *property, const struct step *step,
		   const struct ending *expected, struct ending *got)
{
	property->prog.now += step->wait;
	property_put_in_force(property, step->policy);
	*got = ending_of_program(property, step, step->hook, step->way);
	return ends_alike(got, expected);
}

bool property_try(struct property *property, const struct property_case *run,
		  struct difference *difference)
{
	char *texts[POLICIES];

	for (unsigned int i = 0; i < POLICIES; i++)
		texts[i] = policy_text(&run->policies[i]);
	property_publish(property, texts);
	for (unsigned int i = 0; i < POLICIES; i++)
		free(texts[i]);
	return property_differs(property, run, difference);
}

void property_expect(struct property *property, const struct property_case *run,
		     struct ending endings[STEPS_MAX])
{
	property_begin(property);
	for (size_t i = 0; i < run->count; i++) {
		property->prog.now += run->steps[i].wait;
		endings[i] = ending_of_model(property, run, &run->steps[i]);
	}
}

/* `blocked` is no policy's. */
enum outcome property_missing(const struct property *property)
{
	for (unsigned int i = OUTCOME_UNDECIDED + 1; i < OUTCOME_DROP_BLOCKED; i++)
		if (property->endings[DIRECTION_IN][i] + property->endings[DIRECTION_OUT][i] == 0)
			return (enum outcome)i;
	return OUTCOME_UNDECIDED;
}

void property_histogram(const struct property *property, FILE *file)
{
	uint64_t sum = 0, past = 0;

	for (unsigned int i = 1; i < OUTCOME_COUNT; i++) {
		uint64_t in = property->endings[DIRECTION_IN][i];
		uint64_t out = property->endings[DIRECTION_OUT][i];

		fprintf(file, "  %-24s %10llu in %10llu out\n",
			model_outcome_label((enum outcome)i), (unsigned long long)in,
			(unsigned long long)out);
		sum += in + out;
		if (i < OUTCOME_DROP_MALFORMED || i >= OUTCOME_DROP_FRAGMENT)
			past += in + out;
	}
	fprintf(file, "  %llu packets, %.1f %% of them without a fault; %llu policies\n",
		(unsigned long long)sum, sum ? 100.0 * (double)past / (double)sum : 0.0,
		(unsigned long long)property->publishes);
}
