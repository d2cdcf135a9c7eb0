// SPDX-License-Identifier: GPL-2.0-only
/* What a bench begins with: its words, and the programs that it measures. */
#include "tests/bench/measure.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/measure_run.h"
#include "tests/bench/parking.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/image/image.h"
#include "user/kernel/batch.h"
#include "user/kernel/clock.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"

#define ROUNDS_MOST 1000u
#define REPEATS_MOST 100000000u
#define LEAST 3u /* rounds: so that there is a middle one; repeats: more than the two */

void measure_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

static unsigned int measure_number(const char *word, const char *text, uint64_t most)
{
	uint64_t value;

	if (!text || number_parse(text, most, &value) || value < LEAST) {
		fprintf(stderr, "bench: %s wants a number from %u to %llu\n", word, LEAST,
			(unsigned long long)most);
		exit(2);
	}
	return (unsigned int)value;
}

void measure_open(struct measure *measure, const char *part, unsigned int rounds,
		  unsigned int repeats, int argc, char **argv)
{
	int at = 1;

	*measure = (struct measure){ .rounds = rounds, .repeats = repeats };
	for (; at < argc; at += 2) {
		if (strcmp(argv[at], "--rounds") == 0)
			measure->rounds = measure_number(argv[at], argv[at + 1], ROUNDS_MOST);
		else if (strcmp(argv[at], "--repeats") == 0)
			measure->repeats = measure_number(argv[at], argv[at + 1], REPEATS_MOST);
		else
			break;
	}
	measure->results = results_open(part, argc - at, argv + at);
	parking_open();
	measure_run_open();
}

int measure_close(struct measure *measure)
{
	measure_run_close();
	return results_close(measure->results);
}

/* ---- programs ---------------------------------------------------------------------------------- */

static int measure_bare(enum bpf_prog_type type, int action)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	/* like a gate's: or it could not be called where a gate's program is */
	LIBBPF_OPTS(bpf_prog_load_opts, options);
	int fd;

	if (type == BPF_PROG_TYPE_XDP) {
		options.expected_attach_type = BPF_XDP;
		options.prog_flags = BPF_F_XDP_HAS_FRAGS;
	}
	fd = bpf_prog_load(type, "bare", "GPL", code, 2, &options);
	if (fd < 0)
		measure_fail("load the bare program", errno);
	return fd;
}

int measure_bare_xdp(int action)
{
	return measure_bare(BPF_PROG_TYPE_XDP, action);
}

int measure_bare_tc(int action)
{
	return measure_bare(BPF_PROG_TYPE_SCHED_CLS, action);
}

/* Compiles and loads; the policy is in slot 0 then, but not in force. */
static int measure_prepare(const struct measure_gate *gate, struct object *object,
			   struct diags *diags)
{
	struct object_wish wish = {
		.xdp = { true, !gate->without_out },
		.tc = { gate->tc, gate->tc },
		.multi_buffer = true,
		.flows_max = gate->flows_max ? gate->flows_max : FLOWS_MAX_DEFAULT,
	};
	struct image_running running = { 0 };
	struct policy *policy = NULL;
	struct image image = { 0 };
	int error = clock_measure(&wish.hz);

	if (!error && gate->policy)
		error = policy_parse("bench", gate->policy, strlen(gate->policy), &policy, diags);
	else if (!error)
		error = policy_load(NULL, 0, gate->groups, gate->group_count, &policy, diags);
	if (error)
		return error;
	wish.epoch_shift = object_epoch_shift(wish.hz, image_longest_timeout(policy));
	if (!gate->without_marks)
		running.epoch = (1ull << wish.epoch_shift) / wish.hz;
	error = image_compile(policy, &running, &image, diags) ?:
			object_load(&wish, object, "bench", diags);
	if (!error)
		error = publish_fill(object->maps, NULL, 0, &image, NULL, "bench", diags);
	image_free(&image);
	policy_free(policy);
	return error;
}

void measure_load(const struct measure_gate *wish, struct object *object)
{
	struct state state = { .live = 0, .former = SLOT_NONE };
	struct diags diags = { 0 };
	int error = measure_prepare(wish, object, &diags);
	uint64_t *word;

	if (error) {
		autofree char *text = diag_text_all(&diags);

		fputs(text ? text : "", stderr);
		measure_fail("load a gate", -error);
	}
	diags_clear(&diags);
	word = state_map(object->maps[MAP_MEMORY]);
	if (!word)
		measure_fail("map the state", errno);
	*word = state_pack(&state);
	state_unmap(&word);
}

static int measure_count(const void *keys, const void *values, size_t count, void *data)
{
	(void)keys;
	(void)values;
	*(size_t *)data += count;
	return 0;
}

size_t measure_flows(const struct object *object)
{
	const struct batch batch = { sizeof(struct flow4_key), sizeof(struct flow), 4096 };
	size_t count = 0;
	int error = batch_read(object->maps[MAP_FLOWS4], &batch, measure_count, &count);

	if (error)
		measure_fail("count flows", -error);
	return count;
}
