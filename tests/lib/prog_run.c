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
#include "user/kernel/gate.h"
#include "user/kernel/state.h"
#include "user/report/gate.h"

#define NO_DECISION 0xffffffffu
#define TC_LEAST 15u /* BPF_PROG_TEST_RUN refuses what is shorter, and what is longer */
#define TC_MOST 3999u

bool prog_can_run(unsigned int hook, size_t length)
{
	return hook == PROG_XDP ? length >= 14 : length >= TC_LEAST && length <= TC_MOST;
}

static int run_program(struct prog *prog, unsigned int hook, const struct frame_bytes *frame)
{
	const int *programs = hook == PROG_XDP ? prog->object.xdp : prog->object.tc;
	struct __sk_buff skb = { .gso_size = frame->gso_size, .gso_segs = frame->gso_segs };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = 1);

	if (hook == PROG_TC && frame->gso_size) {
		run.ctx_in = &skb;
		run.ctx_size_in = sizeof(skb);
	}
	if (bpf_prog_test_run_opts(programs[frame->out ? DIRECTION_OUT : DIRECTION_IN], &run))
		fail_msg("cannot run a frame of %zu bytes: %s", frame->length, strerror(errno));
	return (int)run.retval;
}

/* Gives the action; the decision is left in `test`. */
static int run_once(struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
		    struct testrun *test)
{
	int fd = prog->object.maps[MAP_TESTRUN], action;
	uint32_t zero = 0;

	*test = (struct testrun){ prog->now, prog->frame_len, NO_DECISION };
	if (bpf_map_update_elem(fd, &zero, test, BPF_ANY))
		fail_msg("cannot set the clock");
	action = run_program(prog, hook, frame);
	if (bpf_map_lookup_elem(fd, &zero, test))
		fail_msg("cannot read the decision");
	return action;
}

uint32_t prog_decide(struct prog *prog, unsigned int hook, const struct frame_bytes *frame)
{
	struct testrun test;

	run_once(prog, hook, frame, &test);
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

static void moved_read(struct prog *prog, struct moved *moved)
{
	cleanup(gate_free_counts) struct gate_counts counts = { 0 };
	struct gate gate = GATE_CLOSED;

	memset(moved, 0, sizeof(*moved));
	memcpy(gate.maps, prog->object.maps, sizeof(gate.maps));
	if (gate_read_counts(&gate, &counts))
		fail_msg("cannot read the counters");
	for (unsigned int i = 0; i < RULE_SLOTS; i++) {
		moved_compare(moved, &prog->rules[i].forward, &counts.rules[i].forward,
			      OUTCOME_RULE, i);
		moved_compare(moved, &prog->rules[i].reply, &counts.rules[i].reply, OUTCOME_REPLY,
			      i);
	}
	for (unsigned int i = 0; i < OUTCOME_COUNTERS; i++)
		moved_compare(moved, &prog->outcomes[i], &counts.outcomes[i],
			      (enum outcome)(i % OUTCOME_COUNT), i / OUTCOME_COUNT);
	memcpy(prog->rules, counts.rules, RULE_SLOTS * sizeof(*prog->rules));
	memcpy(prog->outcomes, counts.outcomes, OUTCOME_COUNTERS * sizeof(*prog->outcomes));
}

static const char *rule_name(const struct prog *prog, unsigned int slot)
{
	struct state state = state_unpack(state_read(prog->word));
	const struct listing_header *listing = prog->images[state.live].listing;

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (listing_rows(listing)[i].slot == slot)
			return listing_string(listing, listing_rows(listing)[i].name);
	return "(no rule of the live policy)";
}

static bool is_rules(enum outcome outcome)
{
	return outcome == OUTCOME_RULE || outcome == OUTCOME_REPLY;
}

static bool agrees(const struct prog_verdict *verdict, const struct moved *moved,
		   const struct count *weight, bool out, bool monitor)
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
	if (verdict->passed != (pass || monitor)) {
		print_error("decided %s, but the action is to %s\n",
			    report_outcome_label(verdict->outcome),
			    verdict->passed ? "pass" : "drop");
		return false;
	}
	return true;
}

