// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many packets a second each of several filters drops at the end of a veth pair, under floods of several
 * kinds. tests/bench/wire draws the network and calls this:
 *
 *	bench_wire ROUNDS SOURCE [NETNS:DEVICE:NAME]... [--json FILE]
 *
 * SOURCE is the namespace in which the sending DEVICEs are; the other end of each is gate0 in NETNS. Sender and
 * filter share a processor: what BPF_PROG_TEST_RUN sends (live frames, see tests/lib/spray.bpf.c) is received in
 * the same thread's softirq, so nothing is lost and a packet's cost is that of making it and that of judging it.
 * In each round each filter gets a burst of each kind, in another order than in the round before. Counted is what
 * gate0 has received.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/bench/ends.h"
#include "tests/bench/results.h"
#include "tests/lib/frame.h"
#include "tests/lib/spray.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"

#define SPRAY "build/tests/lib/spray.bpf.o"
#define BURST_NS 250000000.0
#define TRIAL 16384u /* packets, to see how many a burst takes */
#define CHECKED 64u  /* packets that show whether a filter does anything */
#define FLOWS 100000u
#define ROUNDS_MOST 1000u
#define CONTENDERS_MOST 16u
#define BARE "bare XDP_DROP"
#define GATE "edgegate"
#define FLOODED "edgegate, 100,000 flows" /* takes part where flows matter */

enum kind { ONE_TUPLE, ONE_PORT, RANDOM, REPLIES, KINDS };

static const struct flood {
	const char *title;
	bool vary, flows;
	uint16_t remote, local; /* ports, 0: by chance; ONE_TUPLE has those of the frame */
	double target;          /* edgegate's least ratio to BARE; 0: none */
} floods[KINDS] = {
	[ONE_TUPLE] = { "drop rate, one tuple", false, false, 0, 0, 0.85 },
	[ONE_PORT] = { "drop rate, one port from random addresses and ports", true, false, 0, 9999,
		       0 },
	[RANDOM] = { "drop rate, random addresses and ports", true, false, 0, 0, 0.80 },
	[REPLIES] = { "drop rate, forged replies: from port 3478, the rest random", true, true,
		      3478, 0, 0.70 },
};

/* The peers' time for a packet, at least so many times edgegate's. */
static const struct peer {
	const char *name;
	double least;
} peers[] = {
	{ "xdp-filter", 1.3 },
	{ "nft ingress", 4 },
	{ "nft conntrack", 7.5 },
	{ "iptables conntrack", 7.5 },
};

struct contender {
	const char *netns, *name;
	uint32_t device; /* that sends */
	int received;    /* see ends.h */
	int reached;
	bool present[KINDS];
	uint32_t packets[KINDS]; /* of a burst */
	char names[KINDS][64];   /* says what it lets in */
	double *rates[KINDS];    /* Mpps, by round */
};

struct wire {
	struct contender contenders[CONTENDERS_MOST];
	size_t count;
	unsigned int rounds;
	int program;   /* spray_frame */
	int variables; /* the map that has its struct spray */
	uint64_t sent, lost;
};

static struct frame_bytes frame;

/* ---- bursts ------------------------------------------------------------------------------------ */

/* See struct spray. */
static uint32_t wire_sum(void)
{
	uint32_t sum = 0;
	uint16_t half;

	for (size_t i = 14; i < 34; i += 2) {
		memcpy(&half, frame.bytes + i, sizeof(half));
		if (i != 24 && i != 26 && i != 28)
			sum += half;
	}
	return sum;
}

static void wire_write(const char *words)
{
	uint16_t halves[2], checksum;
	uint32_t sum;

	frame_write(words, &frame);
	memset(frame.bytes + 40, 0, 2); /* no UDP checksum: the program changes what it is of */
	memcpy(halves, frame.bytes + 26, sizeof(halves));
	sum = wire_sum() + halves[0] + halves[1];
	sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	memcpy(frame.bytes + 24, &checksum, sizeof(checksum));
}

/* Sends so many; returns how many have arrived a second. */
static double wire_burst(struct wire *wire, const struct contender *contender,
			 const struct flood *flood, uint32_t packets)
{
	static uint32_t at; /* no burst has a source of the one before */
	struct spray spray = { .device = contender->device,
			       .vary = flood->vary,
			       .at = at,
			       .sum = wire_sum(),
			       .remote = flood->remote,
			       .local = flood->local };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.length, .repeat = (int)packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	uint64_t before, arrived, begin, end;
	uint32_t zero = 0;

	at += packets;
	if (bpf_map_update_elem(wire->variables, &zero, &spray, BPF_ANY))
		ends_fail("set what is sent");
	before = ends_received(contender->received, "gate0");
	begin = ends_worked();
	if (bpf_prog_test_run_opts(wire->program, &run))
		ends_fail("send (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18)");
	end = ends_worked();
	arrived = ends_received(contender->received, "gate0") - before;
	wire->sent += packets;
	wire->lost += packets - (arrived < packets ? arrived : packets);
	return (double)arrived * 1e9 / (double)(end - begin);
}

