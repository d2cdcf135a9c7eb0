/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real programs, run on frames: policy text -> tree -> image -> maps, as `apply` does it, then
 * BPF_PROG_TEST_RUN. Every run demands that the decision, the returned action and the counters agree,
 * and that exactly one counter moved, by one packet and the frame's bytes.
 */
#ifndef TESTS_LIB_PROG_H
#define TESTS_LIB_PROG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

#include "tests/lib/frame.h"
#include "user/image/image.h"
#include "user/kernel/object.h"
#include "user/kernel/state.h"

#define PROG_HZ 250u
#define PROG_FLOWS_MAX 1024u
#define PROG_BEGIN 1000000u  /* jiffies at which every test begins */
#define PROG_EPOCH_SHIFT 22u /* an epoch of flow_marks is 4 h 39 min long */

/* Hooks, as a set. */
#define PROG_XDP 1u
#define PROG_TC 2u
#define PROG_BOTH 3u

/* Ways through a program, as a set: plain TCP and UDP have a short one, which must not differ. */
#define PROG_SHORT 1u
#define PROG_LONG 2u
#define PROG_WAYS 3u

struct prog {
	struct object object;
	uint64_t *word;
	struct image images[SLOT_COUNT];
	uint32_t epoch_shift;                /* of flow_marks, as it was loaded */
	bool without_marks;                  /* policies published from now on don't use them */
	uint64_t now;                        /* jiffies by which programs judge */
	uint32_t frame_len;                  /* the length that they are told; 0: the buffer's */
	unsigned int hooks[DIRECTION_COUNT]; /* on which an expectation is tried */
	unsigned int ways;                   /* on which it is tried */
	int family;                          /* of HOST and PEER */
	const char *more;                    /* words for every frame */
	const char *const *before; /* sent first, in tables of changes; NULL: nothing; NULL ends it */
	struct rule_count *rules; /* RULE_SLOTS, as last read */
	struct count *outcomes;   /* OUTCOME_COUNTERS */
	uint64_t packets;         /* that crossed the hooks while there was a policy */
};

/* What became of a frame. */
struct prog_verdict {
	uint32_t decision;
	enum outcome outcome;
	const char *rule; /* "" where it is no rule's */
	bool passed;
};

/* Loads. There is no policy yet. Fails the test if anything fails. */
void prog_open(struct prog *prog, bool multi_buffer);
/* The same with room for so many flows of a family, and epochs of 1 << `epoch_shift` jiffies. */
void prog_open_sized(struct prog *prog, uint32_t flows_max, uint32_t epoch_shift);

/* Checks that all counters together are all packets, and frees. */
void prog_close(struct prog *prog);

/*
 * What nearly every test file has for all its tests: `prog`, and open_gate() and close_gate() for cmocka's
 * group, with this policy; NULL: none yet.
 */
#define PROG_FIXTURE(policy_text)                                                                  \
	static struct prog prog;                                                                   \
	static int open_gate(void **state)                                                         \
	{                                                                                          \
		(void)state;                                                                       \
		prog_setup(&prog, policy_text);                                                    \
		return 0;                                                                          \
	}                                                                                          \
	static int close_gate(void **state)                                                        \
	{                                                                                          \
		(void)state;                                                                       \
		prog_close(&prog);                                                                 \
		return 0;                                                                          \
	}                                                                                          \
	struct prog

/* prog_open() without multi-buffer support, and a policy; NULL: none. */
void prog_setup(struct prog *prog, const char *policy_text);

/* Without any memory of former packets, at PROG_BEGIN, both hooks, IPv4. The policy stays. */
void prog_reset(struct prog *prog);

/* Publishes into the free slot: enforced, and what was live is the former. */
void prog_policy(struct prog *prog, const char *text);
void prog_policies(struct prog *prog, const char *const *names, size_t count);
void prog_image(struct prog *prog, struct image *image); /* takes what it holds */
struct image_running prog_running(const struct prog *prog);

/* Live and former change places. */
void prog_rollback(struct prog *prog);
void prog_mode(struct prog *prog, enum mode mode);
void prog_no_policy(struct prog *prog);
void prog_slot(struct prog *prog, unsigned int live); /* whatever is in it */

/* The whole word, for what no function above writes. */
struct state prog_state(const struct prog *prog);
void prog_set_state(struct prog *prog, const struct state *state);

