// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"
#include "user/verb/common.h"
#include "user/verb/common_host.h"
#include "user/verb/replay_progress.h"
#include "user/verb/replay_show.h"

/* All that a replay needs. */
struct replay {
	struct common_options options;
	const char *const *policies;
	size_t policy_count;
	const char *const *captures;
	size_t capture_count;
	struct host host;
	struct replay_judge judges[2]; /* the policy, and with --diff the other one */
	struct chunk *chunk;
	struct chunk_clock clock;
	struct replay_show show;
	struct replay_progress progress;
	bool broken; /* not by a capture: what was to be written is not worth keeping */
};

static void replay_free(struct replay *replay)
{
	replay_show_free(&replay->show);
	replay_judge_close(&replay->judges[0]);
	replay_judge_close(&replay->judges[1]);
	chunk_free(replay->chunk);
	host_free(&replay->host);
	common_options_free(&replay->options);
}

/* ---- a signal ends it as the capture's end would, but for what --write has begun ------------------ */

static volatile sig_atomic_t replay_signal;

static void replay_end(int signal)
{
	replay_signal = signal;
}

static void replay_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	/* no SA_RESTART: standard input may be a pipe that says nothing */
	const struct sigaction action = { .sa_handler = replay_end };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		/* whoever started it with nohup meant it */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	/* a file that may not grow any more (ulimit -f) is an error of --write as others are */
	signal(SIGXFSZ, SIG_IGN);
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static bool replay_is_named_like_a_capture(const char *name)
{
	static const char *const ends[] = { ".pcap", ".pcapng", ".cap", ".dump" };
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t end = strlen(ends[i]);

		if (length > end && strcmp(name + length - end, ends[i]) == 0)
			return true;
	}
	return false;
}

/* Policies stand first; captures are told by what they begin with or are called, the last one is one. */
static int replay_split(struct replay *replay, struct diags *diags)
{
	const struct common_options *options = &replay->options;
	size_t policies = 0, inputs = 0;

	if (!options->argument_count) {
		diag_usage(diags, "replay", "it needs a capture");
		diag_hint(diags, "edgegate replay edge.yaml --host 192.0.2.10 traffic.pcap");
		return -EINVAL;
	}
	while (policies + 1 < options->argument_count &&
	       !capture_is_one(options->arguments[policies]) &&
	       !replay_is_named_like_a_capture(options->arguments[policies]))
		policies++;
	replay->policies = options->arguments;
	replay->policy_count = policies;
	replay->captures = options->arguments + policies;
	replay->capture_count = options->argument_count - policies;
	for (size_t i = 0; i < options->argument_count; i++)
		inputs += strcmp(options->arguments[i], "-") == 0;
	inputs += options->diff && strcmp(options->diff, "-") == 0;
	if (inputs > 1) {
		diag_usage(diags, "replay", "standard input can be read only once");
		diag_hint(diags, "let - stand for one policy or one capture");
		return -EINVAL;
	}
	if (options->write && (!*options->write || strcmp(options->write, "-") == 0)) {
		diag_usage(diags, "--write", "'%s' is no file's name", options->write);
		diag_hint(diags, "standard output has the report; into a pipe: "
				 "--write /dev/fd/3 3>&1 >/dev/null");
		return -EINVAL;
	}
	return 0;
}

/* ---- the run ------------------------------------------------------------------------------------- */

static int replay_chunk_judge(struct replay *replay, struct diags *diags)
{
	struct chunk *chunk = replay->chunk;
	int error = common_host_directions(&replay->host, chunk, "replay", diags);

	for (size_t i = 0; i < replay->show.judge_count && !error; i++)
		error = replay_judge_run(&replay->judges[i], chunk, diags);
	return error ? error : replay_show_chunk(&replay->show, chunk, diags);
}

static int replay_prepare(struct replay *replay, struct capture *capture, struct diags *diags)
{
	const struct common_options *options = &replay->options;
	int error = 0;

	if (options->filter)
		error = capture_filter(capture, options->filter, diags);
	if (!error && options->write)
		error = replay->show.writer ? writer_takes(replay->show.writer, capture, diags) :
					      writer_open(options->write, capture, "replay --write",
							  &replay->show.writer, diags);
	replay->clock.capture_begins = true;
	return error;
}

static void replay_close(struct capture **capture)
{
	capture_close(*capture);
}

/* What stands in front of damage is judged before the error is told. */
static int replay_capture(struct replay *replay, const char *name, struct diags *diags)
{
	autofree char *what =
		text_print("replay %s", strcmp(name, "-") == 0 ? "standard input" : name);
	cleanup(replay_close) struct capture *capture = NULL;
	int error = what ? capture_open(name, what, &capture, diags) :
			   diag_system(diags, ENOMEM, "replay", NULL);

	if (!error)
		error = replay_prepare(replay, capture, diags);
	while (!error && !replay_signal) {
		struct diags damage = { 0 };
		int ended = chunk_read(replay->chunk, capture, &replay->clock, &damage);

		error = replay_chunk_judge(replay, diags);
		replay->broken = error;
		/* a signal in the middle of a read is no damage */
		if (replay_signal)
			diags_clear(&damage);
		diags_move(diags, &damage);
		if (error || ended < 0)
			return error ? error : ended;
		if (ended)
			break;
		replay_progress_step(&replay->progress, capture_position(capture),
				     replay->show.totals.read);
	}
	if (!error)
		replay->progress.done += capture_size(capture);
	return error;
}

