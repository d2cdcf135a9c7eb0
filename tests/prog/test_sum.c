/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever arrives ends in exactly one counter, and in the same one by every way: 20,000 frames of a
 * fixed seed, good ones, damaged ones and garbage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"

#define FRAMES 20000

PROG_FIXTURE(NULL);

static const char *const seeds[] = {
	"in tcp PEER:40000 > HOST:443 syn",
	"in tcp PEER:40000 > HOST:5061 ack data=20",
	"out tcp HOST:40000 > PEER:5061 syn options=0101",
	"out tcp HOST:443 > PEER:50001 syn ack tag=8100",
	"out tcp HOST:40000 > PEER:55555 ack tag=88a8 tag=8100",
	"out udp HOST:40000 > PEER:3478",
	"in udp PEER:3478 > HOST:40000",
	"in udp PEER:40000 > HOST:3478 options=94040000",
	"in sctp PEER:9 > HOST:10 chunk=1",
	"in PING PEER > HOST type=REQUEST",
	"in 47 PEER > HOST",
	"in udp PEER:3478 > HOST:40000 FIRST",
	"out udp HOST:40000 > PEER:3478 FIRST",
	"in udp PEER:3478 > HOST:40000 LATER=16",
	"out udp HOST:40000 > PEER:3478 MIDDLE=16",
	"in PING ROUTER > HOST type=UNREACHABLE quote{ udp HOST:40000 > PEER:3478 }",
	"out PING HOST > PEER type=EXCEEDED quote{ tcp PEER:40000 > HOST:443 syn }",
	"out PING HOST > PEER type=PROBLEM quote{ tcp PEER:40000 > HOST:22 syn }",
};
static const char *const seeds6[] = {
	"in tcp PEER:40000 > HOST:443 syn hop dst",
	"in udp PEER:40000 > HOST:3478 dst=64 frag=0 ah",
	"in udp PEER:40000 > HOST:3478 frag+=0",
	"out tcp HOST:40000 > PEER:5061 syn routing=4/0",
	"in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16",
	"in icmpv6 :: > ff02::16 type=143 ttl=1 hop",
	"in icmpv6 ROUTER > HOST type=2 quote{ udp HOST:40000 > PEER:3478 dst frag+=0 }",
	"out udp [fe80::10]:546 > [ff02::1:2]:547",
	"in udp [fe80::1]:547 > [fe80::10]:546 dst",
};
static const char *const others[] = {
	"in arp",
	"out arp tag=8100",
	"in eth 01:80:c2:00:00:00 26 data=x4242030000000000000000000000000000000000000000000000",
	"in eth 01:80:c2:00:00:0e 88cc",
};

static void write_any(struct frame_bytes *frame)
{
	unsigned int pick = (unsigned int)rand() % 10;
	char words[FRAME_TEXT_MAX];

	if (pick < 4)
		frame_vary(seeds[(size_t)rand() % PROG_COUNT(seeds)], 4, "", words);
	else if (pick < 6)
		frame_vary(seeds[(size_t)rand() % PROG_COUNT(seeds)], 6, "", words);
	else if (pick < 9)
		frame_vary(seeds6[(size_t)rand() % PROG_COUNT(seeds6)], 6, "", words);
	else
		frame_vary(others[(size_t)rand() % PROG_COUNT(others)], 4, "", words);
	frame_write(words, frame);
}

/* A byte, a bit, the end; or nothing of it is left. */
static void damage(struct frame_bytes *frame)
{
	for (int times = rand() % 4; times > 0; times--) {
		size_t at = (size_t)rand() % frame->length;

		switch (rand() % 4) {
		case 0:
			frame->bytes[at] = (uint8_t)rand();
			break;
		case 1:
			frame->bytes[at] ^= (uint8_t)(1 << rand() % 8);
			break;
		case 2: /* the headers, more often */
			frame->bytes[12 + (size_t)rand() % 44] ^= (uint8_t)(1 << rand() % 8);
			break;
		default:
			frame->length = 15 + (size_t)rand() % (frame->length - 14);
		}
	}
	if (rand() % 20)
		return;
	frame->length = 15 + (size_t)rand() % 200;
	for (size_t i = 0; i < frame->length; i++)
		if (i < 12 || i > 14 || rand() % 2)
			frame->bytes[i] = (uint8_t)rand();
}

static void every_frame_ends_in_one_counter(void **state)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	unsigned int seen[OUTCOME_COUNT] = { 0 };
	size_t kinds = 0;

	(void)state;
	assert_non_null(frame);
	prog_policies(&prog, NULL, 0);
	srand(20130201);
	for (int i = 0; i < FRAMES; i++) {
		uint32_t decisions[4], last = 0;
		size_t count = 0;

		write_any(frame);
		damage(frame);
		if (rand() % 100 == 0)
			prog_wait(&prog, 1);
		for (unsigned int hook = PROG_XDP; hook <= PROG_TC; hook <<= 1)
			for (unsigned int way = PROG_SHORT; way <= PROG_LONG; way <<= 1)
				if (prog_can_run(hook, frame))
					last = decisions[count++] =
						prog_decide(&prog, hook, way, frame);
		for (size_t n = 0; n < count; n++) {
			if (decisions[n] != last || !DECISION_OUTCOME(last) ||
			    DECISION_OUTCOME(last) >= OUTCOME_COUNT)
				fail_msg("frame %d: decision %#x here, %#x there", i, decisions[n],
					 last);
		}
		seen[DECISION_OUTCOME(last)]++;
		if (i % 1000 == 0)
			prog_check_sum(&prog);
	}
	prog_check_sum(&prog);
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		kinds += seen[i] != 0;
	/* rule, reply, every kind but `ping`, all drops but `address` and those that no packet has yet */
	assert_int_equal(kinds, 16);
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_ends_in_one_counter),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
