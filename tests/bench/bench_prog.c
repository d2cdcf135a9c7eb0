// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs: the two programs by BPF_PROG_TEST_RUN, against a program that does nothing but
 * drop, in the same run. Time is this thread's CPU time round the system call, less that of a call
 * with two repeats; cases take turns, in another order each round, and the median over the rounds
 * counts. Differences and ratios mean something on a noisy machine, absolute times don't.
 *
 *	build/bench/bench_prog [ROUNDS [REPEATS]]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "tests/lib/frame.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/image/image.h"
#include "user/kernel/clock.h"
#include "user/kernel/object.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

#define ROUNDS_DEFAULT 15u
#define ROUNDS_MOST 1000u
#define REPEATS_DEFAULT 500000u
#define RUN_FIXED 2u /* repeats of the call whose time is taken off */

/* The default policy with addresses, as a real edge has it: rules then go by candidate lists. */
static const char *const bench_groups[][2] = {
	{ "access-edge", "192.0.2.10,2001:db8::10" },
	{ "av-edge", "192.0.2.10,2001:db8::10" },
};

/* What rules may ask more; on ports 2 and 4 of what comes next to nothing passes. */
static const char bench_limits[] =
	"policy: limits\n"
	"rules:\n"
	"  - {name: rule, direction: in, protocol: udp, ports: 1,\n"
	"     limit: {rate: 10000000/s, burst: 10000000}}\n"
	"  - {name: rule-over, direction: in, protocol: udp, ports: 2, limit: {rate: 1/m}}\n"
	"  - {name: source, direction: in, protocol: udp, ports: 3,\n"
	"     limit: {rate: 10000000/s, burst: 10000000, per: source}}\n"
	"  - {name: source-over, direction: in, protocol: udp, ports: 4,\n"
	"     limit: {rate: 1/m, per: source}}\n"
	"  - {name: opening, direction: in, protocol: tcp, ports: 1, limit: {rate: 1/m}}\n"
	"  - {name: peer-ports, direction: in, protocol: udp, ports: 5, peer-ports: 4000}\n";

/* Gates: the default policy, with addresses, what rules may ask more. */
enum bench_gate { DEFAULT, GROUPS, LIMITS, GATES };

/* Which program a case runs. */
enum program {
	BARE_XDP,
	BARE_TC,
	XDP_IN,
	TC_OUT,
	GROUPS_XDP_IN,
	GROUPS_TC_OUT,
	LIMITS_XDP_IN,
	PROGRAMS,
};

struct bench_case {
	const char *name;
	enum program program;
	const char *words; /* the frame: tests/lib/frame.h */
	const char *first; /* one that goes out before, for its flow; or NULL */
};

