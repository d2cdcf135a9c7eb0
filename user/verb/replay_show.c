// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/replay_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"

/* ---- one packet -------------------------------------------------------------------------------- */

static bool show_is_wanted(const struct replay_show *show, const struct chunk_packet *packet,
			   const struct report_replay_verdict verdicts[2])
{
	const char *word = report_replay_word(verdicts[0].outcome);

	if (!packet->matches)
		return false;
	if (show->options->only && strcmp(show->options->only, word) != 0)
		return false;
	return show->judge_count == 1 || strcmp(word, report_replay_word(verdicts[1].outcome)) != 0;
}

static bool verdict_is(const struct report_replay_verdict *one,
		       const struct report_replay_verdict *other)
{
	/* names are borrowed from one place */
	return one->outcome == other->outcome && one->rule == other->rule;
}

static int show_change(struct replay_show *show, const struct chunk_packet *packet,
		       const struct report_replay_verdict verdicts[2], struct diags *diags)
{
	struct report_replay_change *change = NULL;

	for (size_t i = 0; i < show->change_count && !change; i++) {
		struct report_replay_change *at = &show->changes[i];

		if (at->direction == packet->direction &&
		    verdict_is(&at->verdicts[0], &verdicts[0]) &&
		    verdict_is(&at->verdicts[1], &verdicts[1]))
			change = at;
	}
	if (!change) {
		change = array_add(&show->changes, &show->change_count);
		if (!change)
			return diag_system(diags, ENOMEM, "replay", NULL);
		change->direction = packet->direction;
		change->verdicts[0] = verdicts[0];
		change->verdicts[1] = verdicts[1];
	}
	change->count.packets++;
	change->count.bytes += packet->length;
	return 0;
}

static void show_count(struct replay_show *show, const struct chunk_packet *packet, size_t at,
		       enum outcome outcome)
{
	struct report_replay_totals *totals = &show->totals;

	for (size_t i = 0; i < show->judge_count; i++)
		replay_judge_count(&show->judges[i], packet, at);
	totals->packets[packet->direction].packets++;
	totals->packets[packet->direction].bytes += packet->length;
	if (outcome == OUTCOME_UNDECIDED) {
		totals->truncated[packet->direction].packets++;
		totals->truncated[packet->direction].bytes += packet->length;
	}
}

static int show_write(struct replay_show *show, const struct chunk *chunk,
		      const struct chunk_packet *packet, struct diags *diags)
{
	const struct capture_packet written = {
		.number = packet->number,
		.time = packet->time,
		.raw = chunk->bytes + packet->raw,
		.raw_captured = packet->raw_captured,
		.raw_length = packet->raw_length,
	};

	return writer_add(show->writer, &written, diags);
}

static int show_packet(struct replay_show *show, const struct chunk *chunk, size_t at,
		       struct diags *diags)
{
	const struct chunk_packet *packet = &chunk->packets[at];
	struct report_replay_verdict verdicts[2] = { 0 };
	bool both = show->judge_count == 2;
	int error = 0;

	for (size_t i = 0; i < show->judge_count; i++)
		verdicts[i] = replay_judge_verdict(&show->judges[i], at);
	if (!show_is_wanted(show, packet, verdicts))
		return 0;
	show_count(show, packet, at, verdicts[0].outcome);
	if (show->options->json) {
		const struct report_replay_packet line = {
			.capture = show->capture,
			.number = packet->number,
			.direction = packet->direction,
			.verdict = verdicts[0],
			.other = both ? &verdicts[1] : NULL,
		};

		report_replay_line(&line, &show->lines);
	} else if (both) {
		error = show_change(show, packet, verdicts, diags);
	}
	if (!error && show->writer)
		error = show_write(show, chunk, packet, diags);
	return error;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static int show_no_output(struct replay_show *show, struct diags *diags)
{
	int error = errno ? errno : EIO;

	show->unwritable = true;
	diag_system(diags, error, "replay", "cannot write to standard output");
	diag_hint(diags, "see that it can be written");
	return -error;
}

static int show_lines(struct replay_show *show, struct diags *diags)
{
	size_t length = show->lines.length;

	if (show->lines.failed)
		return diag_system(diags, ENOMEM, "replay", NULL);
	if (!length)
		return 0;
	show->lines.length = 0;
	errno = 0;
	if (fwrite(show->lines.bytes, 1, length, stdout) != length || fflush(stdout))
		return show_no_output(show, diags);
	return 0;
}

int replay_show_chunk(struct replay_show *show, const struct chunk *chunk, struct diags *diags)
{
	int error = 0, unwritten;

	for (size_t i = 0; i < chunk->count && !error; i++) {
		error = show_packet(show, chunk, i, diags);
		show->totals.read++;
	}
	/* what was judged before an error is listed all the same */
	unwritten = show_lines(show, diags);
	return error ? error : unwritten;
}

/* The reports of all judges. */
struct show_reports {
	struct report_gate list[2];
};

static void show_reports_free(struct show_reports *reports)
{
	report_gate_free(&reports->list[0]);
	report_gate_free(&reports->list[1]);
}

static char *show_tables(struct replay_show *show, const struct show_reports *reports)
{
	const char *names[2] = { reports->list[0].policy, reports->list[1].policy };
	struct report_style style = common_style();
	const struct report_past past = { 0 };
	autotext struct text text = { 0 };
	autofree char *totals = report_replay_totals(&show->totals);
	bool compares = show->judge_count == 2;

	if (compares) {
		autofree char *changes =
			report_replay_changes(show->changes, show->change_count, names, &style);

		if (!changes)
			return NULL;
		text_format(&text, "%s\n", changes);
	}
	for (size_t i = 0; i < show->judge_count && (!compares || show->options->summary); i++) {
		autofree char *stats = report_stats(&reports->list[i], &past, &style);

		if (!stats)
			return NULL;
		text_format(&text, "%s\n", stats);
	}
	if (!totals)
		return NULL;
	text_add(&text, totals);
	return text_take(&text);
}

int replay_show_end(struct replay_show *show, uint64_t now, struct diags *diags)
{
	cleanup(show_reports_free) struct show_reports reports = { 0 };
	autofree char *text = NULL;
	int error = 0;

	/* that it can't be written was said */
	if (show->unwritable || (show->options->json && !show->options->summary))
		return 0;
	for (size_t i = 0; i < show->judge_count && !error; i++)
		error = replay_judge_report(&show->judges[i], now, &reports.list[i], diags);
	if (error)
		return error;
	text = show->options->json ?
		       report_replay_summary_json(reports.list, show->judge_count, &show->totals) :
		       show_tables(show, &reports);
	if (!text)
		return diag_system(diags, ENOMEM, "replay", NULL);
	errno = 0;
	if (fputs(text, stdout) == EOF || fflush(stdout))
		return show_no_output(show, diags);
	return 0;
}

void replay_show_free(struct replay_show *show)
{
	writer_close(show->writer);
	text_free(&show->lines);
	free(show->changes);
}
