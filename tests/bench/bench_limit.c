// SPDX-License-Identifier: GPL-2.0-only
/*
 * How exact a limit is on the real clock: packets at a steady pace by BPF_PROG_TEST_RUN for some seconds,
 * to a limit of half and of twice the rate at which they come, per rule and per source. Fails where more
 * or fewer were accepted than 5 % off what the limit says. No timer and no knob of the tests is in it.
 *
 *	build/bench/bench_limit [SECONDS] [--json FILE]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/results.h"
#include "tests/lib/frame.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/image/image.h"
#include "user/kernel/clock.h"
#include "user/kernel/object.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

#define SECONDS_DEFAULT 10u
#define SOURCES 10u           /* that take turns */
#define PACE 500000l          /* nanoseconds of sleep between packets that are due */
#define ERROR_MAX 0.05        /* of what is to be accepted */
#define SOURCE_AT (14u + 12u) /* of an IPv4 frame: bytes of its source address */

static const unsigned int rates[] = { 1000, 10000, 100000 };
#define RATES (sizeof(rates) / sizeof(*rates))
#define KINDS 4u /* half the rate and twice it, per rule and per source */
#define LINES (RATES * KINDS)

__attribute__((noreturn)) static void limit_fail(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\nrun it as root, on Linux 6.1 or later\n", what,
		strerror(error));
	exit(1);
}

/* A gate that is attached nowhere, with one rule whose limit is `rate` a second. */
static void limit_load(struct object *object, unsigned int rate, bool per_source)
{
	struct image_running fresh = { 0 };
	struct state state = { .live = 0, .former = SLOT_NONE };
	struct object_wish wish = { .xdp = { true, true }, .flows_max = FLOWS_MAX_LEAST };
	struct policy *policy = NULL;
	struct image image = { 0 };
	struct diags diags = { 0 };
	uint64_t *word;
	char text[256];

	/* a tenth of a second's worth: enough for a machine that is busy elsewhere */
	snprintf(text, sizeof(text),
		 "policy: bench\n"
		 "rules:\n"
		 "  - {name: one, direction: in, protocol: udp, ports: 53,\n"
		 "     limit: {rate: %u/s, burst: %u, per: %s}}\n",
		 rate, rate / 10, per_source ? "source" : "rule");
	if (clock_measure(&wish.hz) || policy_parse("bench", text, strlen(text), &policy, &diags) ||
	    image_compile(policy, &fresh, &image, &diags) ||
	    object_load(&wish, object, "bench", &diags) ||
	    publish_fill(object->maps, NULL, 0, &image, NULL, "bench", &diags)) {
		autofree char *said = diag_text_all(&diags);

		fputs(said ? said : "", stderr);
		exit(1);
	}
	word = state_map(object->maps[MAP_MEMORY]);
	if (!word)
		limit_fail("map the state", errno);
	*word = state_pack(&state);
	state_unmap(&word);
	image_free(&image);
	policy_free(policy);
}

static double limit_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One packet of source `number`; true if it was accepted. */
static bool limit_send(const struct object *object, struct frame_bytes *frame, unsigned int number)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .repeat = 1);

	frame->bytes[SOURCE_AT + 3] = (uint8_t)(1 + number % SOURCES);
	if (bpf_prog_test_run_opts(object->xdp[DIRECTION_IN], &run))
		limit_fail("run a program", errno);
	return run.retval == XDP_PASS;
}

/* Offers `rate` packets a second; how much more was accepted than the limit says, in parts of that. */
static double limit_measure(unsigned int rate, unsigned int limit, bool per_source,
			    unsigned int seconds)
{
	static struct frame_bytes frame;
	struct object object;
	unsigned long long sent = 0, accepted = 0;
	double begin, elapsed, expected, error;

	limit_load(&object, per_source ? limit / SOURCES : limit, per_source);
	frame_write("in udp 198.51.100.1:4000 > 192.0.2.10:53 data=16", &frame);
	/* no burst in what is measured */
	for (unsigned int i = 0, refused = 0; refused < SOURCES && i < limit; i++)
		refused = limit_send(&object, &frame, i) ? 0 : refused + 1;
	begin = limit_now();
	while ((elapsed = limit_now() - begin) < seconds) {
		unsigned long long due = (unsigned long long)(elapsed * rate);

		for (; sent < due; sent++)
			accepted += limit_send(&object, &frame, (unsigned int)(sent % SOURCES));
		nanosleep(&(struct timespec){ .tv_nsec = PACE }, NULL);
	}
	object_close(&object);
	expected = limit * elapsed < (double)sent ? limit * elapsed : (double)sent;
	error = (double)accepted / expected - 1;
	printf("%-10s %10u %10u %12.0f %12.0f %+8.2f %%\n", per_source ? "source" : "rule", rate,
	       limit, (double)sent / elapsed, (double)accepted / elapsed, error * 100);
	fflush(stdout);
	return error;
}

/* A line of what is kept. */
struct limit_line {
	char name[64];
	double off; /* per cent of what the limit says */
};

static void limit_keep(struct results *results, const struct limit_line *lines, size_t count)
{
	struct results_row rows[LINES];
	const struct results_table table = {
		"accepted at a steady pace, off what the limit says", "%", 1, count, count, rows,
	};

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct results_row){ lines[i].name, &lines[i].off, RESULTS_VALUE_MOST,
						ERROR_MAX * 100 };
	results_add(results, &table);
}

int main(int argc, char **argv)
{
	struct limit_line lines[LINES], *line = lines;
	uint64_t seconds = SECONDS_DEFAULT;
	struct results *results;
	bool good = true;
	int used = 1;

	if (argc > 1 && argv[1][0] != '-') {
		if (number_parse(argv[1], 3600, &seconds) || !seconds) {
			fprintf(stderr,
				"bench: '%s' is not a number from 1 to 3600\n"
				"usage: bench_limit [SECONDS] [--json FILE]\n",
				argv[1]);
			return 2;
		}
		used = 2;
	}
	results = results_open("limit", argc - used, argv + used);
	printf("%-10s %10s %10s %12s %12s %10s\n", "limit per", "pace/s", "limit/s", "offered/s",
	       "accepted/s", "error");
	for (size_t i = 0; i < RATES * KINDS; i++, line++) {
		unsigned int rate = rates[i / KINDS], limit = i % 2 ? rate * 2 : rate / 2;
		bool per_source = i / 2 % 2;
		double error = limit_measure(rate, limit, per_source, (unsigned int)seconds);

		line->off = (error < 0 ? -error : error) * 100;
		snprintf(line->name, sizeof(line->name), "per %s, %u/s offered, limit %u/s",
			 per_source ? "source" : "rule", rate, limit);
		good &= line->off <= ERROR_MAX * 100;
	}
	limit_keep(results, lines, LINES);
	if (!good)
		fprintf(stderr, "bench: more than %.0f %% off\n", ERROR_MAX * 100);
	return results_close(results) || !good;
}
