// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many packets a second `replay` takes from a file that is in the page cache: the verb itself, as
 * the command calls it, on a capture of its own making. Time is CPU time of the process and wall time,
 * less that of a capture without packets (loading the programs).
 *
 *	build/bench/bench_replay [ROUNDS [PACKETS]] [--json FILE]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/results.h"
#include "tests/lib/frame.h"
#include "user/base/number.h"
#include "user/verb/verb.h"

#define ROUNDS_DEFAULT 5u
#define ROUNDS_MOST 101u
#define PACKETS_DEFAULT 1000000u
#define PEERS 200u /* conversations that take turns */

/* What an edge sees: calls, their answers, and what nobody asked for. %u is the peer. */
static const char *const bench_words[] = {
	"out udp 192.0.2.10:40000 > 198.51.100.%u:3478 data=100",
	"in udp 198.51.100.%u:3478 > 192.0.2.10:40000 data=400",
	"in tcp 198.51.100.%u:30000 > 192.0.2.10:5061 syn",
	"in tcp 198.51.100.%u:30000 > 192.0.2.10:5061 ack data=1400",
	"out tcp 192.0.2.10:5061 > 198.51.100.%u:30000 ack data=1400",
	"in tcp 198.51.100.%u:30001 > 192.0.2.10:22 syn",
};
#define KINDS (sizeof(bench_words) / sizeof(*bench_words))

/* pcap's headers: pcap-savefile(5). */
struct bench_file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, sigfigs, snaplen, link_type;
};

struct bench_packet_header {
	uint32_t seconds, microseconds, captured, length;
};

struct bench_times {
	double cpu, wall;
};

__attribute__((noreturn)) static void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, with room in /tmp\n", what,
		strerror(errno));
	exit(1);
}

static void bench_write(FILE *file, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, file) != size)
		bench_fail("write a capture");
}

/* 20 microseconds from packet to packet. */
static void bench_capture(const char *path, unsigned int packets)
{
	const struct bench_file_header header = { 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1 };
	struct frame_bytes *frames = calloc(PEERS * KINDS, sizeof(*frames));
	FILE *file = fopen(path, "w");

	if (!frames || !file)
		bench_fail("make a capture");
	for (unsigned int i = 0; i < PEERS * KINDS; i++) {
		char words[FRAME_TEXT_MAX];

		/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): the table above */
		snprintf(words, sizeof(words), bench_words[i % KINDS], i / (unsigned int)KINDS + 1);
		frame_write(words, &frames[i]);
	}
	bench_write(file, &header, sizeof(header));
	for (unsigned int i = 0; i < packets; i++) {
		const struct frame_bytes *frame = &frames[i % (PEERS * KINDS)];
		const struct bench_packet_header packet = { i / 50000, i % 50000 * 20,
							    (uint32_t)frame->length,
							    (uint32_t)frame->length };

		bench_write(file, &packet, sizeof(packet));
		bench_write(file, frame->bytes, frame->length);
	}
	if (fclose(file))
		bench_fail("write a capture");
	free(frames);
}

static double bench_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One replay, its table thrown away. */
static struct bench_times bench_replay(char *path)
{
	char *arguments[] = { (char *)"replay", (char *)"--host", (char *)"192.0.2.10", path,
			      NULL };
	const struct invocation invocation = { 0 };
	struct bench_times before, after;
	int kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
	int status;

	if (kept < 0 || nowhere < 0)
		bench_fail("open /dev/null");
	fflush(stdout);
	dup2(nowhere, STDOUT_FILENO);
	before.cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	before.wall = bench_clock(CLOCK_MONOTONIC);
	status = verb_replay.run(4, arguments, &invocation);
	after.cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - before.cpu;
	after.wall = bench_clock(CLOCK_MONOTONIC) - before.wall;
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(nowhere);
	if (status)
		bench_fail("replay");
	return after;
}

/* The next word if it is none that begins with a dash; *at goes on. */
static unsigned int bench_number(int argc, char **argv, int *at, uint64_t most, unsigned int other)
{
	uint64_t number = other;

	if (*at >= argc || argv[*at][0] == '-')
		return other;
	if (number_parse(argv[*at], most, &number) || !number) {
		fprintf(stderr,
			"bench: '%s' is no number\n"
			"usage: bench_replay [ROUNDS [PACKETS]] [--json FILE]\n",
			argv[*at]);
		exit(2);
	}
	(*at)++;
	return (unsigned int)number;
}

static void bench_keep(struct results *results, const double *cpu, const double *wall,
		       unsigned int rounds)
{
	const struct results_row speeds[] = {
		{ "packets in a second of CPU time", cpu, RESULTS_NO_TARGET, 0 },
		{ "packets in a second", wall, RESULTS_NO_TARGET, 0 },
	};
	const struct results_table speed = { "replay of a warm file", "M/s", rounds, 2, 2, speeds };
	struct rusage usage;
	double size;
	const struct results_row sizes[] = { { "memory at most", &size, RESULTS_NO_TARGET, 0 } };
	const struct results_table memory = { "replay, its memory", "MiB", 1, 1, 1, sizes };

	getrusage(RUSAGE_SELF, &usage);
	size = (double)usage.ru_maxrss / 1024;
	results_add(results, &speed);
	results_add(results, &memory);
}

int main(int argc, char **argv)
{
	int at = 1;
	unsigned int rounds = bench_number(argc, argv, &at, ROUNDS_MOST, ROUNDS_DEFAULT);
	unsigned int packets = bench_number(argc, argv, &at, 100000000, PACKETS_DEFAULT);
	struct results *results = results_open("replay", argc - at, argv + at);
	char full[] = "/tmp/edgegate-bench-XXXXXX", empty[] = "/tmp/edgegate-bench-XXXXXX";
	double cpu[ROUNDS_MOST], wall[ROUNDS_MOST];

	if (close(mkstemp(full)) || close(mkstemp(empty)))
		bench_fail("make a capture");
	bench_capture(full, packets);
	bench_capture(empty, 0);
	for (unsigned int i = 0; i < rounds; i++) {
		const struct bench_times load = bench_replay(empty), all = bench_replay(full);

		cpu[i] = packets / (all.cpu - load.cpu) / 1e6;
		wall[i] = packets / (all.wall - load.wall) / 1e6;
	}
	unlink(full);
	unlink(empty);
	bench_keep(results, cpu, wall, rounds);
	return results_close(results);
}
