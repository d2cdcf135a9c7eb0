/* SPDX-License-Identifier: GPL-2.0-only */
/* Long frames, offloaded ones, and what each counts: packets, and bytes of the frame (spec 3.2, 4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/lib/prog.h"

static const char policy[] = "policy: weights\n"
			     "rules:\n"
			     "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n"
			     "  - {name: web-out, direction: out, protocol: tcp, ports: 443}\n"
			     "  - {name: udp-out, direction: out, protocol: udp, ports: 443}\n"
			     "  - {name: gre-out, direction: out, protocol: 47}\n";

PROG_FIXTURE(NULL);

/* At tc, with what it is to count. */
static void expect_weight(const char *words, enum outcome outcome, unsigned int packets,
			  unsigned int headers)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct prog_verdict verdict;
	struct count weight;

	assert_non_null(frame);
	frame_write(words, frame);
	weight.packets = packets;
	weight.bytes = frame->length + (uint64_t)(packets - 1) * headers;
	for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1) {
		if (!prog_run(&prog, PROG_TC, way, frame, &weight, &verdict) ||
		    verdict.outcome != outcome)
			fail_msg("%s: %u, way %u", words, verdict.outcome, way);
	}
	free(frame);
}

/* A packet that is to become segments counts as these, each with its own headers. */
static void offloaded_packets_count_as_segments(void **state)
{
	(void)state;
	prog_policy(&prog, policy);
	prog_reset(&prog);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 gso=1000 segs=3",
		      OUTCOME_RULE, 3, 54);
	/* reckoned where the count is missing */
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 gso=1000",
		      OUTCOME_RULE, 3, 54);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3001 gso=1000",
		      OUTCOME_RULE, 4, 54);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=1000 gso=1000",
		      OUTCOME_RULE, 1, 54);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=1 gso=1000", OUTCOME_RULE,
		      1, 54);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 doff=8 gso=988",
		      OUTCOME_RULE, 4, 66);
	expect_weight(
		"out tcp [2001:db8::10]:9 > [2001:db8:f::7]:443 ack data=2000 gso=1000 tag=8100",
		OUTCOME_RULE, 2, 78);
	expect_weight("out udp 192.0.2.10:9 > 198.51.100.7:443 data=2400 gso=1200 options=01010101",
		      OUTCOME_RULE, 2, 46);
	/* dropped ones too */
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:22 ack data=3000 gso=1000 segs=3",
		      OUTCOME_DROP_NO_RULE, 3, 54);
	/* and what isn't offloaded counts once */
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000", OUTCOME_RULE, 1, 54);
}

/* A length of 0 is measured by the buffer where gso_size says that the packet is offloaded (BIG TCP). */
static void a_length_of_nothing(void **state)
{
	static const struct prog_case cases[] = {
		{ "out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 length=0",
		  OUTCOME_DROP_MALFORMED, NULL },
		{ "out tcp [2001:db8::10]:9 > [2001:db8:f::7]:443 ack data=3000 length=0",
		  OUTCOME_DROP_MALFORMED, NULL },
		{ "out udp 192.0.2.10:9 > 198.51.100.7:443 data=3000 udplen=0",
		  OUTCOME_DROP_MALFORMED, NULL },
	};

	(void)state;
	prog_policy(&prog, policy);
	prog_cases(&prog, cases, PROG_COUNT(cases));
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 length=0 gso=1000",
		      OUTCOME_RULE, 3, 54);
	expect_weight(
		"out tcp [2001:db8::10]:9 > [2001:db8:f::7]:443 ack data=3000 length=0 gso=1000",
		OUTCOME_RULE, 3, 74);
	expect_weight("out udp 192.0.2.10:9 > 198.51.100.7:443 data=3000 udplen=0 gso=1000",
		      OUTCOME_RULE, 3, 42);
	/* the other lengths are not forgiven */
	expect_weight("out udp 192.0.2.10:9 > 198.51.100.7:443 data=3000 udplen=7 gso=1000 segs=3",
		      OUTCOME_DROP_MALFORMED, 3, 34);
	expect_weight("out tcp 192.0.2.10:9 > 198.51.100.7:443 ack data=3000 length=19 gso=1000",
		      OUTCOME_DROP_MALFORMED, 1, 0);
}

