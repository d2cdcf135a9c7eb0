/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TURN channels numbered 5000 to 7FFF (RFC 5766 11): first bytes 80 to 127, with which text begins as
 * well. They are media where ChannelData's own length is true of the datagram, and only there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/lib/prog_payload.h"

#define RULE OUTCOME_RULE
#define PAYLOAD OUTCOME_DROP_PAYLOAD

PROG_FIXTURE(payload_policy);

/* Four bytes that say `said`, in a datagram that holds `held` more. */
static void try_length(unsigned int first, unsigned int said, unsigned int held, bool fits)
{
	char words[64];

	snprintf(words, sizeof(words), "data=x%02x%02x%04x transport=%u udplen=%u", first,
		 255 - first, said, 8 + 4 + held, 8 + 4 + held);
	payload_try(&prog, words, fits);
}

/* ---- the length -------------------------------------------------------------------------------- */

static void every_first_byte(void **state)
{
	(void)state;
	prog_reset(&prog);
	for (unsigned int first = 80; first <= 127; first++) {
		unsigned int held = first % 8;

		prog.family = first % 2 ? 6 : 4;
		try_length(first, held, held, true);
		try_length(first, held + 1, held, false);
		for (unsigned int padding = 1; padding <= 3; padding++)
			try_length(first, held, held + padding, true);
		try_length(first, held, held + 4, false);
	}
}

/* Those of RFC 7983 are, whatever they say; what is behind 127 has no length. */
static void the_borders(void **state)
{
	(void)state;
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		try_length(79, 9, 3, true);
		try_length(80, 9, 3, false);
		try_length(127, 9, 3, false);
		try_length(128, 9, 3, true);
		try_length(15, 4, 4, false);
		try_length(192, 4, 4, false);
		try_length(254, 4, 4, false);
		try_length(255, 4, 4, false);
	}
	prog_reset(&prog);
}

static void lengths(void **state)
{
	static const struct {
		unsigned int said, held;
		bool fits;
	} table[] = {
		{ 0, 0, true },
		{ 1, 0, false },
		{ 0, 3, true },
		{ 0, 4, false },
		{ 0xffff, 0, false },
		{ 0xfffc, 0, false }, /* with its header, 65536 */
		{ 0xffff, 3, false },
		{ 172, 172, true }, /* RTP by G.711, 20 ms */
		{ 172, 175, true },
		{ 172, 176, false },
		{ 176, 172, false },
		/* both bytes count, and which is which */
		{ 0x0102, 0x0102, true },
		{ 0x0102, 0x0201, false },
		{ 0x0102, 0x02, false },
		{ 0x02, 0x0102, false },
		{ 0x0100, 0, false },
		{ 0, 0x0100, false },
		{ 0x0c00, 0x0c00, true },
		{ 0x0c00, 0x0bff, false },
	};

	(void)state;
	prog_reset(&prog);
	for (size_t i = 0; i < PROG_COUNT(table); i++) {
		for (prog.family = 4; prog.family <= 6; prog.family += 2)
			try_length(0x70, table[i].said, table[i].held, table[i].fits);
	}
	prog_reset(&prog);
}

static void less_than_a_header(void **state)
{
	(void)state;
	for (prog.family = 4; prog.family <= 6; prog.family += 2) {
		payload_try(&prog, "data=0", true);
		payload_try(&prog, "data=x50", false);
		payload_try(&prog, "data=x5000", false);
		payload_try(&prog, "data=x500000", false);
		payload_try(&prog, "data=x500000 pad=20", false);
		payload_try(&prog, "data=x50000000", true);
		/* what stands behind the datagram is none of it */
		payload_try(&prog, "data=x50000000 udplen=11", false);
		payload_try(&prog, "data=x50000000a5a5a5a5 udplen=12", true);
		payload_try(&prog, "data=x50000004a5a5a5a5 udplen=12", false);
		payload_try(&prog, "data=x50000001a5 pad=30", true);
		payload_try(&prog, "data=x50000004a5 pad=30", false);
	}
	prog_reset(&prog);
}

/* None of it has a true length. */
static void text(void **state)
{
	static const char *const words[] = {
		"data=x68656c6c6f",                 /* hello */
		"data=x68656c6c6f0a",               /* with the end of its line */
		"data=x70696e67",                   /* ping */
		"data=x50494e470d0a",               /* PING */
		"data=x52454749535445522073697073", /* REGISTER sips */
		"data=x6431",                       /* as BitTorrent's begin: d1 */
		"data=x64313a6164323a696432303a",
	};

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(words); i++) {
		for (prog.family = 4; prog.family <= 6; prog.family += 2)
			payload_try(&prog, words[i], false);
	}
	prog_reset(&prog);
}

/* ---- where it is ------------------------------------------------------------------------------- */

