// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of a frame decides about it (user/packet/headers.h), held against the real programs: wherever
 * that much is there, they decide of a frame that a capture cut off as they do of the whole one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/frame.h"
#include "user/base/cleanup.h"
#include "user/image/image.h"
#include "user/kernel/testrun.h"
#include "user/packet/headers.h"
#include "user/policy/policy.h"

#define HZ 1000u
#define FLOWS_MAX 4096u
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* No rule has a limit: a packet's decision then doesn't depend on how often it was sent. */
static const char policy_text[] =
	"policy: headers\n"
	"essentials: {ping: true}\n"
	"rules:\n"
	"  - {name: tcp-in, direction: in, protocol: tcp, ports: 5061}\n"
	"  - {name: udp-out, direction: out, protocol: udp, ports: 3478}\n"
	"  - {name: media-in, direction: in, protocol: udp, ports: 3479,\n"
	"     payload: {class: udp-media, mode: enforce}}\n"
	"  - {name: sctp-in, direction: in, protocol: sctp, ports: 36412}\n"
	"  - {name: gre-in, direction: in, protocol: 47}\n";

/* Each passes. */
static const char *const words[] = {
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn data=40",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=40 tag=8100",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=40 tag=88a8 tag=8100",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=40 options=01010101",
	"in tcp [2001:db8::7]:40000 > [2001:db8::10]:5061 ack data=40",
	"in tcp [2001:db8::7]:40000 > [2001:db8::10]:5061 ack data=40 hop dst=24 ah",
	"in tcp [2001:db8::7]:40000 > [2001:db8::10]:5061 ack data=44 frag+=0",
	"out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=40",
	"out udp [2001:db8::10]:40000 > [2001:db8::7]:3478 data=40 tag=8100",
	"out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=40 id=7 mf",
	"in sctp 198.51.100.7:40000 > 192.0.2.10:36412 chunk=1 data=40",
	"in 47 198.51.100.7 > 192.0.2.10 data=40",
	"in icmp 198.51.100.7 > 192.0.2.10 type=8 data=40",
	"in icmpv6 2001:db8::7 > 2001:db8::10 type=128 data=40",
	"in icmpv6 fe80::1 > fe80::2 type=135 ttl=255 transport=24",
	"in arp",
	"in arp tag=8100",
	"in eth 01:80:c2:00:00:00 8 data=x4242030000000000",
	"in icmp 198.51.100.7 > 192.0.2.10 type=3 code=4 quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 data=20 }",
	"in icmp 198.51.100.7 > 192.0.2.10 type=11 quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 data=20 options=01010101 }",
	"in icmpv6 2001:db8::7 > 2001:db8::10 type=2 quote{ udp [2001:db8::10]:40000 > [2001:db8::7]:3478 data=20 dst }",
};

static struct testrun_gate *gate;

static int open_gate(void **state)
{
	const struct image_running fresh = { 0 };
	struct policy *policy = NULL;
	struct diags diags = { 0 };
	struct image image = { 0 };

	(void)state;
	assert_int_equal(
		policy_parse("test", policy_text, sizeof(policy_text) - 1, &policy, &diags), 0);
	assert_int_equal(image_compile(policy, &fresh, &image, &diags), 0);
	assert_int_equal(testrun_open(HZ, FLOWS_MAX, false, "test", &gate, &diags), 0);
	assert_int_equal(testrun_publish(gate, &image, "test", &diags), 0);
	image_free(&image);
	policy_free(policy);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	testrun_close(gate);
	return 0;
}

static struct testrun_packet run_of(const struct frame_bytes *frame, uint32_t captured)
{
	return (struct testrun_packet){
		.bytes = frame->bytes,
		.captured = captured,
		.length = (uint32_t)frame->length,
		.now = HZ,
		.direction = frame->out ? DIRECTION_OUT : DIRECTION_IN,
	};
}

static void run(struct testrun_packet *packets, size_t count)
{
	struct diags diags = { 0 };

	assert_int_equal(testrun_run(gate, packets, count, "test", &diags), 0);
}

/* What the programs say of a frame that they have met before, of which so much is there. */
static uint32_t decide(const struct frame_bytes *frame, uint32_t captured)
{
	struct testrun_packet packets[2] = { run_of(frame, (uint32_t)frame->length),
					     run_of(frame, captured) };

	run(packets, 2);
	return packets[1].decision;
}

static bool passes(uint32_t decision)
{
	return DECISION_OUTCOME(decision) < OUTCOME_DROP_MALFORMED;
}

