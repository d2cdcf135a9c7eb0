// SPDX-License-Identifier: GPL-2.0-only
/* One run, and what tables and stories make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/kernel/state.h"
#include "user/report/gate.h"

#define NO_DECISION 0xffffffffu
#define TC_LEAST 15u /* BPF_PROG_TEST_RUN refuses what is shorter, and what is longer */
#define TC_MOST 3999u
#define WATCHED 32u /* slots of a direction */

bool prog_can_run(unsigned int hook, const struct frame_bytes *frame)
{
	unsigned int ethertype = (unsigned int)frame->bytes[12] << 8 | frame->bytes[13];

	if (hook == PROG_XDP)
		return frame->length >= 14;
	/* newer kernels want a whole IP header */
	return frame->length >= TC_LEAST && frame->length <= TC_MOST &&
	       !(ethertype == 0x0800 && frame->length < 34) &&
	       !(ethertype == 0x86dd && frame->length < 54);
}

static int run_program(struct prog *prog, unsigned int hook, const struct frame_bytes *frame)
{
	const int *programs = hook == PROG_XDP ? prog->object.xdp : prog->object.tc;
	struct __sk_buff skb = { .gso_size = frame->gso_size, .gso_segs = frame->gso_segs };
	struct xdp_md xdp = { .data_end = frame->head };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = 1);

	if (hook == PROG_TC && frame->gso_size) {
		run.ctx_in = &skb;
		run.ctx_size_in = sizeof(skb);
	}
	if (hook == PROG_XDP && frame->head) {
		run.ctx_in = &xdp;
		run.ctx_size_in = sizeof(xdp);
	}
	if (bpf_prog_test_run_opts(programs[frame->out ? DIRECTION_OUT : DIRECTION_IN], &run))
		fail_msg("cannot run a frame of %zu bytes: %s", frame->length, strerror(errno));
	return (int)run.retval;
}

/* Gives the action; the decision is left in `test`. */
static int run_once(struct prog *prog, unsigned int hook, unsigned int way,
		    const struct frame_bytes *frame, struct testrun *test)
{
	int fd = prog->object.maps[MAP_TESTRUN], action;
	uint32_t zero = 0;

	*test = (struct testrun){ .now = prog->now,
				  .frame_len = prog->frame_len,
				  .decision = NO_DECISION,
				  .flags = way == PROG_LONG ? TESTRUN_LONG_WAY : 0 };
	if (bpf_map_update_elem(fd, &zero, test, BPF_ANY))
		fail_msg("cannot set the clock");
	action = run_program(prog, hook, frame);
	if (bpf_map_lookup_elem(fd, &zero, test))
		fail_msg("cannot read the decision");
	return action;
}

uint32_t prog_decide(struct prog *prog, unsigned int hook, unsigned int way,
		     const struct frame_bytes *frame)
{
	struct testrun test;

	run_once(prog, hook, way, frame, &test);
	prog->packets++;
	return test.decision;
}

/* ---- agreement --------------------------------------------------------------------------------- */

/* The one counter that moved. */
struct moved {
	unsigned int counters; /* how many did */
	enum outcome outcome;
	unsigned int slot; /* of a rule, or the direction */
	struct count by;
};

static void moved_compare(struct moved *moved, const struct count *before,
			  const struct count *after, enum outcome outcome, unsigned int slot)
{
	if (before->packets == after->packets && before->bytes == after->bytes)
		return;
	moved->counters++;
	moved->outcome = outcome;
	moved->slot = slot;
	moved->by.packets = after->packets - before->packets;
	moved->by.bytes = after->bytes - before->bytes;
}

static void moved_rule(struct prog *prog, uint32_t slot, const struct rule_count *now,
		       struct moved *moved)
{
	moved_compare(moved, &prog->rules[slot].forward, &now->forward, OUTCOME_RULE, slot);
	moved_compare(moved, &prog->rules[slot].reply, &now->reply, OUTCOME_REPLY, slot);
	prog->rules[slot] = *now;
}

static bool is_rules(enum outcome outcome)
{
	return outcome == OUTCOME_RULE || outcome == OUTCOME_REPLY;
}

/*
 * Watched are the first slots of each direction, which a policy of as many rules has, the slot that was
 * decided for, and all outcomes: to read every slot each time takes a millisecond. What moves elsewhere
 * is missed in the sum (prog_check_sum()).
 */
