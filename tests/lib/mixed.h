/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_LIB_MIXED_H
#define TESTS_LIB_MIXED_H

#include <bpf/bpf_helpers.h>

/* The finalizer of MurmurHash3: numbers in a row become random ones. */
static __always_inline __u32 mixed(__u32 number)
{
	number ^= number >> 16;
	number *= 0x85ebca6b;
	number ^= number >> 13;
	number *= 0xc2b2ae35;
	return number ^ number >> 16;
}

#endif
