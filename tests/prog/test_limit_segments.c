// SPDX-License-Identifier: GPL-2.0-only
/* Limits and packets that the card is still to cut into several (spec 3.6, 4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/lib/prog.h"

/* A minute's wait for each token: within a story there are only those of the burst. */
static const char policy[] =
	"policy: segments\n"
	"rules:\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: 53, limit: {rate: 1/m, burst: 3}}\n";

PROG_FIXTURE(policy);

/* At tc, where it is known how many packets an offloaded one becomes: so many tokens. */
static void offloaded_packets_take_a_token_for_each_segment(void **state)
{
	static const struct {
		const char *words;
		unsigned int packets, bytes;
		enum outcome outcome;
	} story[] = {
		{ "out udp 192.0.2.10:4000 > 198.51.100.7:53 data=200 gso=100", 2, 200 + 2 * 42,
		  OUTCOME_RULE },
		{ "out udp 192.0.2.10:4000 > 198.51.100.7:53 data=200 gso=100", 2, 200 + 2 * 42,
		  OUTCOME_DROP_RATE_LIMIT },
		{ "out udp 192.0.2.10:4000 > 198.51.100.7:53 data=100", 1, 100 + 42, OUTCOME_RULE },
		{ "out udp 192.0.2.10:4000 > 198.51.100.7:53 data=100", 1, 100 + 42,
		  OUTCOME_DROP_RATE_LIMIT },
	};
	/* more segments than a bucket holds: a full one lets them pass, and is empty then */
	static const char large[] = "out udp 192.0.2.10:4000 > 198.51.100.7:53 data=1000 gso=100";
	const struct count weight = { .packets = 10, .bytes = 1000 + 10 * 42 };
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct prog_verdict verdict;

	(void)state;
	assert_non_null(frame);
	for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
		prog_reset(&prog);
		for (size_t i = 0; i < PROG_COUNT(story); i++) {
			const struct count each = { story[i].packets, story[i].bytes };

			frame_write(story[i].words, frame);
			assert_true(prog_run(&prog, PROG_TC, way, frame, &each, &verdict));
			assert_int_equal(verdict.outcome, story[i].outcome);
		}
		prog_reset(&prog);
		frame_write(large, frame);
		assert_true(prog_run(&prog, PROG_TC, way, frame, &weight, &verdict));
		assert_int_equal(verdict.outcome, OUTCOME_RULE);
		assert_true(prog_run(&prog, PROG_TC, way, frame, &weight, &verdict));
		assert_int_equal(verdict.outcome, OUTCOME_DROP_RATE_LIMIT);
	}
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offloaded_packets_take_a_token_for_each_segment),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
