/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a datagram begins with, where a rule asks for it: class udp-media, observed and enforced
 * (spec 3.7). Who is asked, and what a mismatch leaves behind, is in test_payload_flows.c; channels by
 * their length are in test_payload_channels.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "tests/lib/harness.h"
#include "tests/lib/prog.h"
#include "tests/lib/prog_payload.h"

#define RULE OUTCOME_RULE
#define PAYLOAD OUTCOME_DROP_PAYLOAD
#define MALFORMED OUTCOME_DROP_MALFORMED
#define FRAGMENT OUTCOME_DROP_FRAGMENT
#define LATER OUTCOME_PASS_FRAGMENT

static struct prog prog;

static int open_policy(void **state)
{
	(void)state;
	prog_open(&prog, false);
	prog_policy(&prog, payload_policy);
	return 0;
}

static int close_policy(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* ---- the class --------------------------------------------------------------------------------- */

/*
 * RFC 7983, figure 3, row by row: what is left is nobody's, whatever follows; but for 80 to 127, where
 * none of what is tried here is a channel's true length (test_payload_channels.c).
 */
static bool is_of_class(unsigned int first)
{
	static const struct {
		unsigned int from, to;
	} rows[] = { { 0, 3 }, { 16, 19 }, { 20, 63 }, { 64, 79 }, { 128, 191 } };

	for (size_t i = 0; i < PROG_COUNT(rows); i++)
		if (first >= rows[i].from && first <= rows[i].to)
			return true;
	return false;
}

static void every_first_byte(void **state)
{
	char words[32];

	(void)state;
	prog_reset(&prog);
	for (unsigned int first = 0; first < 256; first++) {
		prog.family = first % 2 ? 6 : 4;
		snprintf(words, sizeof(words), "data=x%02xa5a5a5", first);
		payload_try(&prog, words, is_of_class(first));
		/* alone, and with what makes FF media */
		snprintf(words, sizeof(words), "data=x%02x", first);
		payload_try(&prog, words, is_of_class(first));
		snprintf(words, sizeof(words), "data=x%02x10", first);
		payload_try(&prog, words, is_of_class(first) || first == 0xff);
	}
}

static void every_second_byte_behind_ff(void **state)
{
	char words[32];

	(void)state;
	prog_reset(&prog);
	for (unsigned int second = 0; second < 256; second++) {
		prog.family = second % 2 ? 4 : 6;
		snprintf(words, sizeof(words), "data=xff%02x0008", second);
		payload_try(&prog, words, second == 0x10);
	}
}

/* ---- where it is ------------------------------------------------------------------------------- */

static void lengths(void **state)
{
	static const struct payload_case cases[] = {
		/* empty is fine */
		{ "in udp PEER:9 > HOST:3479 data=0", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=0 pad=20", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3478 data=0", RULE, "seen-in", 0 },
		{ "out udp HOST:9 > PEER:3481 data=0", RULE, "held-out", 0 },
		/* FF 10, cut to one byte */
		{ "in udp PEER:9 > HOST:3479 data=xff10", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=xff", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 data=xff10 udplen=9", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3478 data=xff10 udplen=9", RULE, "seen-in", 1 },
		{ "in udp PEER:9 > HOST:3479 data=xff10 udplen=10", RULE, "held-in", 0 },
		/* what stands behind the datagram is none of it: neither better nor worse */
		{ "in udp PEER:9 > HOST:3479 data=x41", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=xa5 pad=30", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=x6565 udplen=8", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=x6565 udplen=9", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 data=x006565 udplen=9", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=x65 pad=30", PAYLOAD, NULL, 1 },
		{ "out udp HOST:9 > PEER:3481 data=x65 pad=30", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 data=x65 udplen=+1", MALFORMED, NULL, 0 },
		{ "in udp PEER:9 > HOST:3479 data=x65 udplen=7", MALFORMED, NULL, 0 },
		/* a rule that doesn't ask */
		{ "in udp PEER:9 > HOST:3482 data=x65", RULE, "plain-in", 0 },
	};

	(void)state;
	payload_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* All 40 bytes that there may be. */
#define FULL "01010101010101010101010101010101010101010101010101010101010101010101010101010101"

/* Behind whatever stands in front of it. */
static void headers_of_any_length(void **state)
{
	static const struct payload_case four[] = {
		{ "in udp PEER:9 > HOST:3479 data=xff10 options=01", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 data=x65ff options=01", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 data=x65 options=" FULL, PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 data=x80 options=" FULL, RULE, "held-in", 0 },
	};
	static const struct payload_case six[] = {
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=xff10 hop dst=24", RULE,
		  "held-in", 0 },
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=xff11 hop dst=24", PAYLOAD,
		  NULL, 1 },
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=x50 hop ah dst=1024 dst=2048",
		  PAYLOAD, NULL, 1 },
		{ "out udp [2001:db8::10]:9 > [2001:db8:f::7]:3481 data=x4f hop ah dst=1024", RULE,
		  "held-out", 0 },
		/* no fragment: empty is fine */
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=0 frag=0", RULE, "held-in",
		  0 },
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=x65 frag=0", PAYLOAD, NULL,
		  1 },
	};

	(void)state;
	prog_reset(&prog);
	payload_cases(&prog, four, PROG_COUNT(four));
	payload_cases(&prog, six, PROG_COUNT(six));
}

/* ---- fragments --------------------------------------------------------------------------------- */

static void first_fragments(void **state)
{
	static const struct payload_case cases[] = {
		{ "in udp PEER:9 > HOST:3479 FIRST data=x80a5a5a5a5a5a5a5", RULE, "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=xff10a5a5a5a5a5a5 udplen=3000", RULE,
		  "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x65a5a5a5a5a5a5a5", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3478 FIRST data=x65a5a5a5a5a5a5a5 udplen=3000", RULE,
		  "seen-in", 1 },
		{ "out udp HOST:9 > PEER:3481 FIRST data=x65a5a5a5a5a5a5a5 udplen=3000", PAYLOAD,
		  NULL, 1 },
		/* not one byte of it */
		{ "in udp PEER:9 > HOST:3479 FIRST data=0", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=0 udplen=3000", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=0 udplen=3000 pad=20", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3478 FIRST data=0 udplen=3000", RULE, "seen-in", 1 },
		{ "out udp HOST:9 > PEER:3481 FIRST data=0 udplen=3000", PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x80a5a5a5a5a5a5a5 udplen=8", PAYLOAD, NULL,
		  1 },
	};

	(void)state;
	payload_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* They have no first byte; they follow the one that was judged. */
static void later_fragments_follow(struct prog *tell)
{
	payload_expect(tell, "in udp PEER:9 > HOST:3479 FIRST id=7 data=x65a5a5a5a5a5a5a5", PAYLOAD,
		       NULL, 1);
	payload_expect(tell, "in 17 PEER > HOST LATER=16 id=7 data=x00", FRAGMENT, NULL, 0);
	payload_expect(tell, "in udp PEER:9 > HOST:3479 FIRST id=7 data=0", PAYLOAD, NULL, 1);
	payload_expect(tell, "in 17 PEER > HOST LATER=8 id=7 data=x00", FRAGMENT, NULL, 0);
	payload_expect(tell, "in udp PEER:9 > HOST:3478 FIRST id=8 data=x65a5a5a5a5a5a5a5", RULE,
		       "seen-in", 1);
	payload_expect(tell, "in 17 PEER > HOST LATER=16 id=8 data=x65", LATER, NULL, 0);
	payload_expect(tell, "out udp HOST:9 > PEER:3481 FIRST id=9 data=x80a5a5a5a5a5a5a5", RULE,
		       "held-out", 0);
	payload_expect(tell, "out 17 HOST > PEER LATER=16 id=9 data=x65", LATER, NULL, 0);
}

static void later_fragments(void **state)
{
	(void)state;
	prog_tell(&prog, later_fragments_follow);
}

/* ---- buffers ----------------------------------------------------------------------------------- */

/* A length of 0 is the buffer's where the packet is offloaded; of it, the first segment is looked at. */
static void offloaded_datagrams(void **state)
{
	static const struct {
		const char *words;
		enum outcome outcome;
		unsigned int mismatches;
	} table[] = {
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3481 data=3000 udplen=0 gso=1000", RULE, 0 },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3481 data=xff10a5 udplen=0 gso=1", RULE, 0 },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3481 data=xff11a5 udplen=0 gso=1", PAYLOAD,
		  1 },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3481 data=x6500a5 gso=1", PAYLOAD, 1 },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3480 data=x6500a5 gso=1", RULE, 1 },
		{ "out udp [2001:db8::10]:9 > [2001:db8:f::7]:3481 data=x6500a5 udplen=0 gso=1",
		  PAYLOAD, 1 },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:3481 data=0 udplen=0 gso=1", RULE, 0 },
	};
	struct frame_bytes *frame = malloc(sizeof(*frame));

	(void)state;
	assert_non_null(frame);
	prog_reset(&prog);
	for (size_t i = 0; i < PROG_COUNT(table); i++) {
		unsigned int headers, segments;
		struct count weight;

		frame_write(table[i].words, frame);
		headers = frame->bytes[12] == 0x86 ? 14 + 40 + 8 : 14 + 20 + 8;
		segments = ((unsigned int)frame->length - headers + frame->gso_size - 1) /
			   frame->gso_size;
		weight.packets = segments > 1 ? segments : 1;
		weight.bytes = frame->length + (weight.packets - 1) * headers;
		for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
			uint64_t before = payload_mismatches(&prog);
			struct prog_verdict verdict;

			if (!prog_run(&prog, PROG_TC, way, frame, &weight, &verdict) ||
			    verdict.outcome != table[i].outcome ||
			    payload_mismatches(&prog) - before != table[i].mismatches)
				fail_msg("%s: outcome %u", table[i].words, verdict.outcome);
		}
	}
	free(frame);
}

