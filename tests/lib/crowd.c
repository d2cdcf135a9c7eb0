// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/crowd.h"

int crowd_cut(const struct crowd *crowd)
{
	int found = -1;

	for (int i = 0; i < (int)CROWD; i++) {
		if (!crowd->clients[i].is_cut)
			continue;
		assert_int_equal(found, -1);
		found = i;
	}
	return found;
}
