/* SPDX-License-Identifier: GPL-2.0-only */
/* What every test program may use beside cmocka. */
#ifndef TESTS_LIB_HARNESS_H
#define TESTS_LIB_HARNESS_H

/* Leave this test out, and have `make test` say why. It doesn't return. */
void skip_because(const char *reason);

#endif
