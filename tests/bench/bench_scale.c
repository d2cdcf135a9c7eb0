// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a packet cost the same however much a gate holds? Rules, tuples, live flows, prefixes and gates, each
 * from few to as many as there may be, and each line against the first of its series. Sections come one
 * after another, for what they load is large; the lines of one take turns. How it is measured: measure.h.
 *
 *	build/bench/bench_scale [--rounds N] [--repeats N] [--json FILE]
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/bench/scale.h"
#include "user/base/cleanup.h"

#define ROUNDS 17u
#define REPEATS 200000u
#define FLAT 1.05 /* target of tuples: of what six cost */
#define SERVICE 3478u

#define GOOD "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16"
#define CLOSED "in udp 198.51.100.7:4000 > 192.0.2.10:9999 data=16"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- rules ------------------------------------------------------------------------------------- */

#define RULES_FIRST 2000u /* port of the first rule */

static void scale_rules(struct scale *scale)
{
	static const unsigned int counts[] = { 6, 100, 1000 };
	char last[STEPS_MOST][96];

	scale->steps = COUNT(counts);
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct scale_text text;

		scale_text_open(&text);
		fprintf(text.file, "policy: rules\nrules:\n");
		for (unsigned int rule = 0; rule < counts[i]; rule++)
			fprintf(text.file,
				"  - {name: rule-%u, direction: in, protocol: udp, ports: %u}\n",
				rule, RULES_FIRST + rule);
		scale_text_load(scale, i, &text, 0);
		scale_name(scale, i, counts[i], "rules");
		snprintf(last[i], sizeof(last[i]),
			 "in udp 198.51.100.7:4000 > 192.0.2.10:%u data=16",
			 RULES_FIRST + counts[i] - 1);
		scale_case(scale, i, last[i], OUTCOME_RULE);
	}
	scale_measure(scale, "rules, a port each: the last one hit", 0);
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct measure_case *one = scale_case(scale, i, last[i], OUTCOME_RULE);

		one->change = MEASURE_PORTS;
		one->shuffle =
			(struct shuffle){ .first = RULES_FIRST, .count = counts[i], .step = 1 };
	}
	scale_measure(scale, "rules, a port each: all hit in turn", 0);
	for (size_t i = 0; i < COUNT(counts); i++)
		scale_case(scale, i, CLOSED, OUTCOME_DROP_NO_RULE);
	scale_measure(scale, "rules, a port each: closed port", 0);
	scale_close(scale, COUNT(counts));
}

/* Rules on one port, told apart by the source alone: these a packet does ask one after another. */
static void scale_lists(struct scale *scale)
{
	static const unsigned int counts[] = { 1, 8, LIST_LENGTH_MAX };

	scale->steps = COUNT(counts);
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct scale_text text;

		scale_text_open(&text);
		fprintf(text.file, "policy: lists\nrules:\n");
		for (unsigned int rule = 0; rule < counts[i]; rule++)
			fprintf(text.file,
				"  - {name: rule-%u, direction: in, protocol: udp, ports: %u, "
				"from: 198.51.100.%u}\n",
				rule, SERVICE, rule == counts[i] - 1 ? 7 : 100 + rule);
		scale_text_load(scale, i, &text, 0);
		scale_name(scale, i, counts[i], counts[i] == 1 ? "rule" : "rules");
		scale_case(scale, i, GOOD, OUTCOME_RULE)->fewer = counts[i];
	}
	scale_measure(scale, "rules on one port, told apart by source: the last one hit", 0);
	scale_close(scale, COUNT(counts));
}

/* ---- tuples ------------------------------------------------------------------------------------ */

#define TUPLES_BASE 1 /* step of six tuples: what the others are held against */
#define FAR                                                                                        \
	24989u /* ports in turn then are in other pages; without a factor in common with 65,535 */

static void scale_tuples(struct scale *scale)
{
	/* what is cycled through; all 65,535 ports of UDP and one of TCP are 65,536 tuples */
	static const unsigned int ports[] = { 1, 6, 100, 1000, 10000, 65535, 65535 };

	scale->steps = COUNT(ports);
	for (size_t i = 0; i < COUNT(ports); i++) {
		bool all = ports[i] == 65535, is_far = all && i == COUNT(ports) - 1;
		struct measure_case *one;
		struct scale_text text;

		scale_text_open(&text);
		fprintf(text.file,
			"policy: tuples\nrules:\n"
			"  - {name: udp, direction: in, protocol: udp, ports: %s%u}\n",
			ports[i] == 1 ? "" : "1-", ports[i]);
		if (all)
			fprintf(text.file,
				"  - {name: tcp, direction: in, protocol: tcp, ports: 443}\n");
		scale_text_load(scale, i, &text, 0);
		scale_name(scale, i, ports[i] + all,
			   is_far        ? "tuples, ports far apart" :
			   ports[i] == 1 ? "tuple" :
					   "tuples");
		one = scale_case(scale, i, GOOD, OUTCOME_RULE);
		one->change = MEASURE_PORTS;
		one->shuffle =
			(struct shuffle){ .first = 1, .count = ports[i], .step = is_far ? FAR : 1 };
		if (i > TUPLES_BASE && !is_far) {
			one->target = RESULTS_RATIO_MOST;
			one->target_value = FLAT;
		}
	}
	scale_measure(scale, "tuples, their ports in turn", TUPLES_BASE);
	scale_close(scale, COUNT(ports));
}

