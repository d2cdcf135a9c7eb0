// SPDX-License-Identifier: GPL-2.0-only
/* The functions of `explain -i`, packet after packet. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/wire/agree.h"
#include "user/base/cleanup.h"
#include "user/kernel/clock.h"
#include "user/kernel/testrun_live.h"

__attribute__((noreturn)) static void ask_fail(struct diags *diags)
{
	agree_fail("cannot ask: %s", diag_text_all(diags));
}

static void ask_find_limits(struct ask *ask)
{
	const struct generation *generation = &testrun_memory(ask->judge.gate)->generations[0];

	ask->limit_count = 0;
	for (uint32_t slot = 0; slot < RULE_SLOTS; slot++) {
		if (!generation->extras[slot].interval)
			continue;
		if (ask->limit_count == SEEN_SLOTS)
			agree_fail("too many limits");
		ask->limits[ask->limit_count++] = slot;
	}
}

void ask_open(struct ask *ask, const struct gate *gate)
{
	struct diags diags = { 0 };

	*ask = (struct ask){ .gate = gate, .clock = clock_open() };
	if (ask->clock < 0)
		agree_fail("cannot load a clock");
	if (common_judge_open_live(&ask->judge, gate, COMMON_JUDGE_SINGLE, "ask", &diags))
		ask_fail(&diags);
	ask_find_limits(ask);
}

void ask_close(struct ask *ask)
{
	common_judge_close(&ask->judge);
	close(ask->clock);
}

void ask_renew(struct ask *ask)
{
	struct common_judge *judge = &ask->judge;
	struct diags diags = { 0 };
	struct state state;

	image_free(&judge->owned);
	if (testrun_copy_live(judge->gate, ask->gate, &judge->owned, &state, "ask", &diags))
		ask_fail(&diags);
	ask_find_limits(ask);
}

/* ---- from empty state -------------------------------------------------------------------------------- */

static void ask_empty(int fd)
{
	uint8_t key[sizeof(struct fragment_key)]; /* the largest there is */

	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		bpf_map_delete_elem(fd, key);
}

#define MARKS 256u /* entries for the few flows of a judge: the least that there are */

/* Marks are not copied, and no packet's may be of use to another. */
static void ask_unmark(int fd)
{
	static const struct flow_marks none[MARKS];
	static uint32_t keys[MARKS];
	uint32_t count = MARKS;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (uint32_t i = 0; i < MARKS; i++)
		keys[i] = i;
	if (bpf_map_update_batch(fd, keys, none, &count, &options) || count != MARKS)
		agree_fail("cannot empty flow_marks");
}

/*
 * What one packet left in the copy must not be what the next one meets. Two tables are large, and to find
 * nothing in them costs more than all else: all is emptied for every eighth packet only. For the others it
 * is the copying that takes away what the gate doesn't have.
 */
#define EMPTY_EVERY 8u

static void ask_forget(struct ask *ask, bool all)
{
	const int *maps = testrun_maps(ask->judge.gate);
	const uint64_t full = 0;

	ask_empty(maps[MAP_FLOWS4]);
	ask_empty(maps[MAP_FLOWS6]);
	if (all) {
		ask_empty(maps[MAP_FRAGMENTS]);
		ask_empty(maps[MAP_LIMIT_SOURCES]);
		ask_unmark(maps[MAP_FLOW_MARKS]);
		for (size_t i = 0; i < ask->limit_count; i++)
			bpf_map_update_elem(maps[MAP_LIMITS], &ask->limits[i], &full, BPF_ANY);
	}
	memset(testrun_memory(ask->judge.gate)->dhcp_asked, 0, 2 * sizeof(uint64_t));
}

void ask_packet(struct ask *ask, const struct wire_frame *frame, uint64_t delay,
		struct ending *ending)
{
	struct common_judge *judge = &ask->judge;
	struct common_verdict verdict = { 0 };
	struct diags diags = { 0 };
	/* of just this size: the sanitizer sees who reads on */
	autofree uint8_t *bytes = malloc(frame->length);

	if (!bytes)
		agree_fail("no memory");
	memcpy(bytes, frame->bytes, frame->length);
	/* both questions about a packet alike */
	ask->packets += delay == 0;
	ask_forget(ask, ask->packets % EMPTY_EVERY == 0);
	if (clock_read(ask->clock, &judge->now))
		agree_fail("cannot read the clock");
	judge->delay = delay;
	if (common_judge_bytes(judge, NULL, 0, bytes, frame->length, frame->direction, &verdict,
			       &diags))
		ask_fail(&diags);
	*ending = (struct ending){ .outcome = verdict.report.outcome };
	if (verdict.report.rule)
		snprintf(ending->rule, sizeof(ending->rule), "%s", verdict.report.rule);
	common_verdict_free(&verdict);
}
