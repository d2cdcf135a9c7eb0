/* SPDX-License-Identifier: GPL-2.0-only */
/* Two CPUs at one bucket at once: together never more than the burst, and never less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/harness.h"
#include "tests/lib/prog.h"

#define CPUS 2u
#define BURST 100000u
#define SOURCES 20000u

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open(&prog, false);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* What one CPU sends. */
struct sender {
	pthread_t thread;
	unsigned int cpu;
	int program;
	unsigned int rounds;      /* calls; each waits for the other CPU */
	unsigned int repeat;      /* packets of a call */
	bool new_source;          /* in each round another one, the same on both CPUs */
	_Atomic unsigned int *at; /* rounds that CPUs have come to, all together */
	struct frame_bytes frame;
	unsigned int passed; /* of calls with one packet */
	bool failed;
};

static void *sender_run(void *argument)
{
	struct sender *sender = argument;
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(sender->cpu, &only);
	sender->failed = sched_setaffinity(0, sizeof(only), &only) != 0;
	for (unsigned int round = 0; round < sender->rounds; round++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = sender->frame.bytes,
			    .data_size_in = (uint32_t)sender->frame.length,
			    .repeat = (int)sender->repeat);
		uint32_t source = htonl(0x0a000001u + round);

		if (sender->new_source)
			memcpy(sender->frame.bytes + 14 + 12, &source, sizeof(source));
		atomic_fetch_add(sender->at, 1);
		while (atomic_load(sender->at) < (round + 1) * CPUS)
			;
		sender->failed |= bpf_prog_test_run_opts(sender->program, &run) != 0;
		sender->passed += run.retval == XDP_PASS;
	}
	return NULL;
}

/* Both send; gives the packets that passed of calls with one. */
static unsigned int send_both(int program, unsigned int rounds, unsigned int repeat,
			      bool new_source)
{
	static struct sender senders[CPUS];
	_Atomic unsigned int at = 0;
	unsigned int passed = 0;

	prog_set_clock(&prog, PROG_SHORT);
	for (unsigned int i = 0; i < CPUS; i++) {
		senders[i] = (struct sender){ .cpu = i,
					      .program = program,
					      .rounds = rounds,
					      .repeat = repeat,
					      .new_source = new_source,
					      .at = &at };
		frame_write("in udp 10.0.0.1:4000 > 192.0.2.10:53", &senders[i].frame);
		assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]),
				 0);
	}
	for (unsigned int i = 0; i < CPUS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_false(senders[i].failed);
		passed += senders[i].passed;
	}
	prog.packets += (uint64_t)rounds * repeat * CPUS;
	prog_check_sum(&prog);
	return passed;
}

static void apply(const char *limit)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "policy: cpus\n"
		 "rules:\n"
		 "  - {name: dns-in, direction: in, protocol: udp, ports: 53, limit: {%s}}\n",
		 limit);
	prog_policy(&prog, text);
	prog_reset(&prog);
}

static void expect_burst(const char *limit)
{
	uint64_t before;

	if (sysconf(_SC_NPROCESSORS_ONLN) < (long)CPUS)
		skip_because("one CPU only");
	apply(limit);
	before = prog.rules[prog_slot_of(&prog, "dns-in")].forward.packets;
	/* at tc, where many packets are one call */
	send_both(prog.object.tc[DIRECTION_IN], 2, BURST, false);
	assert_int_equal(prog.rules[prog_slot_of(&prog, "dns-in")].forward.packets - before, BURST);
}

static void together_the_burst(void **state)
{
	(void)state;
	expect_burst("rate: 1/s, burst: 100000");
	expect_burst("rate: 1/s, burst: 100000, per: source");
}

/* Who is new is new to both: one bucket is made, and one packet passes. */
static void of_a_new_source_one_bucket(void **state)
{
	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < (long)CPUS)
		skip_because("one CPU only");
	apply("rate: 1/m, burst: 1, per: source");
	assert_int_equal(send_both(prog.object.xdp[DIRECTION_IN], SOURCES, 1, true), SOURCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(together_the_burst),
		cmocka_unit_test(of_a_new_source_one_bucket),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