static const struct bench_case bench_cases[] = {
	{ "bare XDP_DROP", BARE_XDP, "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16", NULL },
	{ "rule hit, UDP/IPv4", XDP_IN, "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16",
	  NULL },
	{ "rule hit, TCP/IPv4", XDP_IN, "in tcp 198.51.100.7:4000 > 192.0.2.10:5061 ack", NULL },
	{ "rule hit, TCP/IPv6", XDP_IN, "in tcp [2001:db8::7]:4000 > [2001:db8::10]:5061 ack",
	  NULL },
	{ "rule hit, one tag", XDP_IN,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 tag=8100", NULL },
	{ "rule hit, addresses", GROUPS_XDP_IN, "in tcp 198.51.100.7:4000 > 192.0.2.10:5061 ack",
	  NULL },
	{ "rule hit, peer-ports", LIMITS_XDP_IN, "in udp 198.51.100.7:4000 > 192.0.2.10:5 data=16",
	  NULL },
	{ "rule hit, limit per rule", LIMITS_XDP_IN,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:1 data=16", NULL },
	{ "rule hit, limit per source", LIMITS_XDP_IN,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:3 data=16", NULL },
	{ "rule hit, limit, TCP goes on", LIMITS_XDP_IN,
	  "in tcp 198.51.100.7:4000 > 192.0.2.10:1 ack", NULL },
	{ "over a limit per rule", LIMITS_XDP_IN, "in udp 198.51.100.7:4000 > 192.0.2.10:2 data=16",
	  NULL },
	{ "over a limit per source", LIMITS_XDP_IN,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:4 data=16", NULL },
	{ "closed port, UDP/IPv4", XDP_IN, "in udp 198.51.100.7:4000 > 192.0.2.10:9999 data=16",
	  NULL },
	{ "closed port, SYN/IPv4", XDP_IN, "in tcp 198.51.100.7:4000 > 192.0.2.10:22 syn", NULL },
	{ "closed port, SYN/IPv6", XDP_IN, "in tcp [2001:db8::7]:4000 > [2001:db8::10]:22 syn",
	  NULL },
	{ "spoofed reply", XDP_IN, "in udp 198.51.100.7:3478 > 192.0.2.10:9999 data=16", NULL },
	{ "reply by flow, UDP/IPv4", XDP_IN, "in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=16",
	  "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16" },
	{ "reply by flow, TCP/IPv6", XDP_IN, "in tcp [2001:db8::7]:5061 > [2001:db8::10]:40000 ack",
	  "out tcp [2001:db8::10]:40000 > [2001:db8::7]:5061 ack" },
	{ "ARP", XDP_IN, "in arp", NULL },
	{ "neighbor solicitation", XDP_IN,
	  "in icmpv6 fe80::1 > fe80::2 type=135 ttl=255 transport=24", NULL },
	{ "fragment", XDP_IN, "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 mf", NULL },
	{ "IPv6, two extension headers", XDP_IN,
	  "in tcp [2001:db8::7]:4000 > [2001:db8::10]:5061 ack hop dst", NULL },
	{ "bare tc drop", BARE_TC, "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16", NULL },
	{ "out, known flow", TC_OUT, "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16",
	  "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16" },
	{ "out, service answer", TC_OUT, "out tcp 192.0.2.10:443 > 198.51.100.7:4000 ack", NULL },
	{ "out, rejected", TC_OUT, "out tcp 192.0.2.10:4000 > 198.51.100.7:443 syn", NULL },
	{ "out, service answer, addresses", GROUPS_TC_OUT,
	  "out tcp 192.0.2.10:443 > 198.51.100.7:4000 ack", NULL },
};
#define CASES (sizeof(bench_cases) / sizeof(*bench_cases))

/* All that is measured with. */
struct bench {
	int programs[PROGRAMS];
	int outs[2]; /* XDP programs that judge `out`, to make flows by: default, with addresses */
	struct object objects[GATES];
	struct frame_bytes *frame;
	unsigned int rounds;
	unsigned int repeats;
	double *times; /* CASES rows of `rounds`, nanoseconds a packet */
};

__attribute__((noreturn)) static void bench_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

static int bench_bare(enum bpf_prog_type type, int action)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(type, "bare", "GPL", code, 2, NULL);

	if (fd < 0)
		bench_fail("load the bare program", errno);
	return fd;
}

/* Its policy in slot 0 of a gate of its own, which is attached nowhere. */
static void bench_load(struct object *object, enum bench_gate gate)
{
	struct policy_group_override groups[2];
	/* an epoch as long as any timeout: the negative cache is used, as on a gate */
	struct image_running fresh = { .epoch = UINT64_MAX };
	struct state state = { .live = 0, .former = SLOT_NONE };
	struct object_wish wish = {
		.xdp = { true, true },
		.tc = { true, true },
		.multi_buffer = true,
		.flows_max = 262144,
	};
	struct policy *policy = NULL;
	struct image image = { 0 };
	struct diags diags = { 0 };
	uint64_t *word;

	for (size_t i = 0; i < 2; i++)
		groups[i] =
			(struct policy_group_override){ bench_groups[i][0], bench_groups[i][1] };
	if (clock_measure(&wish.hz) ||
	    (gate == LIMITS ?
		     policy_parse("limits", bench_limits, strlen(bench_limits), &policy, &diags) :
		     policy_load(NULL, 0, groups, gate == GROUPS ? 2 : 0, &policy, &diags)) ||
	    image_compile(policy, &fresh, &image, &diags) ||
	    object_load(&wish, object, "bench", &diags) ||
	    publish_fill(object->maps, NULL, 0, &image, NULL, "bench", &diags)) {
		autofree char *text = diag_text_all(&diags);

		fputs(text ? text : "", stderr);
		exit(1);
	}
	word = state_map(object->maps[MAP_MEMORY]);
	if (!word)
		bench_fail("map the state", errno);
	*word = state_pack(&state);
	image_free(&image);
	policy_free(policy);
}

static double bench_cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* CPU time of `repeats` runs, nanoseconds. */
static double bench_run(int program, const struct frame_bytes *frame, unsigned int repeats)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = (int)repeats);
	double begin = bench_cpu_time();

	if (bpf_prog_test_run_opts(program, &run))
		bench_fail("run a program", errno);
	return bench_cpu_time() - begin;
}

static void bench_round(struct bench *bench, unsigned int round)
{
	for (size_t turn = 0; turn < CASES; turn++) {
		size_t at = (turn + round) % CASES;
		const struct bench_case *one = &bench_cases[at];
		int program = bench->programs[one->program];
		double fixed, all;

		if (one->first) {
			frame_write(one->first, bench->frame);
			bench_run(bench->outs[one->program >= GROUPS_XDP_IN], bench->frame, 1);
		}
		frame_write(one->words, bench->frame);
		fixed = bench_run(program, bench->frame, RUN_FIXED);
		all = bench_run(program, bench->frame, bench->repeats);
		bench->times[at * bench->rounds + round] =
			(all - fixed) / (bench->repeats - RUN_FIXED);
	}
}

static int bench_compare(const void *one, const void *two)
{
	const double *a = one, *b = two;

	return *a < *b ? -1 : *a > *b;
}

static void bench_describe_machine(void)
{
	autofclose FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], model[200] = "unknown CPU";
	struct utsname name;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %199[^\n]", model) == 1)
			break;
	uname(&name);
	printf("%s, Linux %s\n", model, name.release);
}

