// SPDX-License-Identifier: GPL-2.0-only
/*
 * What listing a full flow table costs: the real program over a real gate, in a network namespace of its
 * own, with as many flows as `flows.max` is by default. Each of them needs both of its addresses looked
 * up in a trie. From the command's start to its end.
 *
 *	build/bench/bench_flows [RUNS] [--json FILE]
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/bench/results.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/kernel/clock.h"
#include "user/kernel/gate.h"

#define FLOWS 262144u
#define RUNS_DEFAULT 3u
#define RUNS_MOST 100u
#define EDGEGATE "build/edgegate "

/* Milliseconds. On a busy machine the first says little. */
struct bench_cost {
	double elapsed;
	double cpu;
};

__attribute__((noreturn)) static void bench_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

/* What children have used, of which there is one at a time. */
static double bench_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static struct bench_cost bench_command(const char *command)
{
	struct timespec begin, end;
	double cpu = bench_cpu();

	clock_gettime(CLOCK_MONOTONIC, &begin);
	/* NOLINTNEXTLINE(cert-env33-c): the words are this file's */
	if (system(command))
		bench_fail(command, ECHILD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (struct bench_cost){
		(double)(end.tv_sec - begin.tv_sec) * 1e3 +
			(double)(end.tv_nsec - begin.tv_nsec) / 1e6,
		(bench_cpu() - cpu) * 1e3,
	};
}

/* Remote addresses all over the Internet, local ports in turn. */
static void bench_fill(const struct gate *gate)
{
	autofree struct flow4_key *keys = calloc(FLOWS, sizeof(*keys));
	autofree struct flow *flows = calloc(FLOWS, sizeof(*flows));
	LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = BPF_ANY);
	uint32_t count = FLOWS;
	uint64_t now;

	if (!keys || !flows || clock_jiffies(&now))
		bench_fail("prepare flows", ENOMEM);
	for (uint32_t i = 0; i < FLOWS; i++) {
		keys[i] = (struct flow4_key){
			.local = inet_addr("192.0.2.10"),
			.remote = htonl(0x0b000000u + i * 2654435761u % 0xc0000000u),
			.local_port = htons((uint16_t)(32768 + i % 28000)),
			.remote_port = htons(5061),
			.protocol = 6,
		};
		flows[i] = (struct flow){ now, now - i % 1000, FLOW_ESTABLISHED, 0 };
	}
	if (bpf_map_update_batch(gate->maps[MAP_FLOWS4], keys, flows, &count, &options))
		bench_fail("fill the flow table", errno);
}

/* What is asked for. */
static const char *const bench_words[] = { "", " --json", " --port 32768" };
#define LINES (sizeof(bench_words) / sizeof(*bench_words))

static void bench_line(const char *words, unsigned int runs, double *elapsed, double *cpu)
{
	char command[160];

	snprintf(command, sizeof(command), EDGEGATE "flows -i bench0%s >/dev/null", words);
	for (unsigned int i = 0; i < runs; i++) {
		struct bench_cost cost = bench_command(command);

		elapsed[i] = cost.elapsed;
		cpu[i] = cost.cpu;
	}
}

static void bench_table(struct results *results, const char *title, const double *values,
			unsigned int runs)
{
	struct results_row rows[LINES];
	const struct results_table table = { title, "ms", runs, LINES, 0, rows };
	char names[LINES][64];

	for (size_t i = 0; i < LINES; i++) {
		snprintf(names[i], sizeof(names[i]), "flows%s", bench_words[i]);
		rows[i] = (struct results_row){ names[i], &values[i * runs], RESULTS_NO_TARGET, 0 };
	}
	results_add(results, &table);
}

int main(int argc, char **argv)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags diags = { 0 };
	double elapsed[LINES * RUNS_MOST], cpu[LINES * RUNS_MOST];
	uint64_t runs = RUNS_DEFAULT;
	struct results *results;
	int used = 1;

	if (argc > 1 && argv[1][0] != '-') {
		if (number_parse(argv[1], RUNS_MOST, &runs) || !runs) {
			fprintf(stderr,
				"bench: that is no number of runs from 1 to %u\n"
				"usage: bench_flows [RUNS] [--json FILE]\n",
				RUNS_MOST);
			return 2;
		}
		used = 2;
	}
	results = results_open("flows", argc - used, argv + used);
	if (unshare(CLONE_NEWNET))
		bench_fail("make a network namespace", errno);
	bench_command("ip link add name bench0 type veth peer name bench1");
	/* an LRU table throws some out before it is full: room for twice as many */
	bench_command(
		"printf '%s\\n' 'policy: bench' "
		"'groups: {us: [192.0.2.10], them: [0.0.0.0/1, 128.0.0.0/1]}' "
		"'flows: {max: 524288}' 'rules:' "
		"'  - {name: sip-out, direction: out, protocol: tcp, ports: 5061, from: us, to: them}' "
		"| " EDGEGATE "apply -i bench0 - >/dev/null 2>&1");
	if (gate_find("bench0", "bench", &gate, &diags))
		bench_fail("find the gate", ENOENT);
	bench_fill(&gate);
	bench_command("test $(" EDGEGATE "flows -i bench0 | wc -l) -eq 262146");
	for (size_t i = 0; i < LINES; i++)
		bench_line(bench_words[i], (unsigned int)runs, &elapsed[i * runs], &cpu[i * runs]);
	bench_command(EDGEGATE "detach -i bench0 --yes >/dev/null");
	bench_table(results, "listing 262,144 flows, elapsed", elapsed, (unsigned int)runs);
	bench_table(results, "listing 262,144 flows, CPU", cpu, (unsigned int)runs);
	return results_close(results);
}
