// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random packets through a gate on a wire: of each, `explain -i` is asked first, then it is sent, and what
 * the gate counted and whether it came out behind must be what was said.
 *
 *	agree [OPTION...] EDGEGATE NETNS GATE PEER-NETNS PEER [APPLY-OPTION...]
 *	      --packets N  --seed N  --inside
 *
 * The policies are the property test's, put into force by EDGEGATE apply; so are the packets. Time goes on
 * between the question and the packet: so where it matters the question is asked twice, about now and about
 * a jiffy later. Where both answers are one, the wire has no other to give; else either will do. A packet that took
 * longer than the jiffy and ended otherwise proves nothing: it isn't counted, and there may be few of those.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/wire/agree.h"
#include "user/base/cleanup.h"
#include "user/kernel/netns.h"
#include "user/report/gate.h"

#define PACKETS_PER_POLICY 5000u
#define LONGEST_TIMEOUT 7440u /* seconds, of all that make_policies() has */
#define COMMAND_EVERY 20000u  /* packets between two that the real command is asked about */

struct agree {
	const char *edgegate;
	struct ends ends;
	char *const *options; /* of apply */
	uint64_t seed, packets;
	struct random random;
	struct gate gate;
	struct link link;
	struct seen seen;
	struct ask ask;
	char *policy;     /* in force, as text */
	uint64_t checked; /* packets of which the answer was held against the wire */
	uint64_t unsure;  /* of those, whose answer depends on the moment */
	uint64_t late;    /* not checked: they took too long */
	uint64_t strays;  /* not checked: another packet came in between */
	uint64_t commands;
	uint64_t endings[DIRECTION_COUNT][OUTCOME_COUNT];
};

