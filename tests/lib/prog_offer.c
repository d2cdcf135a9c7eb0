// SPDX-License-Identifier: GPL-2.0-only
/* Many packets at one moment: how many of them a rule with a limit lets pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "user/kernel/state.h"

uint32_t prog_slot_of(const struct prog *prog, const char *rule)
{
	struct state state = state_unpack(state_read(prog->word));
	const struct listing_row *row = listing_find(prog->images[state.live].listing, rule);

	if (!row) {
		fail_msg("the live policy has no rule '%s'", rule);
		return 0; /* not reached */
	}
	return row->slot;
}

void prog_set_clock(struct prog *prog, unsigned int way)
{
	struct testrun test = { .now = prog->now,
				.flags = way == PROG_LONG ? TESTRUN_LONG_WAY : 0 };
	uint32_t zero = 0;

	if (bpf_map_update_elem(prog->object.maps[MAP_TESTRUN], &zero, &test, BPF_ANY))
		fail_msg("cannot set the clock");
}

/* A call for more than one packet at XDP changes the kernel's dispatcher, which waits for RCU. */
#define XDP_FEW 128u

void prog_repeat(const struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
		 unsigned int count)
{
	const int *programs = hook == PROG_XDP ? prog->object.xdp : prog->object.tc;
	unsigned int calls = hook == PROG_XDP && count <= XDP_FEW ? count : 1;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = (int)(count / calls));

	for (unsigned int i = 0; i < calls; i++)
		if (bpf_prog_test_run_opts(programs[frame->out ? DIRECTION_OUT : DIRECTION_IN],
					   &run))
			fail_msg("cannot run a frame of %zu bytes: %s", frame->length,
				 strerror(errno));
}

/* What is counted so far: packets of the rule in its own direction, and those over a limit. */
static uint64_t passed_and_refused(struct prog *prog, uint32_t slot, bool out, uint64_t *refused)
{
	prog_read_rules(prog, slot, 1, &prog->rules[slot]);
	prog_read_outcomes(prog, prog->outcomes);
	*refused = prog->outcomes[out * OUTCOME_COUNT + OUTCOME_DROP_RATE_LIMIT].packets;
	return prog->rules[slot].forward.packets;
}

unsigned int prog_offer(struct prog *prog, const char *words, unsigned int count, const char *rule)
{
	static struct frame_bytes frame;
	uint64_t passed, refused, was_passed, was_refused;
	uint32_t slot = prog_slot_of(prog, rule);
	char varied[FRAME_TEXT_MAX];
	unsigned int hooks;

	frame_vary(words, prog->family, prog->more, varied);
	frame_write(varied, &frame);
	hooks = prog->hooks[frame.out ? DIRECTION_OUT : DIRECTION_IN];
	was_passed = passed_and_refused(prog, slot, frame.out, &was_refused);
	prog_set_clock(prog, prog->ways & PROG_SHORT ? PROG_SHORT : PROG_LONG);
	prog_repeat(prog, hooks & PROG_XDP ? PROG_XDP : PROG_TC, &frame, count);
	prog->packets += count;
	passed = passed_and_refused(prog, slot, frame.out, &refused) - was_passed;
	refused -= was_refused;
	if (passed + refused != count)
		fail_msg("%s: of %u packets, %llu passed by '%s' and %llu were over its limit",
			 varied, count, (unsigned long long)passed, rule,
			 (unsigned long long)refused);
	return (unsigned int)passed;
}

void prog_forget_limits(struct prog *prog)
{
	static uint32_t keys[RULE_SLOTS];
	static const uint64_t full[RULE_SLOTS];
	int fd = prog->object.maps[MAP_LIMIT_SOURCES];
	uint32_t count = RULE_SLOTS;
	struct limit_key key;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (uint32_t i = 0; i < RULE_SLOTS; i++)
		keys[i] = i;
	if (bpf_map_update_batch(prog->object.maps[MAP_LIMITS], keys, full, &count, &options))
		fail_msg("cannot fill the buckets: %s", strerror(errno));
	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

size_t prog_limit_sources(const struct prog *prog)
{
	int fd = prog->object.maps[MAP_LIMIT_SOURCES];
	struct limit_key key, next;
	size_t count = 0;
	void *from = NULL;

	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		count++;
		key = next;
		from = &key;
	}
	return count;
}