static void moved_read(struct prog *prog, uint32_t decision, struct moved *moved)
{
	struct rule_count rules[WATCHED], one;
	struct count outcomes[OUTCOME_COUNTERS];
	uint32_t slot = DECISION_SLOT(decision);

	memset(moved, 0, sizeof(*moved));
	for (uint32_t direction = 0; direction < DIRECTION_COUNT; direction++) {
		uint32_t first = direction * RULE_SLOTS_PER_DIRECTION;

		prog_read_rules(prog, first, WATCHED, rules);
		for (uint32_t i = 0; i < WATCHED; i++)
			moved_rule(prog, first + i, &rules[i], moved);
	}
	if (is_rules(DECISION_OUTCOME(decision)) && slot < RULE_SLOTS &&
	    slot % RULE_SLOTS_PER_DIRECTION >= WATCHED) {
		prog_read_rules(prog, slot, 1, &one);
		moved_rule(prog, slot, &one, moved);
	}
	prog_read_outcomes(prog, outcomes);
	for (unsigned int i = 0; i < OUTCOME_COUNTERS; i++)
		moved_compare(moved, &prog->outcomes[i], &outcomes[i],
			      (enum outcome)(i % OUTCOME_COUNT), i / OUTCOME_COUNT);
	memcpy(prog->outcomes, outcomes, sizeof(outcomes));
}

static const char *rule_name(const struct prog *prog, unsigned int slot)
{
	struct state state = state_unpack(state_read(prog->word));
	const struct listing_header *listing = prog->images[state_judges_by(&state)].listing;

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (listing_rows(listing)[i].slot == slot)
			return listing_string(listing, listing_rows(listing)[i].name);
	return "(no rule of the live policy)";
}

/* Does what is dropped pass all the same? Spec 3.9. */
static bool lets_pass(const struct state *state, uint32_t decision)
{
	if (state->emergency == EMERGENCY_BLOCK)
		return decision & DECISION_SPARED;
	return state->emergency == EMERGENCY_OPEN || state->mode == MODE_MONITOR;
}

static bool agrees(const struct prog_verdict *verdict, const struct moved *moved,
		   const struct count *weight, bool out, bool lenient)
{
	bool pass = report_outcome_class(verdict->outcome) != OUTCOME_CLASS_DROP;
	unsigned int slot = is_rules(verdict->outcome) ? DECISION_SLOT(verdict->decision) : out;

	if (moved->counters != 1) {
		print_error("%u counters moved\n", moved->counters);
		return false;
	}
	if (moved->outcome != verdict->outcome || moved->slot != slot) {
		print_error("decided %s (%u), counted %s (%u)\n",
			    report_outcome_label(verdict->outcome), slot,
			    report_outcome_label(moved->outcome), moved->slot);
		return false;
	}
	if (moved->by.packets != weight->packets || moved->by.bytes != weight->bytes) {
		print_error("counted %llu packets of %llu bytes, not %llu of %llu\n",
			    (unsigned long long)moved->by.packets,
			    (unsigned long long)moved->by.bytes,
			    (unsigned long long)weight->packets, (unsigned long long)weight->bytes);
		return false;
	}
	if (verdict->passed != (pass || lenient)) {
		print_error("decided %s, but the action is to %s\n",
			    report_outcome_label(verdict->outcome),
			    verdict->passed ? "pass" : "drop");
		return false;
	}
	return true;
}

bool prog_run(struct prog *prog, unsigned int hook, unsigned int way,
	      const struct frame_bytes *frame, const struct count *weight,
	      struct prog_verdict *verdict)
{
	const struct count one = { 1, frame->length };
	struct moved moved;
	struct testrun test;
	int action = run_once(prog, hook, way, frame, &test);
	/* the packet may have made a rollback final: it is judged by what it left */
	const struct state state = state_unpack(state_read(prog->word));

	verdict->passed = action == (hook == PROG_XDP ? XDP_PASS : TC_ACT_UNSPEC);
	if (!verdict->passed && action != (hook == PROG_XDP ? XDP_DROP : TC_ACT_REDIRECT)) {
		print_error("action %d is none of ours\n", action);
		return false;
	}
	verdict->decision = test.decision;
	verdict->outcome = DECISION_OUTCOME(test.decision);
	verdict->rule = "";
	moved_read(prog, test.decision, &moved);
	if (state_judges_by(&state) == SLOT_NONE) {
		verdict->outcome = OUTCOME_UNDECIDED;
		return test.decision == NO_DECISION && moved.counters == 0 && verdict->passed;
	}
	if (!weight)
		weight = &one;
	prog->packets += weight->packets;
	if (verdict->outcome == OUTCOME_UNDECIDED || verdict->outcome >= OUTCOME_COUNT) {
		print_error("decision %#x is none\n", test.decision);
		return false;
	}
	if (is_rules(verdict->outcome))
		verdict->rule = rule_name(prog, DECISION_SLOT(test.decision));
	return agrees(verdict, &moved, weight, frame->out, lets_pass(&state, verdict->decision));
}