void agree_fail(const char *why, ...)
{
	va_list arguments;

	va_start(arguments, why);
	fprintf(stderr, "agree: ");
	vfprintf(stderr, why, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

uint64_t agree_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_same(const struct ending *one, const struct ending *other)
{
	return one->outcome == other->outcome && strcmp(one->rule, other->rule) == 0;
}

static bool is_pass(const struct ending *ending)
{
	return report_outcome_class(ending->outcome) != OUTCOME_CLASS_DROP;
}

static void say_ending(const char *who, const struct ending *ending)
{
	fprintf(stderr, "# %s: %s %s%s%s\n", who, is_pass(ending) ? "pass" : "drop",
		report_outcome_label(ending->outcome), ending->rule[0] ? " " : "", ending->rule);
}

/* Everything that it takes to look into it. */
__attribute__((noreturn)) static void differ(const struct agree *agree,
					     const struct wire_frame *frame, const char *why,
					     const struct ending *asked, const struct ending *wire)
{
	fprintf(stderr, "%s\n# seed %llu, packet %llu: --seed %llu runs it again\n", agree->policy,
		(unsigned long long)agree->seed, (unsigned long long)agree->checked + 1,
		(unsigned long long)agree->seed);
	fprintf(stderr, "# %s hex ", frame->direction == DIRECTION_IN ? "in" : "out");
	for (uint32_t i = 0; i < frame->length; i++)
		fprintf(stderr, "%02x", frame->bytes[i]);
	fputc('\n', stderr);
	say_ending("explain", asked);
	say_ending("the wire", wire);
	agree_fail("%s", why);
}

/* ---- one packet -------------------------------------------------------------------------------------- */

/* The command has an answer that is older by its own start: it may have to be asked again. */
static void check_command(struct agree *agree, const struct wire_frame *frame)
{
	struct ending command, ask;

	for (int i = 0; i < 3; i++) {
		command_explain(agree->edgegate, &agree->ends, frame, &command);
		ask_packet(&agree->ask, frame, 0, &ask);
		agree->commands++;
		if (is_same(&command, &ask))
			return;
	}
	differ(agree, frame, "the command explains it otherwise (in place of the wire)", &ask,
	       &command);
}

/* Sent, and seen to have been counted and let through as the gate says. False: it proves nothing. */
static bool send_frame(struct agree *agree, const struct wire_frame *frame,
		       const struct ending *asked, struct moved *moved)
{
	enum arrival arrival;
	bool passes;

	if (!link_send(&agree->link, frame))
		return false;
	seen_next(&agree->seen, agree->ask.judge.image->listing, moved);
	if (moved->packets > 1) {
		agree->strays++;
		link_drain(&agree->link);
		return false;
	}
	if (moved->packets == 0)
		differ(agree, frame, "the gate has not seen it", asked, &moved->ending);
	passes = is_pass(&moved->ending);
	arrival = link_arrived(&agree->link, frame, passes);
	if (arrival != (passes ? ARRIVAL_SAME : ARRIVAL_NONE))
		differ(agree, frame,
		       arrival == ARRIVAL_NONE ? "it passes, and does not arrive" :
		       arrival == ARRIVAL_SAME ? "it is dropped, and arrives" :
						 "what arrives is another packet",
		       asked, &moved->ending);
	return true;
}

/* Time lets what is remembered expire, and buckets fill: it makes no drop a pass but that for a limit. */
static bool hangs_on_time(const struct ending *ending)
{
	return is_pass(ending) || ending->outcome == OUTCOME_DROP_RATE_LIMIT;
}

static void check_frame(struct agree *agree, const struct wire_frame *frame)
{
	uint64_t jiffy = 1000000000u / agree->gate.stamp.hz, begun = agree_now();
	struct ending now, later;
	struct moved moved;

	ask_packet(&agree->ask, frame, 0, &now);
	later = now;
	if (hangs_on_time(&now))
		ask_packet(&agree->ask, frame, 1, &later);
	if (!send_frame(agree, frame, &now, &moved))
		return;
	if (!is_same(&moved.ending, &now) && !is_same(&moved.ending, &later)) {
		if (agree_now() - begun < jiffy)
			differ(agree, frame, "explain and the wire differ", &now, &moved.ending);
		agree->late++;
		return;
	}
	if (moved.bytes != frame->length || moved.direction != frame->direction)
		differ(agree, frame, "it is counted for another direction, or with other bytes",
		       &now, &moved.ending);
	agree->unsure += !is_same(&now, &later);
	agree->endings[frame->direction][moved.ending.outcome]++;
	agree->checked++;
}

/* ---- many -------------------------------------------------------------------------------------------- */

static void pause_for(long milliseconds)
{
	const struct timespec time = { .tv_sec = milliseconds / 1000,
				       .tv_nsec = milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* The step, now and then with much behind it: frames that need more than one buffer. */
static void make_frame(struct random *random, const struct step *step, struct wire_frame *frame)
{
	frame->direction = step->out ? DIRECTION_OUT : DIRECTION_IN;
	frame->length = step->length;
	memcpy(frame->bytes, step->bytes, step->length);
	if (step->length >= 14 && random_chance(random, 2)) {
		frame->length += random_below(random, WIRE_FRAME_MAX - STEP_BYTES_MAX);
		memset(frame->bytes + step->length, 0x77, frame->length - step->length);
	}
}

static void check_row(struct agree *agree, const struct property_case *row)
{
	static struct wire_frame frame;

	for (size_t i = 0; i < row->count && agree->checked < agree->packets; i++) {
		make_frame(&agree->random, &row->steps[i], &frame);
		if (agree->checked / COMMAND_EVERY >= agree->commands && frame.length >= 14)
			check_command(agree, &frame);
		check_frame(agree, &frame);
		/* a token more, an old flow less */
		if (random_below(&agree->random, 200) == 0)
			pause_for(1 + random_below(&agree->random, 3));
		/* as somebody might: no copy may know more than the gate */
		if (random_below(&agree->random, 200) == 0)
			ask_flush(&agree->gate);
	}
}

static void apply(struct agree *agree, const struct model_policy *policy)
{
	autofree char *path = NULL;
	struct diags diags = { 0 };
	int home, error;
	FILE *file;

	free(agree->policy);
	agree->policy = policy_text(policy);
	if (asprintf(&path, "%s/agree-%d.yaml", getenv("TMPDIR") ?: "/tmp", (int)getpid()) < 0)
		agree_fail("no memory");
	file = fopen(path, "w");
	if (!file || fputs(agree->policy, file) < 0 || fclose(file))
		agree_fail("cannot write %s: %s", path, strerror(errno));
	command_apply(agree->edgegate, &agree->ends, agree->options, path);
	unlink(path);
	if (agree->gate.word) {
		ask_renew(&agree->ask);
		seen_watch(&agree->seen, agree->ask.judge.image->listing);
		return;
	}
	home = link_visit(agree->ends.gate_netns);
	error = gate_find(agree->ends.gate, "agree", &agree->gate, &diags);
	if (error)
		agree_fail("cannot open the gate of %s", agree->ends.gate);
	netns_return(&home);
	seen_begin(&agree->seen, &agree->gate);
	ask_open(&agree->ask, &agree->gate);
	seen_watch(&agree->seen, agree->ask.judge.image->listing);
}

static void check_all(struct agree *agree)
{
	struct property_case *row = calloc(1, sizeof(*row));

	if (!row)
		agree_fail("no memory");
	while (agree->checked < agree->packets) {
		make_policies(&agree->random, row->policies);
		/* a gate's marks are for the timeouts of its first policy: the others' are no longer */
		if (agree->checked == 0)
			row->policies[0].timeouts.tcp = LONGEST_TIMEOUT;
		for (unsigned int i = 0; i < POLICIES && agree->checked < agree->packets; i++) {
			uint64_t end = agree->checked + PACKETS_PER_POLICY;

			apply(agree, &row->policies[i]);
			/* the shortest timeouts have passed */
			if (random_chance(&agree->random, 25))
				pause_for(1100);
			while (agree->checked < end && agree->checked < agree->packets) {
				make_steps(&agree->random, row);
				check_row(agree, row);
			}
		}
	}
	free(row);
}

static void report(const struct agree *agree)
{
	printf("%llu packets: explain said what became of each; %llu hung on the moment, %llu were too"
	       " late to tell, %llu strays; the command was asked %llu times\n",
	       (unsigned long long)agree->checked, (unsigned long long)agree->unsure,
	       (unsigned long long)agree->late, (unsigned long long)agree->strays,
	       (unsigned long long)agree->commands);
	for (unsigned int i = OUTCOME_UNDECIDED + 1; i < OUTCOME_DROP_BLOCKED; i++) {
		uint64_t in = agree->endings[DIRECTION_IN][i],
			 out = agree->endings[DIRECTION_OUT][i];

		printf("  %-24s %8llu in %8llu out\n", report_outcome_label((enum outcome)i),
		       (unsigned long long)in, (unsigned long long)out);
		/* what never happens proves nothing */
		if (agree->packets >= 100000 && in + out == 0)
			agree_fail("no packet ended in %s", report_outcome_label((enum outcome)i));
	}
	if (agree->unsure > agree->checked / 50 + 10)
		agree_fail("too many answers hang on the moment");
	if (agree->late + agree->strays > agree->checked / 50 + 10)
		agree_fail("too many packets prove nothing");
}

static bool read_options(int argc, char **argv, struct agree *agree)
{
	static const struct option options[] = { { "packets", required_argument, NULL, 'p' },
						 { "seed", required_argument, NULL, 's' },
						 { "inside", no_argument, NULL, 'i' },
						 { NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		if (option == 'p')
			agree->packets = strtoull(optarg, NULL, 0);
		else if (option == 's')
			agree->seed = strtoull(optarg, NULL, 0);
		else if (option == 'i')
			agree->ends.inside = true;
		else
			return false;
	}
	if (argc - optind < 5)
		return false;
	argv += optind;
	agree->edgegate = argv[0];
	agree->ends.gate_netns = argv[1];
	agree->ends.gate = argv[2];
	agree->ends.peer_netns = argv[3];
	agree->ends.peer = argv[4];
	agree->options = argv + 5;
	return true;
}

int main(int argc, char **argv)
{
	static struct agree agree = { .gate = GATE_CLOSED, .packets = 100000 };

	agree.seed = (uint64_t)time(NULL) * 1000003u;
	if (!read_options(argc, argv, &agree)) {
		fprintf(stderr,
			"usage: agree [--packets N] [--seed N] [--inside] EDGEGATE NETNS GATE"
			" PEER-NETNS PEER [APPLY-OPTION...]\n");
		return 2;
	}
	printf("seed %llu\n", (unsigned long long)agree.seed);
	fflush(stdout);
	agree.random.state = agree.seed;
	link_open(&agree.link, &agree.ends);
	check_all(&agree);
	seen_end(&agree.seen);
	report(&agree);
	ask_close(&agree.ask);
	gate_close(&agree.gate);
	link_close(&agree.link);
	free(agree.policy);
	return 0;
}
