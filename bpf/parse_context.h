/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the two walks over headers of variable shape read a frame. Whoever includes this says first
 * what a `parse_context` is (the hook's context; in native tests the bytes themselves) and defines
 * parse_load().
 *
 * The walks are global functions, which the verifier checks once each, by themselves, and keep their
 * state in memory that it doesn't follow: inlined, their paths multiply with each other and with all
 * that comes after (measured: past a million instructions).
 */
#ifndef BPF_PARSE_CONTEXT_H
#define BPF_PARSE_CONTEXT_H

#include "bpf/packet.h"

#define noinline_global __attribute__((noinline))

/*
 * Bytes of the whole frame, of which frame->length may be the first buffer's only. At XDP it takes a call, as much
 * as half of what a small packet costs otherwise (docs/performance.md): so it is asked for only where it may matter.
 */
static __always_inline __u32 parse_length(parse_context *context);

/* Copies `size` bytes from byte `at` of the frame, readable head or not. 0, or negative. */
static __always_inline long parse_load(parse_context *context, __u32 at, void *to, __u32 size);

#endif
