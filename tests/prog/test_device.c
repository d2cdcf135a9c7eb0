// SPDX-License-Identifier: GPL-2.0-only
/* What an interface is made of: of none, and while others come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "user/kernel/device.h"

static int disturbed; /* answers that are still to be said to be disturbed */

/* libmnl's own, but for those: by then some of the answer may have been taken. */
int mnl_cb_run(const void *buf, size_t numbytes, unsigned int seq, unsigned int portid,
	       mnl_cb_t cb_data, void *data)
{
	int more = mnl_cb_run2(buf, numbytes, seq, portid, cb_data, data, NULL, 0);

	if (disturbed == 0)
		return more;
	disturbed--;
	errno = EINTR;
	return -1;
}

static int count(const struct device *device, void *data)
{
	int *loopbacks = data;

	*loopbacks += strcmp(device->name, "lo") == 0;
	return 0;
}

/* if_nametoindex() says 0 of one that has just gone: that is not the first there is. */
static void index_0_is_none(void **state)
{
	struct device device;

	(void)state;
	assert_int_equal(device_read(0, &device), -ENODEV);
	assert_int_equal(device_read(1, &device), 0);
	assert_string_equal(device.name, "lo");
}

static void a_disturbed_list_is_asked_for_again(void **state)
{
	int loopbacks = 0;

	(void)state;
	disturbed = 2;
	assert_int_equal(device_each(count, &loopbacks), 0);
	assert_int_equal(loopbacks, 1);
	assert_int_equal(disturbed, 0);
}

static void not_for_ever(void **state)
{
	int loopbacks = 0;

	(void)state;
	disturbed = 99;
	assert_int_equal(device_each(count, &loopbacks), -EINTR);
	assert_int_equal(loopbacks, 0);
	assert_int_equal(disturbed, 96);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_0_is_none),
		cmocka_unit_test(a_disturbed_list_is_asked_for_again),
		cmocka_unit_test(not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