bool prog_run(struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
	      const struct count *weight, struct prog_verdict *verdict)
{
	const struct count one = { 1, frame->length };
	struct state state = state_unpack(state_read(prog->word));
	struct moved moved;
	struct testrun test;
	int action = run_once(prog, hook, frame, &test);

	verdict->passed = action == (hook == PROG_XDP ? XDP_PASS : TC_ACT_UNSPEC);
	if (!verdict->passed && action != (hook == PROG_XDP ? XDP_DROP : TC_ACT_SHOT)) {
		print_error("action %d is none of ours\n", action);
		return false;
	}
	verdict->decision = test.decision;
	verdict->outcome = DECISION_OUTCOME(test.decision);
	verdict->rule = "";
	moved_read(prog, &moved);
	if (state.live == SLOT_NONE) {
		verdict->outcome = OUTCOME_UNDECIDED;
		return test.decision == NO_DECISION && moved.counters == 0 && verdict->passed;
	}
	if (!weight)
		weight = &one;
	prog->packets += moved.by.packets;
	if (verdict->outcome == OUTCOME_UNDECIDED || verdict->outcome >= OUTCOME_COUNT) {
		print_error("decision %#x is none\n", test.decision);
		return false;
	}
	if (is_rules(verdict->outcome))
		verdict->rule = rule_name(prog, DECISION_SLOT(test.decision));
	return agrees(verdict, &moved, weight, frame->out, state.mode == MODE_MONITOR);
}

/* ---- expectations ------------------------------------------------------------------------------ */

static bool try_frame(struct prog *prog, const char *words, const struct frame_bytes *frame,
		      enum outcome outcome, const char *rule)
{
	unsigned int hooks = prog->hooks[frame->out ? DIRECTION_OUT : DIRECTION_IN], tried = 0;
	bool good = true;

	for (unsigned int hook = PROG_XDP; hook <= PROG_TC; hook <<= 1) {
		struct prog_verdict verdict;
		bool agreed;

		if (!(hooks & hook) || !prog_can_run(hook, frame->length))
			continue;
		tried++;
		agreed = prog_run(prog, hook, frame, NULL, &verdict);
		if (agreed && verdict.outcome == outcome && strcmp(verdict.rule, rule ?: "") == 0)
			continue;
		print_error("%s: %s: expected %s %s, got %s %s\n", hook == PROG_XDP ? "xdp" : "tc",
			    words, report_outcome_label(outcome), rule ?: "",
			    verdict.outcome < OUTCOME_COUNT ?
				    report_outcome_label(verdict.outcome) :
				    "?",
			    verdict.rule);
		good = false;
	}
	if (!tried)
		print_error("%s: no hook takes it\n", words);
	return good && tried;
}

static bool try_words(struct prog *prog, const char *words, enum outcome outcome, const char *rule)
{
	autofree struct frame_bytes *frame = malloc(sizeof(*frame));
	char varied[FRAME_TEXT_MAX];

	assert_non_null(frame);
	frame_vary(words, prog->family, prog->more, varied);
	frame_write(varied, frame);
	return try_frame(prog, varied, frame, outcome, rule);
}

void prog_expect_at(struct prog *prog, const char *words, enum outcome outcome, const char *rule,
		    const char *file, int line)
{
	if (!try_words(prog, words, outcome, rule))
		_fail(file, line);
}

static size_t try_cases(struct prog *prog, const struct prog_case *cases, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		int family = prog->family;
		const char *more = prog->more;

		prog_reset(prog);
		prog->family = family;
		prog->more = more;
		wrong += !try_words(prog, cases[i].words, cases[i].outcome, cases[i].rule);
	}
	return wrong;
}

void prog_cases(struct prog *prog, const struct prog_case *cases, size_t count)
{
	size_t wrong;

	prog_reset(prog);
	wrong = try_cases(prog, cases, count);
	if (wrong)
		fail_msg("%zu of %zu lines", wrong, count);
}

void prog_cases_everywhere(struct prog *prog, const struct prog_case *cases, size_t count)
{
	static const char *const tags[] = { "", "tag=8100", "tag=88a8", "tag=88a8 tag=8100" };
	size_t wrong = 0;

	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < PROG_COUNT(tags); i++) {
			prog_reset(prog);
			prog->family = family;
			prog->more = tags[i];
			wrong += try_cases(prog, cases, count);
		}
	}
	prog_reset(prog);
	if (wrong)
		fail_msg("%zu of %zu lines", wrong, count * 2 * PROG_COUNT(tags));
}

void prog_tell(struct prog *prog, void (*story)(struct prog *prog))
{
	/* outside; inside; XDP on both NICs */
	static const unsigned int arrangements[][DIRECTION_COUNT] = { { PROG_XDP, PROG_TC },
								      { PROG_TC, PROG_XDP },
								      { PROG_XDP, PROG_XDP } };

	for (size_t i = 0; i < PROG_COUNT(arrangements); i++) {
		for (int family = 4; family <= 6; family += 2) {
			prog_reset(prog);
			memcpy(prog->hooks, arrangements[i], sizeof(prog->hooks));
			prog->family = family;
			story(prog);
		}
	}
	prog_reset(prog);
}
