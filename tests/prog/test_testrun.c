// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test runs in batches decide as the same packets do one by one, in the same order, and count what was on
 * the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/kernel/testrun.h"
#include "user/kernel/testrun_counts.h"

static const char *const words[] = {
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn",
	"out tcp 192.0.2.10:5061 > 198.51.100.7:40000 syn ack",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:22 syn",
	"out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=20",
	"in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=1200",
	"in udp 198.51.100.7:3478 > 192.0.2.10:40001",
	"out tcp [2001:db8::10]:40000 > [2001:db8::99]:5061 syn",
	"in tcp [2001:db8::99]:5061 > [2001:db8::10]:40000 syn ack",
	"in tcp [2001:db8::99]:5061 > [2001:db8::10]:40000 ack data=9000",
	"out tcp 192.0.2.10:40002 > 198.51.100.7:5061 syn",
	"in tcp 198.51.100.7:5061 > 192.0.2.10:40002 ack data=3300",
	"in tcp 198.51.100.7:5061 > 192.0.2.10:40002 ack data=3400",
	"in arp",
	"out arp tag=8100",
	"in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=64 id=7 mf",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn fin",
	"in icmp 198.51.100.7 > 192.0.2.10 type=3 code=4 quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 }",
};

/* A generator of its own: the same order on every machine. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

#define PACKETS 3000u
#define KINDS PROG_COUNT(words)

static void a_batch_decides_as_one_by_one(void **unused)
{
	static struct frame_bytes frames[KINDS];
	struct testrun_packet *packets = calloc(PACKETS, sizeof(*packets));
	struct testrun_gate *gate = NULL;
	struct diags diags = { 0 };
	uint32_t random = 1, outcomes = 0;
	struct prog prog;

	(void)unused;
	assert_non_null(packets);
	for (size_t i = 0; i < KINDS; i++)
		frame_write(words[i], &frames[i]);
	prog_open(&prog, true);
	prog_policies(&prog, (const char *const[]){ "lync-2013-public-im" }, 1);
	assert_int_equal(testrun_open(PROG_HZ, PROG_FLOWS_MAX, false, "test", &gate, &diags), 0);
	assert_int_equal(testrun_publish(gate, &prog.images[0], "test", &diags), 0);

	for (size_t i = 0; i < PACKETS; i++) {
		const struct frame_bytes *frame = &frames[next_random(&random) % KINDS];

		packets[i] = (struct testrun_packet){
			.bytes = frame->bytes,
			.captured = (uint32_t)frame->length,
			.now = PROG_BEGIN + i * 20,
			.direction = frame->out ? DIRECTION_OUT : DIRECTION_IN,
		};
	}
	/* the second time from the beginning: nothing of the first may be left */
	for (int round = 0; round < 2; round++) {
		prog_reset(&prog);
		assert_int_equal(testrun_reset(gate, "test", &diags), 0);
		assert_int_equal(testrun_run(gate, packets, PACKETS, "test", &diags), 0);
		random = 1;
		for (size_t i = 0; i < PACKETS; i++) {
			const struct frame_bytes *frame = &frames[next_random(&random) % KINDS];

			prog.now = PROG_BEGIN + i * 20;
			assert_int_equal(packets[i].decision,
					 prog_decide(&prog, PROG_XDP, PROG_SHORT, frame));
			outcomes |= 1u << DECISION_OUTCOME(packets[i].decision);
		}
	}
	/* or it would show nothing */
	assert_true(outcomes & 1u << OUTCOME_RULE && outcomes & 1u << OUTCOME_REPLY &&
		    outcomes & 1u << OUTCOME_PASS_ICMP_ERROR &&
		    outcomes & 1u << OUTCOME_DROP_NO_RULE);
	testrun_close(gate);
	free(packets);
	prog_close(&prog);
}

/* What all counters have seen. */
static struct count counted(const struct testrun_gate *gate)
{
	cleanup(gate_free_counts) struct gate_counts counts = { 0 };
	struct count sum = { 0 };

