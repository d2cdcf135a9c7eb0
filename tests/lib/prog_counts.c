// SPDX-License-Identifier: GPL-2.0-only
/* Counters, read without the product's help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"

void prog_read_sums(int fd, uint32_t first, uint32_t count, size_t size, uint64_t *sums)
{
	size_t cpus = (size_t)libbpf_num_possible_cpus(), words = size / sizeof(uint64_t);
	autofree uint64_t *values = calloc(count * cpus, size);
	autofree uint32_t *keys = calloc(count, sizeof(*keys));
	uint32_t before = first - 1, after, read = count;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	assert_non_null(values);
	assert_non_null(keys);
	if (bpf_map_lookup_batch(fd, first ? &before : NULL, &after, keys, values, &read,
				 &options) &&
	    errno != ENOENT)
		fail_msg("cannot read counters: %s", strerror(errno));
	assert_int_equal(read, count);
	memset(sums, 0, count * size);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(keys[i], first + i);
		for (size_t word = 0; word < cpus * words; word++)
			sums[i * words + word % words] += values[i * cpus * words + word];
	}
}

void prog_read_rules(const struct prog *prog, uint32_t first, uint32_t count,
		     struct rule_count *rules)
{
	prog_read_sums(prog->object.maps[MAP_RULE_COUNTS], first, count, sizeof(*rules),
		       (uint64_t *)rules);
}

void prog_read_outcomes(const struct prog *prog, struct count *outcomes)
{
	prog_read_sums(prog->object.maps[MAP_OUTCOME_COUNTS], 0, OUTCOME_COUNTERS,
		       sizeof(*outcomes), (uint64_t *)outcomes);
}

void prog_check_sum(struct prog *prog)
{
	uint64_t sum = 0;

	prog_read_rules(prog, 0, RULE_SLOTS, prog->rules);
	prog_read_outcomes(prog, prog->outcomes);
	for (size_t i = 0; i < RULE_SLOTS; i++)
		sum += prog->rules[i].forward.packets + prog->rules[i].reply.packets;
	for (size_t i = 0; i < OUTCOME_COUNTERS; i++)
		sum += prog->outcomes[i].packets;
	if (sum != prog->packets)
		fail_msg("the counters have %llu packets, but %llu were sent",
			 (unsigned long long)sum, (unsigned long long)prog->packets);
}