static void bench_print(const struct bench *bench)
{
	double bare = 0;

	printf("%-32s %8s %8s %8s %8s %8s\n", "nanoseconds a packet", "median", "25 %", "75 %",
	       "added", "ratio");
	for (size_t i = 0; i < CASES; i++) {
		double *times = &bench->times[i * bench->rounds];
		double median;

		qsort(times, bench->rounds, sizeof(*times), bench_compare);
		median = times[bench->rounds / 2];
		if (bench_cases[i].program == BARE_XDP || bench_cases[i].program == BARE_TC)
			bare = median;
		printf("%-32s %8.1f %8.1f %8.1f %+8.1f %8.2f\n", bench_cases[i].name, median,
		       times[bench->rounds / 4], times[bench->rounds * 3 / 4], median - bare,
		       median / bare);
	}
}

static unsigned int bench_argument(const char *text, uint64_t most)
{
	uint64_t value;

	if (number_parse(text, most, &value) || value < 3) {
		fprintf(stderr,
			"bench: '%s' is not a number from 3 to %llu\n"
			"usage: bench_prog [ROUNDS [REPEATS]]\n",
			text, (unsigned long long)most);
		exit(2);
	}
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	struct bench bench = {
		.rounds = argc > 1 ? bench_argument(argv[1], ROUNDS_MOST) : ROUNDS_DEFAULT,
		.repeats = argc > 2 ? bench_argument(argv[2], 100000000) : REPEATS_DEFAULT,
	};
	struct sched_param first_in = { .sched_priority = 1 };

	bench.frame = malloc(sizeof(*bench.frame));
	bench.times = calloc(CASES * bench.rounds, sizeof(*bench.times));
	if (!bench.frame || !bench.times)
		bench_fail("begin", ENOMEM);
	for (enum bench_gate gate = DEFAULT; gate < GATES; gate++)
		bench_load(&bench.objects[gate], gate);
	bench.programs[BARE_XDP] = bench_bare(BPF_PROG_TYPE_XDP, XDP_DROP);
	bench.programs[BARE_TC] = bench_bare(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_SHOT);
	bench.programs[XDP_IN] = bench.objects[DEFAULT].xdp[DIRECTION_IN];
	bench.programs[TC_OUT] = bench.objects[DEFAULT].tc[DIRECTION_OUT];
	bench.programs[GROUPS_XDP_IN] = bench.objects[GROUPS].xdp[DIRECTION_IN];
	bench.programs[GROUPS_TC_OUT] = bench.objects[GROUPS].tc[DIRECTION_OUT];
	bench.programs[LIMITS_XDP_IN] = bench.objects[LIMITS].xdp[DIRECTION_IN];
	bench.outs[0] = bench.objects[DEFAULT].xdp[DIRECTION_OUT];
	bench.outs[1] = bench.objects[GROUPS].xdp[DIRECTION_OUT];
	/* fewer interruptions; without it the figures are only noisier */
	sched_setscheduler(0, SCHED_FIFO, &first_in);
	for (unsigned int round = 0; round < bench.rounds; round++)
		bench_round(&bench, round);
	bench_describe_machine();
	bench_print(&bench);
	for (enum bench_gate gate = DEFAULT; gate < GATES; gate++)
		object_close(&bench.objects[gate]);
	free(bench.times);
	free(bench.frame);
	return 0;
}