static void replay_measure(struct replay *replay)
{
	replay_progress_begin(&replay->progress, replay->options.json);
	for (size_t i = 0; i < replay->capture_count; i++) {
		struct stat status;

		if (stat(replay->captures[i], &status) || !S_ISREG(status.st_mode)) {
			replay->progress.size = 0;
			return;
		}
		replay->progress.size += (uint64_t)status.st_size;
	}
}

static int replay_captures(struct replay *replay, struct diags *diags)
{
	int error = 0, ended;

	replay_measure(replay);
	for (size_t i = 0; i < replay->capture_count && !error && !replay_signal; i++) {
		replay->show.capture = replay->capture_count > 1 ? replay->captures[i] : NULL;
		error = replay_capture(replay, replay->captures[i], diags);
	}
	replay_progress_end(&replay->progress);
	replay->show.totals.nanoseconds = replay->clock.passed;
	if (replay_signal == SIGPIPE)
		return -EPIPE;
	/* of a capture that can't be read at all there is nothing to say */
	ended = error && !replay->show.totals.read ?
			0 :
			replay_show_end(&replay->show, replay->clock.now, diags);
	/* of a damaged capture, what was read is worth keeping */
	if (!ended && !replay_signal && !replay->broken && replay->show.writer)
		ended = writer_finish(replay->show.writer, diags);
	return error ? error : ended;
}

static int replay_open(struct replay *replay, struct diags *diags)
{
	const struct common_options *options = &replay->options;
	size_t judges = options->diff ? 2 : 1;
	int error = replay_judge_read(&replay->judges[0], replay->policies, replay->policy_count,
				      options, diags);

	if (!error && options->diff)
		error = replay_judge_read(&replay->judges[1], &options->diff, 1, options, diags);
	if (!error)
		error = common_host_read(options, &replay->host, diags);
	for (size_t i = 0; i < judges && !error; i++)
		error = replay_judge_open(&replay->judges[i], diags);
	if (error)
		return error;
	replay->chunk = calloc(1, sizeof(*replay->chunk));
	if (!replay->chunk)
		return diag_system(diags, ENOMEM, "replay", NULL);
	replay->chunk->raw = options->write;
	replay->show.options = options;
	replay->show.judges = replay->judges;
	replay->show.judge_count = judges;
	replay->show.totals.narrowed = options->only || options->filter || options->diff;
	for (size_t i = 0; i < judges; i++)
		replay->chunk->payload = replay->chunk->payload ||
					 replay_judge_wants_payload(&replay->judges[i]);
	return 0;
}

static int replay_all(int argc, char **argv, struct replay *replay, struct diags *diags)
{
	int error =
		common_options_read(&verb_replay, argc, argv, "gjoOFWDS", &replay->options, diags);

	if (error > 0)
		return error - 1;
	if (!error)
		error = replay_split(replay, diags);
	if (!error)
		error = replay_open(replay, diags);
	/* warnings about the policy come before all else */
	if (error)
		return common_end(diags);
	common_end(diags);
	replay_catch_signals();
	error = replay_captures(replay, diags);
	/* an error that was told is one even where only a later one stopped it */
	return error && !replay_signal ? common_end(diags) : 0;
}

static int replay_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(diags_clear) struct diags diags = { 0 };
	struct replay replay = { 0 };
	int status;

	(void)invocation;
	status = replay_all(argc, argv, &replay, &diags);
	replay_free(&replay);
	if (replay_signal) {
		/* so that a shell sees what ended it */
		signal(replay_signal, SIG_DFL);
		raise(replay_signal);
	}
	return status;
}

const struct verb verb_replay = {
	.name = "replay",
	.summary = "what a policy would have done to a capture",
	.help = "Usage: edgegate replay [POLICY...] [--host ADDRESS,...] CAPTURE...\n"
		"\n"
		"Runs the packets of captures through the real programs, without any interface, and says\n"
		"what the policy would have done: per rule and reason, or with --json packet by packet.\n"
		"POLICY is as for check. CAPTURE is a pcap or pcapng file, or - for standard input; it is\n"
		"told from a policy by its first bytes or by .pcap, .pcapng, .cap, and the last is one.\n"
		"Several are read one after the other. The captures' clocks drive all timeouts. A packet\n"
		"of which the capture has less than its headers gets no verdict: unknown, truncated.\n"
		"\n"
		"      --host ADDRESS,...         addresses and prefixes of the host: packets from them go\n"
		"                                 out, all others in. Left out, it is guessed\n"
		"      --group NAME=ADDRESS,...   the group's members, in place of the policy's\n"
		"      --only pass|drop|unknown   show and write only packets with this verdict\n"
		"      --filter EXPRESSION        ... only those that match, as tcpdump takes it: see\n"
		"                                 man pcap-filter. All packets are judged all the same\n"
		"      --diff OTHER_POLICY        ... only those that pass with one policy and are dropped\n"
		"                                 with the other\n"
		"      --write FILE               writes them as a capture; FILE appears when it is whole\n"
		"      --json                     a line of JSON for each (docs/json.md)\n"
		"      --summary                  with --json or --diff: the counts of every rule as well\n"
		"  -h, --help                     this page\n",
	.run = replay_run,
};
