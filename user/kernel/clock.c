// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/kernel/clock.h"

/* Every value that a Linux architecture offers. */
static const uint32_t clock_candidates[] = { 24,  32,  48,  64,  100,  128,  200, 250,
					     256, 300, 500, 512, 1000, 1024, 1200 };
#define CANDIDATES (sizeof(clock_candidates) / sizeof(*clock_candidates))

/* Jiffies begin five minutes before they overflow: INITIAL_JIFFIES in include/linux/jiffies.h. */
#define INITIAL_SECONDS 300

/* A program that writes jiffies into the first eight bytes of the frame that it is run on. */
int clock_open(void)
{
	/* NOLINTBEGIN(misc-redundant-expression): some parts of an opcode are 0 */
	const struct bpf_insn code[] = {
		/* r6 = ctx; r0 = bpf_jiffies64() */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64 },
		/* r2 = ctx->data; r3 = ctx->data_end */
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 6,
		  .off = offsetof(struct __sk_buff, data) },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 3,
		  .src_reg = 6,
		  .off = offsetof(struct __sk_buff, data_end) },
		/* if (r2 + 8 <= r3) *(u64 *)r2 = r0 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 4, .imm = 8 },
		{ .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 4, .src_reg = 3, .off = 1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	/* NOLINTEND(misc-redundant-expression) */
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "edgegate_clock", "GPL", code,
			       sizeof(code) / sizeof(*code), NULL);

	return fd < 0 ? -errno : fd;
}

int clock_read(int program, uint64_t *jiffies)
{
	char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .data_out = frame, .data_size_out = sizeof(frame), .repeat = 1);

	if (bpf_prog_test_run_opts(program, &run))
		return -errno;
	memcpy(jiffies, frame, sizeof(*jiffies));
	return 0;
}

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * The one candidate by which jiffies have come this far since boot; 0 if none or several would do,
 * as is the case about five minutes after boot.
 */
static uint32_t clock_from_boot(uint64_t jiffies, double seconds)
{
	uint32_t found = 0;

	for (size_t i = 0; i < CANDIDATES; i++) {
		uint32_t hz = clock_candidates[i];
		int64_t expected = (int64_t)((seconds - INITIAL_SECONDS) * hz);
		int32_t off = (int32_t)((uint32_t)jiffies - (uint32_t)expected);

		/* ticks begin up to a second or two after the clock does */
		if (abs(off) > (int32_t)hz * 3)
			continue;
		if (found)
			return 0;
		found = hz;
	}
	return found;
}

/* By waiting: half a second tells 250 from 256, with a tick to spare. */
static int clock_from_wait(int program, uint32_t *hz)
{
	struct timespec wait = { .tv_nsec = 500 * 1000 * 1000 };
	double begin = clock_seconds(), rate, best = 1e9;
	uint64_t first = 0, last = 0;
	int error = clock_read(program, &first);

	if (error)
		return error;
	nanosleep(&wait, NULL);
	error = clock_read(program, &last);
	if (error)
		return error;
	rate = (double)(last - first) / (clock_seconds() - begin);
	for (size_t i = 0; i < CANDIDATES; i++) {
		double off = rate - clock_candidates[i];

		if (off < 0)
			off = -off;
		if (off < best) {
			best = off;
			*hz = clock_candidates[i];
		}
	}
	return 0;
}

int clock_measure(uint32_t *hz)
{
	autoclose int program = clock_open();
	uint64_t jiffies = 0;
	uint32_t found;
	int error;

	if (program < 0)
		return program;
	error = clock_read(program, &jiffies);
	if (error)
		return error;
	found = clock_from_boot(jiffies, clock_seconds());
	if (!found) {
		error = clock_from_wait(program, &found);
		if (error)
			return error;
	}
	*hz = found;
	return 0;
}

/* One moment by both clocks: jiffies are counted by CLOCK_MONOTONIC (Linux kernel/time/tick-sched.c), whatever sets that. */
static struct {
	uint32_t hz; /* 0: none is kept */
	uint64_t jiffies;
	double seconds;
} clock_kept;

int clock_keep(void)
{
	autoclose int program = clock_open();
	uint64_t jiffies;
	uint32_t hz;
	int error = program < 0 ? program : clock_measure(&hz);

	if (!error)
		error = clock_read(program, &jiffies);
	if (error)
		return error;
	clock_kept.seconds = clock_seconds();
	clock_kept.jiffies = jiffies;
	clock_kept.hz = hz;
	return 0;
}

int clock_jiffies(uint64_t *jiffies)
{
	autoclose int program = clock_kept.hz ? -1 : clock_open();

	if (!clock_kept.hz)
		return program < 0 ? program : clock_read(program, jiffies);
	*jiffies = clock_kept.jiffies +
		   (uint64_t)((clock_seconds() - clock_kept.seconds) * clock_kept.hz);
	return 0;
}