/* ---- before the rounds ------------------------------------------------------------------------- */

/* 100,000 conversations that the host has begun, to UDP port 3478. */
static void wire_converse(const char *netns, const char *source)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(3478) };
	autoclose int fd = -1;

	ends_enter(netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (uint32_t i = 0; fd >= 0 && i < FLOWS; i++) {
		to.sin_addr.s_addr = htonl((12u << 24) + i); /* 12.0.0.0/8 */
		if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		ends_fail("begin conversations");
	ends_enter(source);
}

/* Whether it passes what its policy allows, and drops what a flood is made of. The bare one only drops. */
static bool wire_check(struct wire *wire, const struct contender *contender)
{
	const struct flood one = { .vary = false };
	uint64_t before = ends_reached(contender->reached), allowed, forbidden;

	wire_write("in udp 198.51.100.7:40000 > 192.0.2.10:3478 data=18");
	wire_burst(wire, contender, &one, CHECKED);
	allowed = ends_reached(contender->reached) - before;
	wire_write("in udp 198.51.100.7:40000 > 192.0.2.10:9999 data=18");
	wire_burst(wire, contender, &one, CHECKED);
	forbidden = ends_reached(contender->reached) - before - allowed;
	if ((allowed >= CHECKED) == (strcmp(contender->name, BARE) != 0) && !forbidden)
		return true;
	fprintf(stderr,
		"bench: %s is left out: of %u packets that it has to pass it passed %llu, "
		"of %u that it has to drop %llu\n",
		contender->name, CHECKED, (unsigned long long)allowed, CHECKED,
		(unsigned long long)forbidden);
	return false;
}

/* How many packets a burst takes, and whether the host gets them. */
static void wire_try(struct wire *wire, struct contender *contender, enum kind kind)
{
	const char *name = contender->name;
	uint64_t before;
	double rate;

	contender->present[kind] = floods[kind].flows || strcmp(name, FLOODED) != 0;
	contender->rates[kind] = calloc(wire->rounds, sizeof(double));
	if (!contender->rates[kind])
		ends_fail("begin");
	if (!contender->present[kind])
		return;
	wire_burst(wire, contender, &floods[kind], TRIAL);
	before = ends_reached(contender->reached);
	rate = wire_burst(wire, contender, &floods[kind], TRIAL);
	contender->packets[kind] = (uint32_t)(rate * BURST_NS / 1e9) + TRIAL;
	snprintf(contender->names[kind], sizeof(contender->names[kind]), "%s%s", name,
		 ends_reached(contender->reached) - before > TRIAL / 2 ? " (lets it in)" : "");
}

static void wire_add(struct wire *wire, char *words, const char *source)
{
	const char *netns = strsep(&words, ":"), *device = strsep(&words, ":");
	struct contender *contender = &wire->contenders[wire->count];

	if (!words || wire->count == CONTENDERS_MOST) {
		errno = EINVAL;
		ends_fail("understand a contender");
	}
	*contender = (struct contender){ .netns = netns, .name = words };
	ends_enter(netns);
	contender->received = ends_open("dev");
	contender->reached = ends_open("snmp");
	ends_enter(source);
	contender->device = if_nametoindex(device);
	if (!contender->device)
		ends_fail(device);
	if (strcmp(words, FLOODED) == 0)
		wire_converse(netns, source);
	if (!wire_check(wire, contender))
		return;
	for (enum kind kind = 0; kind < KINDS; kind++)
		wire_try(wire, contender, kind);
	wire->count++;
}

/* ---- the rounds, and what they found ----------------------------------------------------------- */

static void wire_round(struct wire *wire, unsigned int round)
{
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (size_t turn = 0; turn < wire->count; turn++) {
			struct contender *one = &wire->contenders[(turn + round) % wire->count];

			if (one->present[kind])
				one->rates[kind][round] =
					wire_burst(wire, one, &floods[kind], one->packets[kind]) /
					1e6;
		}
}

static void wire_show(const struct wire *wire, enum kind kind, struct results *results)
{
	struct results_row rows[CONTENDERS_MOST];
	struct results_table table = { floods[kind].title, "Mpps", wire->rounds, 0, 0, rows };

	for (size_t i = 0; i < wire->count; i++) {
		const struct contender *one = &wire->contenders[i];
		bool is_gate = strncmp(one->name, GATE, strlen(GATE)) == 0;

		if (!one->present[kind])
			continue;
		if (strcmp(one->name, BARE) == 0)
			table.baseline = table.row_count;
		rows[table.row_count++] = (struct results_row){ one->names[kind], one->rates[kind],
								is_gate && floods[kind].target ?
									RESULTS_RATIO_LEAST :
									RESULTS_NO_TARGET,
								floods[kind].target };
	}
	results_add(results, &table);
}

/* Nanoseconds, so that a peer's ratio to edgegate says how many times faster edgegate is. */
static void wire_show_peers(const struct wire *wire, struct results *results)
{
	autofree double *times = calloc(CONTENDERS_MOST * (size_t)wire->rounds, sizeof(*times));
	struct results_row rows[CONTENDERS_MOST];
	struct results_table table = {
		"edgegate beside its peers: random addresses and ports, a packet",
		"ns",
		wire->rounds,
		0,
		wire->count,
		rows
	};

	if (!times)
		ends_fail("compare");
	for (size_t i = 0; i < wire->count; i++) {
		const struct contender *one = &wire->contenders[i];
		double *mine = &times[table.row_count * wire->rounds];
		struct results_row row = { one->names[RANDOM], mine, RESULTS_NO_TARGET, 0 };

		if (!one->present[RANDOM] || strcmp(one->name, BARE) == 0)
			continue;
		for (unsigned int round = 0; round < wire->rounds; round++)
			mine[round] = 1e3 / one->rates[RANDOM][round];
		for (size_t peer = 0; peer < sizeof(peers) / sizeof(*peers); peer++)
			if (strcmp(one->name, peers[peer].name) == 0) {
				row.target = RESULTS_RATIO_LEAST;
				row.target_value = peers[peer].least;
			}
		if (strcmp(one->name, GATE) == 0)
			table.baseline = table.row_count;
		rows[table.row_count++] = row;
	}
	if (table.baseline < table.row_count)
		results_add(results, &table);
}

static void wire_free(struct wire *wire)
{
	for (size_t i = 0; i < wire->count; i++)
		for (enum kind kind = 0; kind < KINDS; kind++)
			free(wire->contenders[i].rates[kind]);
}

/* Words from the third to the first option are contenders. */
static int wire_contenders(int argc, char **argv, struct wire *wire)
{
	int at = 3;

	for (; at < argc && strncmp(argv[at], "--", 2) != 0; at++)
		wire_add(wire, argv[at], argv[2]);
	if (wire->count && strcmp(wire->contenders[0].name, BARE) == 0)
		return at;
	errno = EINVAL;
	ends_fail("compare with '" BARE "', which has to be the first");
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open_file(SPRAY, NULL);
	struct wire wire = { 0 };
	struct results *results;
	uint64_t rounds;
	int words;

	if (argc < 4 || number_parse(argv[1], ROUNDS_MOST, &rounds) || !rounds) {
		fprintf(stderr, "usage: bench_wire ROUNDS SOURCE [NETNS:DEVICE:NAME]... [--json "
				"FILE]\n");
		return 2;
	}
	if (!object || bpf_object__load(object))
		ends_fail("load " SPRAY);
	wire.rounds = (unsigned int)rounds;
	wire.program = bpf_program__fd(bpf_object__find_program_by_name(object, "spray_frame"));
	wire.variables = bpf_object__find_map_fd_by_name(object, ".bss");
	/* Not SCHED_FIFO: ksoftirqd would have to wait for us. Without it the figures are only noisier. */
	setpriority(PRIO_PROCESS, 0, -20);
	ends_pin(1);
	ends_enter(argv[2]);
	/* A program that hangs somewhere is not put into the kernel's dispatcher, 20 ms, for each burst. */
	if (bpf_xdp_attach((int)if_nametoindex("lo"), wire.program, XDP_FLAGS_SKB_MODE, NULL))
		ends_fail("hang up the program");
	words = wire_contenders(argc, argv, &wire);
	results = results_open("wire", argc - words, argv + words);
	for (unsigned int round = 0; round < wire.rounds; round++)
		wire_round(&wire, round);
	for (enum kind kind = 0; kind < KINDS; kind++)
		wire_show(&wire, kind, results);
	wire_show_peers(&wire, results);
	if (wire.lost > wire.sent / 1000)
		fprintf(stderr, "bench: %.1f %% of the packets never arrived, and aren't counted\n",
			(double)wire.lost * 100 / (double)wire.sent);
	wire_free(&wire);
	bpf_object__close(object);
	return results_close(results);
}
