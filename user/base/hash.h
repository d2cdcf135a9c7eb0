/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/. To tell things apart that nobody has made
 * alike on purpose: what was applied from what is there, one build's programs from another's.
 */
#ifndef USER_BASE_HASH_H
#define USER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325ull

static inline uint64_t hash_add(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	/* the analyzer loses sight of bytes that a loop has written */
	for (size_t i = 0; i < size; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

#endif