/* ---- live flows -------------------------------------------------------------------------------- */

#define FLOOD_FIRST (1u << 24) /* numbers of tuples that are no flows' */
#define FLOOD 65536u
#define SENT "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16"
#define REPLY "in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=16"
#define FLOW_MEMORY 512u /* bytes: one of each family in the kernel's tables, generously */

/* Bytes that can be had; 0: unknown. */
static unsigned long long scale_memory(void)
{
	autofclose FILE *file = fopen("/proc/meminfo", "re");
	unsigned long available = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu kB", &available) == 1)
			break;
	return available * 1024ull;
}

/* So many conversations, which outlive the measurement. */
static void scale_fill(struct scale *scale, size_t step, unsigned int flows)
{
	const struct measure_case fill = {
		.program = scale->gates[step].xdp[DIRECTION_OUT],
		.words = SENT,
		.change = MEASURE_TUPLES,
		.shuffle = { .count = flows, .out = 1, .remote = SERVICE },
	};
	size_t got;

	if (!flows)
		return;
	measure_run(&fill, flows);
	got = measure_flows(&scale->gates[step]);
	/* a port that is a service's begins none: 15 of a million */
	if (got < flows - flows / 1000)
		printf("%zu flows are in the table and not %u\n", got, flows);
}

/* All steps, another packet each time. */
static void scale_flows_each(struct scale *scale, const char *title, enum outcome outcome,
			     const struct shuffle shuffles[])
{
	for (size_t i = 0; i < scale->steps; i++) {
		struct measure_case *one = scale_case(scale, i, REPLY, outcome);

		one->change = MEASURE_TUPLES;
		one->shuffle = shuffles[i];
	}
	scale_measure(scale, title, 0);
}

static void scale_flows(struct scale *scale)
{
	static const struct {
		unsigned int flows;
		uint32_t max; /* an LRU table throws some out before it is full */
	} steps[] = { { 0, FLOWS_MAX_DEFAULT },
		      { 1000, FLOWS_MAX_DEFAULT },
		      { 100000, FLOWS_MAX_DEFAULT },
		      { 1000000, 1250000 } };
	struct shuffle closed[COUNT(steps)], forged[COUNT(steps)], replies[COUNT(steps)];

	scale->steps = 0;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct scale_text text;

		if (scale_memory() / FLOW_MEMORY < steps[i].max) {
			printf("left out, for there is too little memory: %u flows\n",
			       steps[i].flows);
			continue;
		}
		scale_text_open(&text);
		fprintf(text.file, "policy: flows\ninclude: [lync-2013-public-im]\n"
				   "flows: {timeouts: {udp: 1h}}\n");
		scale_text_load(scale, i, &text, steps[i].max);
		scale_name(scale, i, steps[i].flows, "flows");
		scale_fill(scale, i, steps[i].flows);
		scale_case(scale, i, GOOD, OUTCOME_RULE);
		closed[i] = (struct shuffle){ .first = FLOOD_FIRST, .count = FLOOD };
		forged[i] =
			(struct shuffle){ .first = FLOOD_FIRST, .count = FLOOD, .remote = SERVICE };
		/* without flows there is one all the same, when its turn comes */
		replies[i] = (struct shuffle){ .count = steps[i].flows ? steps[i].flows : 1,
					       .remote = SERVICE };
		scale->steps++;
	}
	if (!scale->steps)
		return;
	scale_measure(scale, "live flows: rule hit", 0);
	scale_flows_each(scale, "live flows: 65,536 bad packets", OUTCOME_DROP_NO_RULE, closed);
	scale_flows_each(scale, "live flows: 65,536 forged replies", OUTCOME_DROP_NO_RULE, forged);
	for (size_t i = 0; i < scale->steps; i++) {
		struct measure_case *one = scale_case(scale, i, REPLY, OUTCOME_REPLY);

		scale_name(scale, i, steps[i].flows, "others");
		one->first = SENT;
		one->first_program = scale->gates[i].xdp[DIRECTION_OUT];
	}
	scale_measure(scale, "live flows: reply by one, beside so many others", 0);
	scale_fill(scale, 0, 1);
	for (size_t i = 0; i < scale->steps; i++)
		scale_name(scale, i, replies[i].count, steps[i].flows ? "flows" : "flow");
	scale_flows_each(scale, "live flows: replies by all of them in turn", OUTCOME_REPLY,
			 replies);
	scale_close(scale, scale->steps);
}

/* ---- prefixes ---------------------------------------------------------------------------------- */

#define SOURCES 65536u
#define SOURCE (11u << 24 | 77 << 16 | 66 << 8 | 55) /* one of them, but for a bit */

/*
 * How many equal parts, a power of two, a group of so many prefixes makes of 11.0.0.0/8. The lower half of each
 * is a prefix; the others stand further up. So the bit behind a part's decides who is inside, and who is
 * outside is no different up to there, which is the longest way through a trie.
 */
