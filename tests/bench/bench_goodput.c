// SPDX-License-Identifier: GPL-2.0-only
/*
 * What TCP and UDP get between a host and its peer: without a gate, through a bare XDP_PASS program, through
 * edgegate; with GRO off and on. tests/bench/goodput draws the network and calls this:
 *
 *	bench_goodput ROUNDS PREFIX [--json FILE]
 *
 * The hosts are the namespaces PREFIX-{plain,pass,gate}-{off,on}, their peers PREFIX-peer-... TCP is iperf3's: its
 * servers are there already, clients are started for each transfer. In each round all is measured once for each
 * of them, which takes turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/datagrams.h"
#include "tests/bench/ends.h"
#include "tests/bench/results.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"

#define ROUNDS_MOST 1000u
#define HOST "192.0.2.10"
#define PEER "192.0.2.1"
#define TRIAL_BYTES 64000000.0
#define TRANSFER_S 0.5

enum { PLAIN_OFF, PASS_OFF, GATE_OFF, PLAIN_ON, PASS_ON, GATE_ON, CONTENDERS };
#define PER_SETTING 3 /* of GRO */

static const struct {
	const char *namespace, *name, *full_name;
} contenders[CONTENDERS] = {
	[PLAIN_OFF] = { "plain-off", "no gate", "no gate, GRO off" },
	[PASS_OFF] = { "pass-off", "bare XDP_PASS", "bare XDP_PASS, GRO off" },
	[GATE_OFF] = { "gate-off", "edgegate", "edgegate, GRO off" },
	[PLAIN_ON] = { "plain-on", "no gate", "no gate, GRO on" },
	[PASS_ON] = { "pass-on", "bare XDP_PASS", "bare XDP_PASS, GRO on" },
	[GATE_ON] = { "gate-on", "edgegate", "edgegate, GRO on" },
};

enum figure { TCP_IN, TCP_OUT, HALF, MOST, SMALL, SEGMENTED, FIGURES };

/* Each a table of some contenders, in whose order `baseline` is counted. */
static const struct show {
	const char *title, *unit;
	enum figure figure;
	unsigned int first, count, baseline;
	bool full_names;
	double target; /* edgegate's least ratio; 0: none */
} shows[] = {
	{ "TCP in, GRO off", "Gbit/s", TCP_IN, PLAIN_OFF, PER_SETTING, 1, false, 0.97 },
	{ "TCP in, GRO on", "Gbit/s", TCP_IN, PLAIN_ON, PER_SETTING, 1, false, 0.97 },
	{ "TCP out, GRO on: what edgegate_out adds", "Gbit/s", TCP_OUT, PLAIN_ON, PER_SETTING, 1,
	  false, 0.97 },
	{ "UDP there and back, median", "us", HALF, PLAIN_OFF, CONTENDERS, 0, true, 0 },
	{ "UDP there and back, 99 of 100 within", "us", MOST, PLAIN_OFF, CONTENDERS, 0, true, 0 },
	{ "UDP out, frames of 64 bytes, one a call", "Mpps", SMALL, PLAIN_ON, PER_SETTING, 1, false,
	  0 },
	{ "UDP out, frames of 64 bytes, 64 a call (GSO)", "Mpps", SEGMENTED, PLAIN_ON, PER_SETTING,
	  1, false, 0 },
};

struct goodput {
	unsigned int rounds;
	bool has_tcp;
	struct datagrams datagrams[CONTENDERS];
	char hosts[CONTENDERS][128], peers[CONTENDERS][128]; /* namespaces */
	double bytes[CONTENDERS][2];                         /* of a transfer: TCP_IN, TCP_OUT */
	double *values[FIGURES][CONTENDERS];                 /* by round */
};

/* ---- TCP --------------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void goodput_client(const char *netns, const char *server,
						     double bytes, int output)
{
	char count[32];

	snprintf(count, sizeof(count), "%.0f", bytes);
	ends_enter(netns);
	dup2(output, STDOUT_FILENO);
	execlp("iperf3", "iperf3", "--client", server, "--port", "5201", "--bytes", count, "--json",
	       (char *)NULL);
	_exit(127);
}

/* Gbit/s as the receiver sees it; 0 where it can't be done. */
static double goodput_transfer(const char *netns, const char *server, double bytes)
{
	autoclose int read_end = -1;
	json_t *json, *said;
	int ends[2], status;
	pid_t child;
	double rate;

	if (pipe2(ends, O_CLOEXEC))
		ends_fail("make a pipe");
	read_end = ends[0];
	child = fork();
	if (child < 0)
		ends_fail("start iperf3");
	if (child == 0)
		goodput_client(netns, server, bytes, ends[1]);
	close(ends[1]);
	json = json_loadfd(read_end, 0, NULL);
	waitpid(child, &status, 0);
	said = json_object_get(json_object_get(json, "end"), "sum_received");
	rate = json_number_value(json_object_get(said, "bits_per_second")) / 1e9;
	if (rate <= 0)
		fprintf(stderr, "bench: iperf3: %s\n",
			json_string_value(json_object_get(json, "error")) ?: "no answer");
	json_decref(json);
	return rate;
}