static void every_cut_is_known(void **unused)
{
	static struct frame_bytes frame;
	unsigned int passed = 0;

	(void)unused;
	/* the flow that the errors are about */
	frame_write("out udp [2001:db8::10]:40000 > [2001:db8::7]:3478", &frame);
	decide(&frame, (uint32_t)frame.length);
	frame_write("out udp 192.0.2.10:40000 > 198.51.100.7:3478", &frame);
	decide(&frame, (uint32_t)frame.length);
	for (size_t i = 0; i < COUNT(words); i++) {
		uint32_t whole, need;

		frame_write(words[i], &frame);
		whole = decide(&frame, (uint32_t)frame.length);
		passed += passes(whole);
		need = headers_length(frame.bytes, (uint32_t)frame.length, (uint32_t)frame.length,
				      false);
		for (uint32_t captured = 14; captured <= frame.length; captured++) {
			bool enough = headers_length(frame.bytes, captured, (uint32_t)frame.length,
						     false) <= captured;

			if (enough != (captured >= need))
				fail_msg("%s: %u of %zu bytes", words[i], captured, frame.length);
			if (enough && decide(&frame, captured) != whole)
				fail_msg("%s: judged by %u bytes", words[i], captured);
		}
		/* or much would get no verdict for nothing */
		if (passes(whole) && decide(&frame, need - 1) == whole)
			fail_msg("%s: %u bytes are one too many", words[i], need);
	}
	/* or it would show nothing */
	assert_int_equal(passed, COUNT(words));
}

/* Where a rule asks what a datagram begins with, that much more decides. */
static void a_datagrams_first_bytes_may_decide(void **unused)
{
	static const char *const datagrams[] = {
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=x80000000",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=xff1000000000",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=xff0000000000",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=x6000000400000000",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=x60000009000000",
		"in udp [2001:db8::7]:40000 > [2001:db8::10]:3479 data=x6000000400000000",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479 data=x80",
		"in udp 198.51.100.7:40000 > 192.0.2.10:3479",
	};
	static struct frame_bytes frame;
	unsigned int passed = 0;

	(void)unused;
	for (size_t i = 0; i < COUNT(datagrams); i++) {
		uint32_t whole;

		frame_write(datagrams[i], &frame);
		whole = decide(&frame, (uint32_t)frame.length);
		passed += passes(whole);
		for (uint32_t captured = 14; captured <= frame.length; captured++)
			if (headers_length(frame.bytes, captured, (uint32_t)frame.length, true) <=
				    captured &&
			    decide(&frame, captured) != whole)
				fail_msg("%s: judged by %u bytes", datagrams[i], captured);
	}
	/* or it would show nothing */
	assert_true(passed > 0 && passed < COUNT(datagrams));
}

/* A generator of its own: the same frames on every machine. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

#define ROUNDS 100000u

/* Frames with a few bytes changed, cut anywhere. */
static void what_is_enough_is_enough_of_any_frame(void **unused)
{
	static struct frame_bytes frames[COUNT(words)];
	static struct frame_bytes frame;
	uint32_t random = 1, compared = 0;

	(void)unused;
	for (size_t i = 0; i < COUNT(words); i++)
		frame_write(words[i], &frames[i]);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		const struct frame_bytes *base = &frames[next_random(&random) % COUNT(words)];
		uint32_t changes = next_random(&random) % 4, captured;
		struct testrun_packet packets[3];

		frame.out = base->out;
		frame.length = base->length;
		memcpy(frame.bytes, base->bytes, base->length);
		while (changes--)
			frame.bytes[12 + next_random(&random) % (base->length - 12)] =
				(uint8_t)(next_random(&random) % 3 ? next_random(&random) % 64 :
								     next_random(&random));
		captured = 14 + next_random(&random) % (uint32_t)(frame.length - 13);
		if (headers_length(frame.bytes, captured, (uint32_t)frame.length, false) > captured)
			continue;
		packets[0] = packets[1] = run_of(&frame, (uint32_t)frame.length);
		packets[2] = run_of(&frame, captured);
		run(packets, 3);
		compared++;
		if (packets[2].decision != packets[1].decision)
			fail_msg("round %u: %x by %u bytes, %x by all", i, packets[2].decision,
				 captured, packets[1].decision);
	}
	assert_true(compared > ROUNDS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_known),
		cmocka_unit_test(a_datagrams_first_bytes_may_decide),
		cmocka_unit_test(what_is_enough_is_enough_of_any_frame),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