static unsigned int scale_parts(unsigned int count)
{
	unsigned int parts = 1;

	while (parts * 2 <= count)
		parts *= 2;
	return parts;
}

static uint32_t scale_bit(unsigned int count)
{
	return (1u << 23) / scale_parts(count);
}

static void scale_prefixes_write(FILE *file, unsigned int count)
{
	uint32_t parts = scale_parts(count), size = (1u << 24) / parts, bits = 9;

	while (1u << (bits - 9) < parts)
		bits++;
	fprintf(file, "policy: prefixes\ngroups:\n  sources:\n");
	for (uint32_t i = 0; i < parts; i++)
		fprintf(file, "    - 11.%u.%u.%u/%u\n", i * size >> 16, i * size >> 8 & 255,
			i * size & 255, bits);
	for (uint32_t i = 0; i < count - parts; i++)
		fprintf(file, "    - %u.%u.%u.0/24\n", 12 + (i >> 16), i >> 8 & 255, i & 255);
	fprintf(file,
		"rules:\n"
		"  - {name: one, direction: in, protocol: udp, ports: %u, from: sources}\n",
		SERVICE);
}

static void scale_prefixes_each(struct scale *scale, const char *title, const unsigned int *counts,
				bool inside, bool many)
{
	enum outcome outcome = inside ? OUTCOME_RULE : OUTCOME_DROP_ADDRESS;
	char words[STEPS_MOST][96];

	for (size_t i = 0; i < scale->steps; i++) {
		uint32_t bit = scale_bit(counts[i]);
		uint32_t source = inside ? SOURCE & ~bit : SOURCE | bit;
		struct measure_case *one;

		snprintf(words[i], sizeof(words[i]),
			 "in udp %u.%u.%u.%u:4000 > 192.0.2.10:%u data=16", source >> 24,
			 source >> 16 & 255, source >> 8 & 255, source & 255, SERVICE);
		one = scale_case(scale, i, words[i], outcome);
		if (!many)
			continue;
		one->change = MEASURE_TUPLES;
		one->shuffle = (struct shuffle){ .count = SOURCES,
						 .local = SERVICE,
						 .ones = inside ? 0 : bit,
						 .zeroes = inside ? bit : 0 };
	}
	scale_measure(scale, title, 0);
}

static void scale_prefixes(struct scale *scale)
{
	static const unsigned int counts[] = { 1, 10, 100, 1000, 10000, PREFIXES_MAX };

	scale->steps = COUNT(counts);
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct scale_text text;

		scale_text_open(&text);
		scale_prefixes_write(text.file, counts[i]);
		scale_text_load(scale, i, &text, 0);
		scale_name(scale, i, counts[i], counts[i] == 1 ? "prefix" : "prefixes");
	}
	scale_prefixes_each(scale, "prefixes: one source, inside", counts, true, false);
	scale_prefixes_each(scale, "prefixes: one source, just outside", counts, false, false);
	scale_prefixes_each(scale, "prefixes: 65,536 sources, inside", counts, true, true);
	scale_prefixes_each(scale, "prefixes: 65,536 sources, just outside", counts, false, true);
	scale_close(scale, COUNT(counts));
}

/* ---- gates ------------------------------------------------------------------------------------- */

static void scale_gates_each(struct scale *scale, const char *title, const char *words,
			     enum outcome outcome, const int *programs)
{
	for (size_t i = 0; i < scale->steps; i++) {
		struct measure_case *one =
			scale_case(scale, i, words, i ? OUTCOME_UNDECIDED : outcome);

		one->change = MEASURE_GATES;
		one->gates = programs;
		one->shuffle = (struct shuffle){ .count = 1u << i };
	}
	scale_measure(scale, title, 0);
}

static void scale_gates(struct scale *scale)
{
	int programs[GATES_MOST];

	for (size_t i = 0; i < GATES_MOST; i++) {
		measure_load(&(struct measure_gate){ .flows_max = FLOWS_MAX_LEAST,
						     .without_out = true },
			     &scale->gates[i]);
		programs[i] = scale->gates[i].xdp[DIRECTION_IN];
	}
	scale->steps = 0;
	while (1u << scale->steps <= GATES_MOST) {
		scale_name(scale, scale->steps, 1u << scale->steps,
			   scale->steps ? "gates" : "gate");
		scale->steps++;
	}
	scale_gates_each(scale, "gates in turn: rule hit", GOOD, OUTCOME_RULE, programs);
	scale_gates_each(scale, "gates in turn: closed port", CLOSED, OUTCOME_DROP_NO_RULE,
			 programs);
	scale_close(scale, GATES_MOST);
}

int main(int argc, char **argv)
{
	static struct scale scale;
	struct measure measure;

	measure_open(&measure, "scale", ROUNDS, REPEATS, argc, argv);
	scale.measure = &measure;
	scale_rules(&scale);
	scale_lists(&scale);
	scale_tuples(&scale);
	scale_flows(&scale);
	scale_prefixes(&scale);
	scale_gates(&scale);
	return measure_close(&measure);
}
