// SPDX-License-Identifier: GPL-2.0-only
/* Counters of a gate: read by descriptor, in batches. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/gate.h"

#define BATCH 256u

/* What is done with one per-CPU value of element `key`. */
typedef void (*add_function)(void *sums, uint32_t key, const void *value);

static void counts_add(struct count *sum, const struct count *count)
{
	sum->packets += count->packets;
	sum->bytes += count->bytes;
}

static void counts_add_rule(void *sums, uint32_t key, const void *value)
{
	struct rule_count *sum = (struct rule_count *)sums + key;
	const struct rule_count *count = value;

	counts_add(&sum->forward, &count->forward);
	counts_add(&sum->reply, &count->reply);
	sum->payload_mismatches += count->payload_mismatches;
}

static void counts_add_outcome(void *sums, uint32_t key, const void *value)
{
	counts_add((struct count *)sums + key, value);
}

/* Sums a per-CPU array over CPUs. `value_size` is a multiple of 8, as the kernel packs them. */
static int counts_sum(int fd, uint32_t entries, size_t value_size, add_function add, void *sums)
{
	int cpus = libbpf_num_possible_cpus();
	autofree uint32_t *keys = calloc(BATCH, sizeof(*keys));
	autofree char *values = NULL;
	uint32_t position = 0;
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	bool first = true, last = false;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)BATCH * (size_t)cpus, value_size);
	if (!keys || !values)
		return -ENOMEM;
	while (!last) {
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(fd, first ? NULL : &position, &position, keys, values,
					 &count, &options)) {
			if (errno != ENOENT)
				return -errno;
			last = true; /* this was the last batch; it counts */
		}
		first = false;
		for (uint32_t i = 0; i < count; i++)
			for (int cpu = 0; keys[i] < entries && cpu < cpus; cpu++)
				add(sums, keys[i],
				    values + ((size_t)i * (size_t)cpus + (size_t)cpu) * value_size);
	}
	return 0;
}

int gate_read_counts(const struct gate *gate, struct gate_counts *counts)
{
	autofree struct rule_count *rules = calloc(RULE_SLOTS, sizeof(*rules));
	autofree struct count *outcomes = calloc(OUTCOME_COUNTERS, sizeof(*outcomes));
	int error;

	if (!rules || !outcomes)
		return -ENOMEM;
	error = counts_sum(gate->maps[MAP_RULE_COUNTS], RULE_SLOTS, sizeof(*rules), counts_add_rule,
			   rules);
	if (!error)
		error = counts_sum(gate->maps[MAP_OUTCOME_COUNTS], OUTCOME_COUNTERS,
				   sizeof(*outcomes), counts_add_outcome, outcomes);
	if (error)
		return error;
	counts->rules = take_pointer(&rules);
	counts->outcomes = take_pointer(&outcomes);
	return 0;
}

void gate_free_counts(struct gate_counts *counts)
{
	free(counts->rules);
	free(counts->outcomes);
	*counts = (struct gate_counts){ 0 };
}