/* A capture that holds less than there was: what is not seen of it is not taken for media. */
static void what_can_not_be_read(void **state)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct prog_verdict verdict;
	struct count weight = { .packets = 1 };
	uint64_t before;

	(void)state;
	assert_non_null(frame);
	prog_reset(&prog);
	frame_write("in udp 198.51.100.7:9 > 192.0.2.10:3479 data=0 udplen=+20 length=+20", frame);
	weight.bytes = prog.frame_len = (uint32_t)frame->length + 20;
	for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
		before = payload_mismatches(&prog);
		assert_true(prog_run(&prog, PROG_XDP, way, frame, &weight, &verdict));
		assert_int_equal(verdict.outcome, PAYLOAD);
		assert_int_equal(payload_mismatches(&prog) - before, 1);
	}
	prog.frame_len = 0;
	free(frame);
}

/* Linux 6.18 lets a test run say where the first buffer ends. */
static bool can_divide_frames(const struct prog *large)
{
	static uint8_t bytes[64];
	struct xdp_md md = { .data_end = sizeof(bytes) / 2 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = bytes, .data_size_in = sizeof(bytes),
		    .ctx_in = &md, .ctx_size_in = sizeof(md), .repeat = 1);

	return bpf_prog_test_run_opts(large->object.xdp[DIRECTION_IN], &run) == 0;
}

