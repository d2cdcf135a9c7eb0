/* SPDX-License-Identifier: GPL-2.0-only */
/* Many packets, one system call each, and the flows as they stood before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/shots.h"

/* xorshift64*: the same flood every time. */
static uint64_t chance_state;

void shots_seed(uint64_t seed)
{
	chance_state = seed;
}

uint32_t shots_chance(void)
{
	chance_state ^= chance_state >> 12;
	chance_state ^= chance_state << 25;
	chance_state ^= chance_state >> 27;
	return (uint32_t)(chance_state * 2685821657736338717ull >> 32);
}

/* ---- frames ------------------------------------------------------------------------------------ */

void shots_make(struct shot *shot, const char *words, int family)
{
	char varied[FRAME_TEXT_MAX];

	frame_vary(words, family, "", varied);
	frame_write(varied, &shot->frame);
	shot->six = family == 6;
	shot->remote = (shot->six ? 22 : 26) + (shot->frame.out ? (shot->six ? 16 : 4) : 0);
	shot->ports = shot->six ? 54 : 34;
}

void shots_remote(struct shot *shot, uint64_t number)
{
	uint8_t *at = shot->frame.bytes + shot->remote;

	at[0] = shot->six ? 0x24 : 11;
	for (int i = 1; i < (shot->six ? 8 : 4); i++)
		at[i] = (uint8_t)(number >> (8 * (i - 1)));
}

void shots_ports(struct shot *shot, unsigned int source, unsigned int destination)
{
	uint8_t *at = shot->frame.bytes + shot->ports;

	at[0] = (uint8_t)(source >> 8);
	at[1] = (uint8_t)source;
	at[2] = (uint8_t)(destination >> 8);
	at[3] = (uint8_t)destination;
}

void shots_at(struct prog *prog, unsigned int way)
{
	struct testrun test = { .now = prog->now,
				.flags = way == PROG_LONG ? TESTRUN_LONG_WAY : 0 };
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(prog->object.maps[MAP_TESTRUN], &zero, &test, BPF_ANY),
			 0);
}

bool shots_fire(struct prog *prog, const struct shot *shot)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = shot->frame.bytes,
		    .data_size_in = (uint32_t)shot->frame.length, .repeat = 1);

	if (bpf_prog_test_run_opts(prog->object.xdp[shot->frame.out], &run))
		fail_msg("cannot run a frame: %s", strerror(errno));
	prog->packets++;
	return run.retval == XDP_PASS;
}

/* ---- flows as they stand ----------------------------------------------------------------------- */

static int compare_kept(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(struct kept));
}

static void snapshot_walk(struct snapshot *taken, int fd)
{
	struct flow6_key key, *from = NULL;

	memset(&key, 0, sizeof(key));
	for (struct kept *kept; bpf_map_get_next_key(fd, from, &key) == 0; taken->count++) {
		assert_true(taken->count < SHOTS_FLOWS_MOST);
		kept = &taken->flows[taken->count];
		kept->key = key;
		from = &kept->key;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &kept->flow), 0);
	}
}

struct snapshot shots_flows(const struct prog *prog)
{
	struct snapshot taken = { .flows = calloc(SHOTS_FLOWS_MOST, sizeof(struct kept)) };

	assert_non_null(taken.flows);
	snapshot_walk(&taken, prog->object.maps[MAP_FLOWS4]);
	taken.of4 = taken.count;
	snapshot_walk(&taken, prog->object.maps[MAP_FLOWS6]);
	qsort(taken.flows, taken.count, sizeof(struct kept), compare_kept);
	return taken;
}

void shots_expect_same(const struct prog *prog, struct snapshot *before)
{
	struct snapshot after = shots_flows(prog);

	assert_int_equal(after.count, before->count);
	assert_int_equal(after.of4, before->of4);
	assert_memory_equal(after.flows, before->flows, before->count * sizeof(struct kept));
	free(after.flows);
	free(before->flows);
}