/* Of a first fragment the UDP header's length is the whole datagram's, and so is the channel's. */
static void first_fragments(void **state)
{
	static const struct payload_case cases[] = {
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000bac transport=1400 udplen=3000", RULE,
		  "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000ba9 transport=1400 udplen=3000", RULE,
		  "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000ba8 transport=1400 udplen=3000",
		  PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000bad transport=1400 udplen=3000",
		  PAYLOAD, NULL, 1 },
		{ "in udp PEER:9 > HOST:3478 FIRST data=x50000bad transport=1400 udplen=3000", RULE,
		  "seen-in", 1 },
		{ "out udp HOST:9 > PEER:3481 FIRST data=x7fff0bac transport=1400 udplen=3000",
		  RULE, "held-out", 0 },
		/* the fragment's own length is not what counts */
		{ "out udp HOST:9 > PEER:3481 FIRST data=x7fff0004a5a5a5a5 udplen=3000", PAYLOAD,
		  NULL, 1 },
		{ "out udp HOST:9 > PEER:3480 FIRST data=x7fff0004a5a5a5a5 udplen=3000", RULE,
		  "seen-out", 1 },
		/* the longest there is */
		{ "in udp PEER:9 > HOST:3479 FIRST data=x5000fff3a5a5a5a5 udplen=65535", RULE,
		  "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x5000fff4a5a5a5a5 udplen=65535", PAYLOAD,
		  NULL, 1 },
		/* a datagram that says to end before its fragment does */
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000004a5a5a5a5 udplen=16", RULE,
		  "held-in", 0 },
		{ "in udp PEER:9 > HOST:3479 FIRST data=x50000000a5a5a5a5 udplen=11", PAYLOAD, NULL,
		  1 },
		/* not one byte of it */
		{ "in udp PEER:9 > HOST:3479 FIRST data=0 udplen=12 pad=20", PAYLOAD, NULL, 1 },
	};

	(void)state;
	payload_cases_everywhere(&prog, cases, PROG_COUNT(cases));
}

/* ChannelData of 1 byte each; of what is offloaded, the first segment is a datagram. */
static void offloaded_datagrams(void **state)
{
	static const struct {
		const char *words;
		enum outcome outcome;
	} table[] = {
		{ "data=x50000001a550000001a5 gso=5", RULE },
		{ "data=x50000001a550000001a5 gso=5 udplen=0", RULE },
		{ "data=x50000001a550000001a5 gso=8", RULE },
		{ "data=x50000001a550000001a5 gso=9", PAYLOAD },
		{ "data=x50000001a550000001a5 gso=4", PAYLOAD },
		{ "data=x50000006a550000001a5 gso=5", PAYLOAD },
		{ "data=x50000006a550000001a5 gso=1000", RULE },
		{ "data=x50000000 gso=3", PAYLOAD },
	};
	static const char *const ends[] = { "out udp 192.0.2.10:9 > 198.51.100.7:3481",
					    "out udp [2001:db8::10]:9 > [2001:db8:f::7]:3481" };
	struct frame_bytes *frame = malloc(sizeof(*frame));
	char words[FRAME_TEXT_MAX];

	(void)state;
	assert_non_null(frame);
	prog_reset(&prog);
	for (size_t i = 0; i < PROG_COUNT(table) * PROG_COUNT(ends); i++) {
		size_t row = i / PROG_COUNT(ends), headers = i % PROG_COUNT(ends) ? 62 : 42;
		struct count weight;

		snprintf(words, sizeof(words), "%s %s", ends[i % PROG_COUNT(ends)],
			 table[row].words);
		frame_write(words, frame);
		weight.packets = (frame->length - headers + frame->gso_size - 1) / frame->gso_size;
		weight.bytes = frame->length + (weight.packets - 1) * headers;
		for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
			struct prog_verdict verdict;

			if (!prog_run(&prog, PROG_TC, way, frame, &weight, &verdict) ||
			    verdict.outcome != table[row].outcome)
				fail_msg("%s: outcome %u", words, verdict.outcome);
		}
	}
	free(frame);
}

/* A capture that holds less than there was: a channel takes its whole header, all else what there is. */
static void what_can_not_be_read(void **state)
{
	static const struct {
		const char *words;
		unsigned int missing;
		enum outcome outcome;
	} table[] = {
		{ "data=x50000014", 20, RULE },
		{ "data=x50000015", 20, PAYLOAD },
		/* zeros in their place would be a true length */
		{ "data=x500000", 1, PAYLOAD },
		{ "data=x5000", 2, PAYLOAD },
		{ "data=x50", 3, PAYLOAD },
		{ "data=0", 4, PAYLOAD },
		{ "data=x4f0000", 20, RULE },
		{ "data=x4f00", 20, RULE },
		{ "data=x80", 20, RULE },
		{ "data=xff10a5", 20, RULE },
		{ "data=xff10", 20, RULE },
		{ "data=xff", 20, PAYLOAD },
	};
	struct frame_bytes *frame = malloc(sizeof(*frame));
	char words[FRAME_TEXT_MAX];

	(void)state;
	assert_non_null(frame);
	prog_reset(&prog);
	for (size_t i = 0; i < PROG_COUNT(table) * 4; i++) {
		unsigned int hook = i & 1 ? PROG_TC : PROG_XDP,
			     way = i & 2 ? PROG_LONG : PROG_SHORT, missing = table[i / 4].missing;
		struct count weight = { .packets = 1 };
		struct prog_verdict verdict;

		snprintf(words, sizeof(words),
			 "in udp 198.51.100.7:9 > 192.0.2.10:3479 %s udplen=+%u length=+%u",
			 table[i / 4].words, missing, missing);
		frame_write(words, frame);
		weight.bytes = prog.frame_len = (uint32_t)frame->length + missing;
		if (!prog_run(&prog, hook, way, frame, &weight, &verdict) ||
		    verdict.outcome != table[i / 4].outcome)
			fail_msg("%s: outcome %u", words, verdict.outcome);
	}
	prog.frame_len = 0;
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_first_byte),
		cmocka_unit_test(the_borders),
		cmocka_unit_test(lengths),
		cmocka_unit_test(less_than_a_header),
		cmocka_unit_test(text),
		cmocka_unit_test(first_fragments),
		cmocka_unit_test(offloaded_datagrams),
		cmocka_unit_test(what_can_not_be_read),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