/* The headers in the first buffer, the payload in the next, whole or divided between the two. */
static void payload_behind_the_first_buffer(void **state)
{
	static const struct {
		const char *words;
		bool fits;
	} table[] = {
		{ "in udp 198.51.100.7:9 > 192.0.2.10:3479 data=xff10a5a5", true },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:3479 data=xff11a5a5", false },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:3479 data=x65 pad=3", false },
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=xff10a5a5 tag=8100", true },
		{ "in udp [2001:db8:f::7]:9 > [2001:db8::10]:3479 data=x65a5a5a5 dst=24", false },
		/* a TURN channel's length, which is divided too */
		{ "in udp 198.51.100.7:9 > 192.0.2.10:3479 data=x65000000", true },
		{ "in udp 198.51.100.7:9 > 192.0.2.10:3479 data=x65000001", false },
	};
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct prog large;
	bool can;

	(void)state;
	assert_non_null(frame);
	prog_open(&large, true);
	can = can_divide_frames(&large);
	prog_policy(&large, payload_policy);
	for (size_t i = 0; can && i < PROG_COUNT(table) * 2; i++) {
		const char *words = table[i / 2].words;
		struct prog_verdict verdict;

		frame_write(words, frame);
		/* one byte of the UDP header as well, and it is malformed: so it is divided */
		frame->head = (uint32_t)frame->length - 5;
		assert_true(prog_run(&large, PROG_XDP, PROG_LONG, frame, NULL, &verdict));
		assert_int_equal(verdict.outcome, MALFORMED);
		frame->head += 1 + i % 2;
		for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
			if (!prog_run(&large, PROG_XDP, way, frame, NULL, &verdict) ||
			    verdict.outcome != (table[i / 2].fits ? RULE : PAYLOAD))
				fail_msg("%s: outcome %u", words, verdict.outcome);
		}
	}
	prog_close(&large);
	free(frame);
	if (!can)
		skip_because("this kernel divides no frame of a test run into buffers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_first_byte),
		cmocka_unit_test(every_second_byte_behind_ff),
		cmocka_unit_test(lengths),
		cmocka_unit_test(headers_of_any_length),
		cmocka_unit_test(first_fragments),
		cmocka_unit_test(later_fragments),
		cmocka_unit_test(offloaded_datagrams),
		cmocka_unit_test(what_can_not_be_read),
		cmocka_unit_test(payload_behind_the_first_buffer),
	};

	return cmocka_run_group_tests(tests, open_policy, close_policy);
}
