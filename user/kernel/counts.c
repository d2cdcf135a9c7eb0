// SPDX-License-Identifier: GPL-2.0-only
/* Counters of a gate: read by descriptor, in batches. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/batch.h"
#include "user/kernel/gate.h"

#define BATCH 256u
#define TABLE_BATCH 4096u /* as of flows: ENOSPC would take as many collisions */

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

/* A per-CPU array that is summed over CPUs. */
struct counts_sum {
	uint32_t entries;
	size_t value_size; /* of one CPU's; a multiple of 8, as the kernel packs them */
	int cpus;
	add_function add;
	void *sums;
};

static int counts_sum_batch(const void *keys, const void *values, size_t count, void *data)
{
	const struct counts_sum *sum = data;
	const uint32_t *key = keys;
	const char *value = values;

	for (size_t i = 0; i < count; i++)
		for (int cpu = 0; cpu < sum->cpus; cpu++, value += sum->value_size)
			if (key[i] < sum->entries)
				sum->add(sum->sums, key[i], value);
	return 0;
}

static int counts_sum(int fd, uint32_t entries, size_t value_size, add_function add, void *sums)
{
	struct counts_sum sum = { entries, value_size, libbpf_num_possible_cpus(), add, sums };
	struct batch batch = { .key_size = sizeof(uint32_t), .most = BATCH };

	if (sum.cpus < 0)
		return sum.cpus;
	batch.value_size = value_size * (size_t)sum.cpus;
	return batch_read(fd, &batch, counts_sum_batch, &sum);
}

/* The key that a batch of an array goes on behind is the last one of the batch before. */
int gate_read_rule_counts(const struct gate *gate, unsigned int first, unsigned int count,
			  struct rule_count *rules)
{
	struct counts_sum sum = { RULE_SLOTS, sizeof(*rules), libbpf_num_possible_cpus(),
				  counts_add_rule, rules };
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	const unsigned int end = first + count;
	autofree char *values = NULL;
	uint32_t keys[BATCH];

	if (sum.cpus < 0)
		return sum.cpus;
	values = calloc(BATCH, sum.value_size * (size_t)sum.cpus);
	if (!values)
		return -ENOMEM;
	while (first < end) {
		uint32_t some = end - first < BATCH ? end - first : BATCH, last = first - 1, next;

		if (bpf_map_lookup_batch(gate->maps[MAP_RULE_COUNTS], first ? &last : NULL, &next,
					 keys, values, &some, &options) &&
		    errno != ENOENT)
			return -errno;
		if (!some)
			break;
		counts_sum_batch(keys, values, some, &sum);
		first += some;
	}
	return 0;
}

int gate_read_outcome_counts(const struct gate *gate, struct count *outcomes)
{
	return counts_sum(gate->maps[MAP_OUTCOME_COUNTS], OUTCOME_COUNTERS, sizeof(*outcomes),
			  counts_add_outcome, outcomes);
}

int gate_read_counts(const struct gate *gate, struct gate_counts *counts)
{
	autofree struct rule_count *rules = calloc(RULE_SLOTS, sizeof(*rules));
	autofree struct count *outcomes = calloc(OUTCOME_COUNTERS, sizeof(*outcomes));
	int error;

	if (!rules || !outcomes)
		return -ENOMEM;
	error = gate_read_rule_counts(gate, 0, RULE_SLOTS, rules);
	if (!error)
		error = gate_read_outcome_counts(gate, outcomes);
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

static int counts_add_batch(const void *keys, const void *values, size_t count, void *data)
{
	(void)keys;
	(void)values;
	*(uint64_t *)data += count;
	return 0;
}

int gate_read_tables(const struct gate *gate, struct gate_table *tables)
{
	static const enum object_map maps[GATE_TABLES] = { MAP_FLOWS4, MAP_FLOWS6, MAP_FRAGMENTS,
							   MAP_LIMIT_SOURCES };

	for (size_t i = 0; i < GATE_TABLES; i++) {
		struct bpf_map_info info = { 0 };
		struct batch batch = { .most = TABLE_BATCH };
		uint32_t size = sizeof(info);
		uint64_t entries = 0;
		int error;

		if (bpf_obj_get_info_by_fd(gate->maps[maps[i]], &info, &size))
			return -errno;
		batch.key_size = info.key_size;
		batch.value_size = ((size_t)info.value_size + 7) & ~(size_t)7;
		error = batch_read(gate->maps[maps[i]], &batch, counts_add_batch, &entries);
		if (error)
			return error;
		tables[i] =
			(struct gate_table){ object_map_names[maps[i]], entries, info.max_entries };
	}
	return 0;
}
