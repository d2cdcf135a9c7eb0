// SPDX-License-Identifier: GPL-2.0-only
/* Counters and flows of a gate: read by descriptor, in batches. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/clock.h"
#include "user/kernel/gate.h"
#include "user/kernel/state.h"

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

/* What a flow's end depends on. */
struct flow_clock {
	const uint32_t *timeouts; /* of the policy in force, seconds */
	uint64_t now;             /* jiffies */
	uint32_t hz;
};

static bool flow_is_live(const struct flow_clock *clock, const struct flow *flow, uint8_t protocol)
{
	const uint32_t both_fins = FLOW_FIN_OUT | FLOW_FIN_IN;
	enum timeout timeout = TIMEOUT_OTHER;

	if (protocol == 6)
		timeout = !(flow->state & FLOW_ESTABLISHED) ||
					  (flow->state & both_fins) == both_fins ||
					  flow->state & FLOW_RST ?
				  TIMEOUT_TCP_TRANSITORY :
				  TIMEOUT_TCP;
	else if (protocol == 17)
		timeout = TIMEOUT_UDP;
	else if (protocol == 1 || protocol == 58)
		timeout = TIMEOUT_ICMP;
	return (int64_t)(clock->now - flow->last_seen) <
	       (int64_t)clock->timeouts[timeout] * clock->hz;
}

static int flows_count(int fd, size_t key_size, size_t protocol_at, const struct flow_clock *clock,
		       size_t *count)
{
	const uint32_t batch = 4096;
	autofree char *keys = calloc(batch, key_size);
	autofree struct flow *flows = calloc(batch, sizeof(*flows));
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t position = 0, got;
	bool first = true, last = false;

	if (!keys || !flows)
		return -ENOMEM;
	while (!last) {
		got = batch;
		if (bpf_map_lookup_batch(fd, first ? NULL : &position, &position, keys, flows, &got,
					 &options)) {
			/* ENOSPC: a bucket holds more than fits, which takes 4,096 collisions */
			if (errno != ENOENT)
				return -errno;
			last = true;
		}
		first = false;
		for (uint32_t i = 0; i < got; i++)
			if (flow_is_live(clock, &flows[i],
					 (uint8_t)keys[i * key_size + protocol_at]))
				(*count)++;
	}
	return 0;
}

void gate_read_settings(const struct gate *gate, struct settings *settings)
{
	struct state state = state_unpack(state_read(gate->word));

	*settings = (struct settings){ 0 };
	if (state.live < SLOT_COUNT)
		*settings = state_memory(gate->word)->generations[state.live].settings;
}

int gate_count_flows_at(const struct gate *gate, uint32_t hz, uint64_t now,
			const uint32_t timeouts[TIMEOUT_COUNT], size_t *count)
{
	const struct flow_clock clock = { .timeouts = timeouts, .now = now, .hz = hz };
	size_t found = 0;
	int error = flows_count(gate->maps[MAP_FLOWS4], sizeof(struct flow4_key),
				offsetof(struct flow4_key, protocol), &clock, &found);

	if (!error)
		error = flows_count(gate->maps[MAP_FLOWS6], sizeof(struct flow6_key),
				    offsetof(struct flow6_key, protocol), &clock, &found);
	if (!error)
		*count = found;
	return error;
}

int gate_count_flows(const struct gate *gate, size_t *count)
{
	struct settings settings;
	uint64_t now;
	int error = clock_jiffies(&now);

	if (error)
		return error;
	gate_read_settings(gate, &settings);
	return gate_count_flows_at(gate, gate->stamp.hz, now, settings.timeouts, count);
}