	assert_int_equal(testrun_counts_read(gate, &counts), 0);
	for (size_t i = 0; i < RULE_SLOTS; i++) {
		sum.packets += counts.rules[i].forward.packets + counts.rules[i].reply.packets;
		sum.bytes += counts.rules[i].forward.bytes + counts.rules[i].reply.bytes;
	}
	for (size_t i = 0; i < OUTCOME_COUNTERS; i++) {
		sum.packets += counts.outcomes[i].packets;
		sum.bytes += counts.outcomes[i].bytes;
	}
	return sum;
}

/*
 * A capture holds `captured` bytes of a frame that had `length`: it is judged and counted as it was on the
 * wire, in a batch, and by itself where no batch takes it.
 */
static void bytes_are_those_on_the_wire(void **unused)
{
	static const struct {
		const char *words;
		uint32_t captured, length; /* length 0: all of it is there */
		enum outcome outcome;
	} table[] = {
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn", 54, 0, OUTCOME_RULE },
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=1400", 54, 1454,
		  OUTCOME_RULE },
		{ "out tcp 192.0.2.10:5061 > 198.51.100.7:40000 ack data=1400", 60, 1454,
		  OUTCOME_REPLY },
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:22 ack data=1400", 54, 1454,
		  OUTCOME_DROP_NO_RULE },
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=1400", 96, 1400,
		  OUTCOME_DROP_MALFORMED },
		{ "in udp [2001:db8::7]:3478 > [2001:db8::10]:3478 data=1200", 64, 1262,
		  OUTCOME_RULE },
		{ "in icmp 198.51.100.7 > 192.0.2.10 type=3 quote{ tcp 192.0.2.10:5061 > 198.51.100.7:9 } "
		  "data=1000",
		  90, 1082, OUTCOME_PASS_ICMP_ERROR },
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=9000", 9054, 0,
		  OUTCOME_RULE },
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 ack data=9000", 3500, 9054,
		  OUTCOME_RULE },
		{ "out tcp 192.0.2.10:40000 > 198.51.100.7:5061 ack data=9000", 3500, 9054,
		  OUTCOME_RULE },
		{ "in arp", 13, 0, OUTCOME_DROP_MALFORMED },
		{ "out arp", 1, 0, OUTCOME_DROP_MALFORMED },
	};
	static struct frame_bytes frame;
	struct testrun_gate *gate = NULL;
	struct diags diags = { 0 };
	struct prog prog;

	(void)unused;
	prog_open(&prog, true);
	prog_policies(&prog, (const char *const[]){ "lync-2013-public-im" }, 1);
	assert_int_equal(testrun_open(PROG_HZ, PROG_FLOWS_MAX, false, "test", &gate, &diags), 0);
	assert_int_equal(testrun_publish(gate, &prog.images[0], "test", &diags), 0);
	for (size_t i = 0; i < PROG_COUNT(table); i++) {
		uint32_t length = table[i].length ? table[i].length : table[i].captured;
		struct testrun_packet packet = {
			.captured = table[i].captured,
			.length = table[i].length,
			.now = PROG_BEGIN + i,
		};
		struct count before = counted(gate), after;

		frame_write(table[i].words, &frame);
		packet.bytes = frame.bytes;
		packet.direction = frame.out ? DIRECTION_OUT : DIRECTION_IN;
		assert_int_equal(testrun_run(gate, &packet, 1, "test", &diags), 0);
		after = counted(gate);
		if (DECISION_OUTCOME(packet.decision) != table[i].outcome ||
		    after.packets - before.packets != 1 || after.bytes - before.bytes != length)
			fail_msg("%s, %u of %u bytes: outcome %u; counted %llu packets, %llu bytes",
				 table[i].words, table[i].captured, length,
				 DECISION_OUTCOME(packet.decision),
				 (unsigned long long)(after.packets - before.packets),
				 (unsigned long long)(after.bytes - before.bytes));
	}
	testrun_close(gate);
	prog_close(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_decides_as_one_by_one),
		cmocka_unit_test(bytes_are_those_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
