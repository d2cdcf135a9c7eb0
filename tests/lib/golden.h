/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts against files of tests/golden/. With GOLDEN_UPDATE=1 in the environment the files are written anew. */
#ifndef TESTS_LIB_GOLDEN_H
#define TESTS_LIB_GOLDEN_H

#include <stdbool.h>

/* Is `got` what the file holds? Shows the lines that differ; no file, or no `got`, fails the test. */
bool golden_matches(const char *path, const char *got);

/* Are they to be written anew? GOLDEN_UPDATE is set, and not empty. */
bool golden_is_updated(void);

#endif