/* The frame's length is the buffer's, never the linear part's. */
static void frames_of_several_buffers(void **state)
{
	static const struct prog_case cases[] = {
		{ "in tcp PEER:9 > HOST:443 ack data=9000", OUTCOME_RULE, "web-in" },
		{ "in tcp PEER:9 > HOST:443 ack data=60000", OUTCOME_RULE, "web-in" },
		{ "in tcp PEER:9 > HOST:443 ack data=60000 pad=100", OUTCOME_RULE, "web-in" },
		{ "out udp HOST:9 > PEER:443 data=60000", OUTCOME_RULE, "udp-out" },
		{ "out 47 HOST > PEER data=65000", OUTCOME_RULE, "gre-out" },
		{ "in tcp PEER:9 > HOST:443 ack data=60000 length=+1", OUTCOME_DROP_MALFORMED,
		  NULL },
		{ "in tcp PEER:9 > HOST:443 ack data=60000 length=65535", OUTCOME_DROP_MALFORMED,
		  NULL },
		{ "in udp PEER:9 > HOST:443 data=60000 udplen=+1", OUTCOME_DROP_MALFORMED, NULL },
		{ "in tcp PEER:9 > HOST:22 ack data=60000", OUTCOME_DROP_NO_RULE, NULL },
		{ "in tcp PEER:9 > HOST:443 syn", OUTCOME_RULE, "web-in" },
		{ "in tcp PEER:9 > HOST:443 syn length=+1", OUTCOME_DROP_MALFORMED, NULL },
		{ "in arp", OUTCOME_PASS_ARP, NULL },
	};
	static const struct prog_case full[] = {
		{ "out 47 192.0.2.10 > 198.51.100.7 data=65515", OUTCOME_RULE, "gre-out" },
		{ "out 47 192.0.2.10 > 198.51.100.7 data=65515 pad=300", OUTCOME_RULE, "gre-out" },
		{ "out 47 2001:db8::10 > 2001:db8:f::7 data=65535", OUTCOME_RULE, "gre-out" },
		/* 65,536: its length is 0 once more */
		{ "out 47 192.0.2.10 > 198.51.100.7 data=65516", OUTCOME_DROP_MALFORMED, NULL },
		{ "out 47 2001:db8::10 > 2001:db8:f::7 data=65536", OUTCOME_DROP_MALFORMED, NULL },
	};
	struct prog large;

	(void)state;
	prog_open(&large, true);
	prog_policy(&large, policy);
	prog_cases_everywhere(&large, cases, PROG_COUNT(cases));
	prog_cases(&large, full, PROG_COUNT(full));
	prog_close(&large);
}

/* Replay says how long a frame was of which a capture holds only the head. */
static void a_frame_can_be_said_to_be_longer(void **state)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	const struct count weight = { 1, 1454 };
	struct prog_verdict verdict;

	(void)state;
	assert_non_null(frame);
	prog_policy(&prog, policy);
	prog_reset(&prog);
	frame_write("in tcp 198.51.100.7:9 > 192.0.2.10:443 ack length=1440", frame);
	assert_true(prog_run(&prog, PROG_XDP, PROG_SHORT, frame, NULL, &verdict));
	assert_int_equal(verdict.outcome, OUTCOME_DROP_MALFORMED);
	prog.frame_len = 1454;
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(prog_run(&prog, i & 1 ? PROG_TC : PROG_XDP,
				     i & 2 ? PROG_LONG : PROG_SHORT, frame, &weight, &verdict));
		assert_int_equal(verdict.outcome, OUTCOME_RULE);
	}
	prog.frame_len = 0;
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offloaded_packets_count_as_segments),
		cmocka_unit_test(a_length_of_nothing),
		cmocka_unit_test(frames_of_several_buffers),
		cmocka_unit_test(a_frame_can_be_said_to_be_longer),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
