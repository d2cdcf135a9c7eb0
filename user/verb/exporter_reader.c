// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/exporter_reader.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/kernel/object.h"
#include "user/report/history.h"
#include "user/verb/common_slow.h"

/* Of a sample's time at most so much is spent on what the next scrape would find too old. */
#define READER_AHEAD 0.2

struct reader {
	int socket;
	struct common_recent recent;
	struct history history;
	double sampled_at; /* of slow_clock() */
	uint64_t started_at, scrapes, errors;
	char *said; /* what was wrong last, so that it is said once */
};

/* ---- looking --------------------------------------------------------------------------------- */

int exporter_look(struct common_recent *recent, bool stays, struct exporter_look *look,
		  struct diags *diags)
{
	const double began = slow_clock();
	int error;

	*look = (struct exporter_look){
		.gates = {
			.looks_for_drift = true,
			.looks_at_tables = true,
			.stays = stays,
			.recent = recent,
		},
		.self = { .version = EDGEGATE_VERSION, .libbpf = object_libbpf_version() },
	};
	error = common_collect_all(NULL, "exporter", &look->gates, diags);
	look->self.unreadable = look->gates.unread.count;
	look->self.seconds = slow_clock() - began;
	return error;
}

void exporter_look_free(struct exporter_look *look)
{
	common_gates_free(&look->gates);
}

/* What is wrong is said when it begins, not each time that somebody asks. */
static void reader_say(struct reader *reader, struct diags *diags)
{
	autofree char *text = diags->count ? diag_text_all(diags) : NULL;

	if (text && (!reader->said || strcmp(reader->said, text) != 0))
		fputs(text, stderr);
	free(reader->said);
	reader->said = take_pointer(&text);
}

static int reader_look(struct reader *reader, struct exporter_look *look)
{
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = exporter_look(&reader->recent, true, look, &diags);

	reader_say(reader, &diags);
	return error;
}

/* ---- documents ------------------------------------------------------------------------------- */

static int reader_metrics(struct reader *reader, struct exporter_look *look,
			  const struct ask *question, int document)
{
	const enum metrics_format format =
		question->document == ASK_OPENMETRICS ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
	struct metrics_answer answers[ASK_STATUS_COUNT];

	for (int i = 0; i < ASK_STATUS_COUNT; i++)
		answers[i] = (struct metrics_answer){ ask_status_code((enum ask_status)i),
						      question->answers[i] };
	look->self.serves = true;
	look->self.started_at = reader->started_at;
	look->self.scrapes = reader->scrapes;
	look->self.errors = reader->errors;
	look->self.answers = answers;
	look->self.answer_count = ASK_STATUS_COUNT;
	look->self.connections = question->connections;
	look->self.cut = question->cut;
	return metrics_write(format, look->gates.list, look->gates.count, &look->self, ask_sink,
			     &document);
}

static int reader_text(char *text, int document)
{
	autofree char *owned = text;

	return owned ? ask_write(owned, strlen(owned), document) : -ENOMEM;
}

static int reader_of_gates(struct reader *reader, const struct ask *question, int document)
{
	cleanup(exporter_look_free) struct exporter_look look;
	const struct common_gates *gates = &look.gates;
	int error = reader_look(reader, &look);

	reader->scrapes++;
	reader->errors += error || look.self.unreadable > 0;
	/* that all gates are gone must not be what it looks like */
	if (error)
		return error;
	if (question->document == ASK_STATS)
		return reader_text(report_stats_json(gates->list, gates->count, &gates->unread),
				   document);
	if (question->document == ASK_STATUS)
		return reader_text(report_status_json(gates->list, gates->count, &gates->unread),
				   document);
	return reader_metrics(reader, &look, question, document);
}

static int reader_make(struct reader *reader, const struct ask *question, int document)
{
	int error = question->document == ASK_HISTORY ?
			    reader_text(history_json(&reader->history), document) :
			    reader_of_gates(reader, question, document);

	return error ? error : ask_end(document);
}

static int reader_answer(struct reader *reader, const struct ask *question)
{
	autoclose int document = ask_begin();
	int error = document < 0 ? document : reader_make(reader, question, document);

	return ask_answer(reader->socket, error ? error : document);
}

/* ---- the rounds ------------------------------------------------------------------------------ */

static void reader_sample(struct reader *reader)
{
	cleanup(exporter_look_free) struct exporter_look look;
	const double now = slow_clock();
	int error;

	/* behind the beat for long (the machine slept): no sample is made up for */
	reader->sampled_at = now - reader->sampled_at < 2.0 * HISTORY_INTERVAL ?
				     reader->sampled_at + HISTORY_INTERVAL :
				     now;
	reader->recent.looks_ahead_until = now + READER_AHEAD;
	error = reader_look(reader, &look);
	reader->recent.looks_ahead_until = 0;
	if (error)
		return;
	common_recent_sweep(&reader->recent);
	/* without memory a gate lacks a sample, and the next one may be there */
	(void)history_add(&reader->history, look.gates.list, look.gates.count,
			  (uint64_t)time(NULL));
}

static int reader_round(struct reader *reader)
{
	const double left = reader->sampled_at + HISTORY_INTERVAL - slow_clock();
	struct ask question;
	int asked = ask_next(reader->socket, left > 0 ? (int)(left * 1000) + 1 : 0, &question);

	if (asked < 0)
		return asked;
	if (asked && question.document < ASK_DOCUMENTS)
		asked = reader_answer(reader, &question);
	if (slow_clock() - reader->sampled_at >= HISTORY_INTERVAL)
		reader_sample(reader);
	return asked < 0 ? asked : 0;
}

int exporter_reader(int socket, const struct drop_user *user)
{
	struct reader reader = { .socket = socket, .started_at = (uint64_t)time(NULL) };
	struct diags diags = { 0 };
	int error = gate_only_read();

	/* Ctrl-C reaches both of us; the one that serves ends, and then nobody asks any more */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (error) {
		diag_system(&diags, -error, "exporter", "cannot read gates");
		diag_hint(&diags, "run edgegate as root");
		return common_end(&diags);
	}
	/*
	 * not that of pins: a bpffs may be mounted there later, and a rule on what it covers
	 * wouldn't hold in it
	 */
	error = drop_all(DROP_READER, user, "/sys/fs", &diags);
	if (diags.count && common_end(&diags))
		return 1;
	reader_sample(&reader);
	while (!error)
		error = reader_round(&reader);
	common_recent_free(&reader.recent);
	history_free(&reader.history);
	free(reader.said);
	return error == -EPIPE ? 0 : 1;
}