static double goodput_tcp(const struct goodput *goodput, unsigned int at, enum figure figure,
			  double bytes)
{
	if (figure == TCP_IN)
		return goodput_transfer(goodput->peers[at], HOST, bytes);
	return goodput_transfer(goodput->hosts[at], PEER, bytes);
}

/* ---- rounds ------------------------------------------------------------------------------------ */

/* Whether a figure is shown of a contender. */
static bool goodput_wants(const struct goodput *goodput, unsigned int at, enum figure figure)
{
	if (figure <= TCP_OUT && !goodput->has_tcp)
		return false;
	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++)
		if (shows[i].figure == figure && at >= shows[i].first &&
		    at < shows[i].first + shows[i].count)
			return true;
	return false;
}

/* Finds out how much to transfer, so that slow and fast ones take about as long. */
static void goodput_try(struct goodput *goodput)
{
	for (unsigned int at = 0; at < CONTENDERS; at++)
		for (enum figure figure = TCP_IN; figure <= TCP_OUT; figure++) {
			double rate;

			if (!goodput_wants(goodput, at, figure))
				continue;
			rate = goodput_tcp(goodput, at, figure, TRIAL_BYTES);
			if (rate <= 0) {
				fprintf(stderr, "bench: TCP is left out: no transfer to %s\n",
					contenders[at].full_name);
				goodput->has_tcp = false;
				return;
			}
			goodput->bytes[at][figure] = rate * 1e9 / 8 * TRANSFER_S;
		}
}

static void goodput_measure(struct goodput *goodput, unsigned int at, unsigned int round)
{
	const struct datagrams *datagrams = &goodput->datagrams[at];
	struct datagrams_times times = datagrams_ask(datagrams);

	goodput->values[HALF][at][round] = times.half;
	goodput->values[MOST][at][round] = times.most;
	for (enum figure figure = SMALL; figure <= SEGMENTED; figure++)
		if (goodput_wants(goodput, at, figure))
			goodput->values[figure][at][round] =
				datagrams_flood(datagrams, figure == SEGMENTED);
	for (enum figure figure = TCP_IN; figure <= TCP_OUT; figure++) {
		if (!goodput_wants(goodput, at, figure))
			continue;
		goodput->values[figure][at][round] =
			goodput_tcp(goodput, at, figure, goodput->bytes[at][figure]);
		if (goodput->values[figure][at][round] <= 0) {
			errno = EPIPE;
			ends_fail("transfer");
		}
	}
}

static void goodput_show(const struct goodput *goodput, const struct show *show,
			 struct results *results)
{
	struct results_row rows[CONTENDERS];
	struct results_table table = { show->title, show->unit,     goodput->rounds,
				       show->count, show->baseline, rows };

	if (!goodput_wants(goodput, show->first, show->figure))
		return;
	for (unsigned int i = 0; i < show->count; i++) {
		unsigned int at = show->first + i;
		bool is_gate = at == GATE_OFF || at == GATE_ON;

		rows[i] = (struct results_row){
			show->full_names ? contenders[at].full_name : contenders[at].name,
			goodput->values[show->figure][at],
			is_gate && show->target > 0 ? RESULTS_RATIO_LEAST : RESULTS_NO_TARGET,
			show->target
		};
	}
	results_add(results, &table);
}

static void goodput_open(struct goodput *goodput, const char *prefix)
{
	for (unsigned int at = 0; at < CONTENDERS; at++) {
		const char *name = contenders[at].namespace;

		snprintf(goodput->hosts[at], sizeof(goodput->hosts[at]), "%s-%s", prefix, name);
		snprintf(goodput->peers[at], sizeof(goodput->peers[at]), "%s-peer-%s", prefix,
			 name);
		datagrams_open(goodput->hosts[at], goodput->peers[at], &goodput->datagrams[at]);
		for (enum figure figure = 0; figure < FIGURES; figure++) {
			goodput->values[figure][at] = calloc(goodput->rounds, sizeof(double));
			if (!goodput->values[figure][at])
				ends_fail("begin");
		}
	}
}

static void goodput_free(struct goodput *goodput)
{
	for (unsigned int at = 0; at < CONTENDERS; at++)
		for (enum figure figure = 0; figure < FIGURES; figure++)
			free(goodput->values[figure][at]);
}

int main(int argc, char **argv)
{
	struct goodput goodput = { .has_tcp = true };
	struct results *results;
	uint64_t rounds;

	if (argc < 3 || number_parse(argv[1], ROUNDS_MOST, &rounds) || !rounds) {
		fprintf(stderr, "usage: bench_goodput ROUNDS PREFIX [--json FILE]\n");
		return 2;
	}
	goodput.rounds = (unsigned int)rounds;
	results = results_open("goodput", argc - 3, argv + 3);
	fflush(stdout);
	goodput_open(&goodput, argv[2]);
	/* not before: who answers is on another one */
	ends_pin(1);
	goodput_try(&goodput);
	for (unsigned int round = 0; round < goodput.rounds; round++)
		for (unsigned int turn = 0; turn < CONTENDERS; turn++)
			goodput_measure(&goodput, (turn + round) % CONTENDERS, round);
	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++)
		goodput_show(&goodput, &shows[i], results);
	goodput_free(&goodput);
	return results_close(results);
}
