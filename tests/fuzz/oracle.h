/* SPDX-License-Identifier: GPL-2.0-only */
/* What a fuzz target demands: said in a line, then abort(), which libFuzzer takes for a crash. */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define require(condition, ...)                                                                    \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);    \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/*
 * A copy in a heap block that ends where the bytes do, so that any read behind them is found. `before`
 * bytes stand in front, for alignment; the pointer given is behind them. Free with oracle_free().
 */
static inline uint8_t *oracle_copy(const void *bytes, size_t size, size_t before)
{
	uint8_t *block = malloc(size + before ? size + before : 1);

	if (!block)
		exit(0); /* the machine's fault, no finding */
	if (size)
		memcpy(block + before, bytes, size);
	return block + before;
}

static inline void oracle_free(uint8_t *bytes, size_t before)
{
	free(bytes - before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