/* The words' TCP packet belongs to the session that is kept in this place (1 or 2). */
void prog_session(struct prog *prog, unsigned int place, const char *words);

/* Time passes. */
void prog_wait(struct prog *prog, unsigned int seconds);

/* One run. `weight`: what the counter should move by; NULL: one packet of the frame's bytes. */
bool prog_run(struct prog *prog, unsigned int hook, unsigned int way,
	      const struct frame_bytes *frame, const struct count *weight,
	      struct prog_verdict *verdict);

/* BPF_PROG_TEST_RUN takes fewer frames at tc than at XDP. */
bool prog_can_run(unsigned int hook, const struct frame_bytes *frame);

/* One run without any check and without reading counters: for many. */
uint32_t prog_decide(struct prog *prog, unsigned int hook, unsigned int way,
		     const struct frame_bytes *frame);

/* `count` per-CPU elements of a map from `first` on, summed over CPUs: all of them are 64-bit words. */
void prog_read_sums(int fd, uint32_t first, uint32_t count, size_t size, uint64_t *sums);

/* Counters, summed over CPUs: `count` slots from `first` on; all OUTCOME_COUNTERS. */
void prog_read_rules(const struct prog *prog, uint32_t first, uint32_t count,
		     struct rule_count *rules);
void prog_read_outcomes(const struct prog *prog, struct count *outcomes);

/* Reads the counters, and demands that together they are all packets so far. */
void prog_check_sum(struct prog *prog);

/* The frame ends in this outcome on each hook of its direction; `rule` is NULL where it is no rule's. */
#define prog_expect(prog, words, outcome, rule)                                                    \
	prog_expect_at(prog, words, outcome, rule, __FILE__, __LINE__)
void prog_expect_at(struct prog *prog, const char *words, enum outcome outcome, const char *rule,
		    const char *file, int line);

/* Tables: every line from empty state. All lines are tried, then the test fails if one did. */
struct prog_case {
	const char *words;
	enum outcome outcome;
	const char *rule;
};
void prog_cases(struct prog *prog, const struct prog_case *cases, size_t count);
/* The same for IPv4 and IPv6, and untagged, with one and with two tags. */
void prog_cases_everywhere(struct prog *prog, const struct prog_case *cases, size_t count);
#define PROG_COUNT(list) (sizeof(list) / sizeof(*(list)))

/*
 * A passing packet and what may be changed of it: `base` (words without a direction) passes; with each
 * of the changes alone it ends in `outcome`, in each of the `directions` ("in", "out", "in out").
 * OUTCOME_UNDECIDED: it still passes. Every line starts from empty state and what `before` sends. PROG_CHANGES("...", "...") is the list and its count.
 */
struct prog_change {
	long families; /* 4, 6, or 46 */
	const char *directions;
	const char *base;
	enum outcome outcome;
	const char *const *changes;
	size_t count;
};
#define PROG_CHANGES(...)                                                                          \
	(const char *const[]){ __VA_ARGS__ }, PROG_COUNT(((const char *const[]){ __VA_ARGS__ }))
void prog_change_all(struct prog *prog, const struct prog_change *table, size_t count);

/*
 * A story in which one packet prepares the way for another, told for IPv4 and IPv6 in each
 * arrangement of hooks that a gate can have. Each telling starts from prog_reset().
 */
void prog_tell(struct prog *prog, void (*story)(struct prog *prog));

/*
 * So many of the words' packet at the present moment, on the first of the hooks and ways: how many `rule`
 * let pass. Fails the test where the others were not dropped as rate-limit.
 */
unsigned int prog_offer(struct prog *prog, const char *words, unsigned int count, const char *rule);

/* Its parts, for those who count by themselves (and add to prog->packets). */
uint32_t prog_slot_of(const struct prog *prog, const char *rule);
void prog_set_clock(struct prog *prog, unsigned int way);
void prog_repeat(const struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
		 unsigned int count);

/* All buckets of limits are full, and no source has one; how many sources have. */
void prog_forget_limits(struct prog *prog);
size_t prog_limit_sources(const struct prog *prog);

/* Flows in the tables, live or not; and one of them, which the words' packet belongs to. */
size_t prog_flows(const struct prog *prog);
bool prog_flow(const struct prog *prog, const char *words, struct flow *flow);

#endif
