/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of every test program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/harness.h"

/* Whole lines at once: a program that crashes still leaves what it had said. */
__attribute__((constructor)) static void say_it_at_once(void)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

void skip_because(const char *reason)
{
	print_message("# skip: %s\n", reason);
	skip();
}
