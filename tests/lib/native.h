/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame as the packet path's headers read it where they are built natively: include this before any of bpf/. */
#ifndef TESTS_LIB_NATIVE_H
#define TESTS_LIB_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All of a frame; the cursor may be given less. */
struct native_context {
	const uint8_t *bytes;
	size_t length;
};
typedef struct native_context parse_context;

#include "bpf/parse_context.h"

static __always_inline __u32 parse_length(parse_context *context)
{
	return (__u32)context->length;
}

static __always_inline long parse_load(parse_context *context, __u32 at, void *to, __u32 size)
{
	if (at > context->length || size > context->length - at)
		return -14; /* EFAULT */
	memcpy(to, context->bytes + at, size);
	return 0;
}

#endif
