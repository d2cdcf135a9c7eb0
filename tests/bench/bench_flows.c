// SPDX-License-Identifier: GPL-2.0-only
/*
 * What listing a full flow table costs: the real program over a real gate, in a network namespace of its
 * own, with as many flows as `flows.max` is by default. Each of them needs both of its addresses looked
 * up in a trie. Elapsed time from the command's start to its end, the least of some runs.
 *
 *	build/bench/bench_flows [RUNS]
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/kernel/clock.h"
#include "user/kernel/gate.h"

#define FLOWS 262144u
#define RUNS_DEFAULT 3u
#define EDGEGATE "build/edgegate "

__attribute__((noreturn)) static void bench_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

static double bench_command(const char *command)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	/* NOLINTNEXTLINE(cert-env33-c): the words are this file's */
	if (system(command))
		bench_fail(command, ECHILD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
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

static double bench_least(const char *command, unsigned int runs)
{
	double least = 1e9;

	for (unsigned int i = 0; i < runs; i++) {
		double seconds = bench_command(command);

		least = seconds < least ? seconds : least;
	}
	return least;
}

int main(int argc, char **argv)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags diags = { 0 };
	uint64_t runs = RUNS_DEFAULT;
	double listed, json, one;

	if (argc > 2 || (argc > 1 && (number_parse(argv[1], 100, &runs) || !runs))) {
		fprintf(stderr, "bench: that is no number of runs from 1 to 100\n"
				"usage: bench_flows [RUNS]\n");
		return 2;
	}
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
	listed = bench_least(EDGEGATE "flows -i bench0 >/dev/null", (unsigned int)runs);
	json = bench_least(EDGEGATE "flows -i bench0 --json >/dev/null", (unsigned int)runs);
	one = bench_least(EDGEGATE "flows -i bench0 --port 32768 >/dev/null", (unsigned int)runs);
	bench_command("test $(" EDGEGATE "flows -i bench0 | wc -l) -eq 262146");
	bench_command(EDGEGATE "detach -i bench0 --yes >/dev/null");
	printf("%-32s %8s\n", "262,144 flows", "seconds");
	printf("%-32s %8.2f\n%-32s %8.2f\n%-32s %8.2f\n", "flows", listed, "flows --json", json,
	       "flows --port 32768", one);
	return 0;
}
