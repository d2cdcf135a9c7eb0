// SPDX-License-Identifier: GPL-2.0-only
/* Jiffies as they are reckoned by who may run no program, against those that the kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/clock.h"

/* Read a little later the one may be a tick behind and the other one more; never further, however long this machine stands still. */
#define TICKS 2

static void reckoned_jiffies_keep_up(void **state)
{
	const struct timespec wait = { .tv_nsec = 400 * 1000 * 1000 };
	autoclose int program = clock_open();
	uint64_t before, reckoned, after, first;

	(void)state;
	assert_true(program >= 0);
	assert_int_equal(clock_keep(), 0);
	assert_int_equal(clock_jiffies(&first), 0);
	for (int i = 0; i < 5; i++) {
		nanosleep(&wait, NULL);
		assert_int_equal(clock_read(program, &before), 0);
		assert_int_equal(clock_jiffies(&reckoned), 0);
		assert_int_equal(clock_read(program, &after), 0);
		assert_true(reckoned + TICKS >= before);
		assert_true(reckoned <= after + TICKS);
	}
	assert_true(reckoned > first);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reckoned_jiffies_keep_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
