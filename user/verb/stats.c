// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/moment.h"
#include "user/base/text.h"
#include "user/kernel/object.h"
#include "user/report/metrics.h"
#include "user/verb/common.h"

#define SCREEN_HOME "\033[H"
#define SCREEN_REST "\033[J"
#define LINE_REST "\033[K"

static volatile sig_atomic_t stats_ended;

static void stats_end(int signal)
{
	(void)signal;
	stats_ended = 1;
}

static const struct report_gate *stats_find(const struct common_gates *gates, const char *label)
{
	for (size_t i = 0; i < gates->count; i++)
		if (strcmp(gates->list[i].label, label) == 0)
			return &gates->list[i];
	return NULL;
}

/* All gates; with rates where `past` was read `seconds` ago. */
static char *stats_text(const struct common_gates *gates, const struct common_gates *past,
			double seconds)
{
	struct report_style style = common_style();
	autotext struct text text = { 0 };

	if (!gates->count)
		text_add(&text, "no gate: nothing is guarded\n");
	for (size_t i = 0; i < gates->count; i++) {
		struct report_past before = { .seconds = seconds };
		autofree char *one = NULL;

		if (past)
			before.gate = stats_find(past, gates->list[i].label);
		one = report_stats(&gates->list[i], &before, &style);
		if (!one)
			return NULL;
		text_format(&text, "%s%s", i ? "\n" : "", one);
	}
	return text_take(&text);
}

/* Redraws in place on a terminal; elsewhere prints one page after the other. */
static int stats_draw(char *page)
{
	autofree char *owned = page;
	bool terminal = isatty(STDOUT_FILENO);
	autotext struct text text = { 0 };

	if (!owned)
		return common_print(NULL);
	if (!terminal) {
		text_format(&text, "%s\n", owned);
		return common_print(text_take(&text));
	}
	text_add(&text, SCREEN_HOME);
	for (const char *at = owned; *at;) {
		size_t length = strcspn(at, "\n");

		text_add_bytes(&text, at, length);
		text_add(&text, LINE_REST "\n");
		at += length + (at[length] == '\n');
	}
	text_add(&text, SCREEN_REST);
	return common_print(text_take(&text));
}

static int stats_watch(const char *interface, unsigned int interval, struct diags *diags)
{
	cleanup(common_gates_free) struct common_gates past = { 0 };
	struct sigaction action = { .sa_handler = stats_end };
	double then = 0;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!stats_ended) {
		cleanup(common_gates_free) struct common_gates gates = { 0 };
		double now = moment_now();
		int status;

		if (common_collect_all(interface, "stats", &gates, diags))
			return common_end(diags);
		diags_clear(diags);
		status = stats_draw(stats_text(&gates, then > 0 ? &past : NULL, now - then));
		if (status)
			return status;
		common_gates_free(&past);
		past = gates;
		gates = (struct common_gates){ 0 };
		then = now;
		sleep(interval);
	}
	return 0;
}

/* As monitoring reads it. */
static char *stats_metrics(const struct common_gates *gates, bool openmetrics, double seconds)
{
	const struct metrics_self self = {
		.version = EDGEGATE_VERSION,
		.libbpf = object_libbpf_version(),
		.unreadable = gates->unread.count,
		.seconds = seconds,
	};

	return metrics_text(openmetrics ? METRICS_OPENMETRICS : METRICS_PROMETHEUS, gates->list,
			    gates->count, &self);
}

/* All gates in a format. */
static char *stats_print(const struct common_gates *gates, const char *format, double seconds)
{
	if (strcmp(format, "table") == 0)
		return stats_text(gates, NULL, 0);
	if (strcmp(format, "json") == 0)
		return report_stats_json(gates->list, gates->count, &gates->unread);
	return stats_metrics(gates, strcmp(format, "openmetrics") == 0, seconds);
}

static bool stats_is_for_monitoring(const char *format)
{
	return strcmp(format, "prometheus") == 0 || strcmp(format, "openmetrics") == 0;
}

static int stats_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(common_gates_free) struct common_gates gates = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_stats, argc, argv, "ijwnq", &options, &diags);
	const char *interface = options.interface_count ? options.interfaces[0].name : NULL;
	const char *format = options.format ? options.format : options.json ? "json" : "table";
	double began = moment_now();
	int status, printed;

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count || options.interface_count > 1 ||
	    options.json + options.watch + !!options.format > 1) {
		diag_usage(&diags, "stats",
			   "it takes at most one -i, and one of --format, --json and --watch");
		diag_hint(&diags, "edgegate stats -i eth0 --watch");
		return common_end(&diags);
	}
	gates.looks_for_drift = gates.looks_at_tables = stats_is_for_monitoring(format);
	if (options.watch)
		return stats_watch(interface, options.interval, &diags);
	error = common_collect_all(interface, "stats", &gates, &diags);
	status = common_end(&diags);
	if (error)
		return status;
	printed = common_print(stats_print(&gates, format, moment_now() - began));
	return status ? status : printed;
}

const struct verb verb_stats = {
	.name = "stats",
	.summary = "counters of every rule, passed kind and drop reason",
	.help = "Usage: edgegate [--netns NAME] stats [-i IFACE] [--format FORMAT | --json |\n"
		"                                         --watch [--interval SECONDS]]\n"
		"\n"
		"The port table in force with what each row has let through, what passed as essential,\n"
		"and what was dropped and why. Every packet is in exactly one of these counts.\n"
		"Counters are kept from one apply to the next, and end with the gate.\n"
		"\n"
		"  -i, --interface IFACE    only the gate that has this interface\n"
		"      --format FORMAT      table (the default), json (docs/json.md), or for monitoring\n"
		"                           prometheus or openmetrics (docs/metrics.md)\n"
		"      --json               the same as --format json\n"
		"      --watch              draw again and again, with rates; ends by Ctrl-C\n"
		"      --interval SECONDS   between two of them; default 2\n"
		"  -h, --help               this page\n",
	.run = stats_run,
};
