/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a frame needs on a wire beside its shape: checksums, and TCP sequence numbers that follow one
 * another. Without them the kernel, or a filter that follows connections, would drop for a reason that
 * the corpus doesn't mean. A length that lies stays as it is.
 */
#ifndef TESTS_SCOREBOARD_SEAL_H
#define TESTS_SCOREBOARD_SEAL_H

#include <stddef.h>

#include "tests/lib/frame.h"

/* All frames of an entry, in order: a first fragment's checksum covers those that come behind it. */
void seal(struct frame_bytes *frames, size_t count);

/* Where the IP header begins, behind up to two tags, and its version; 0 if there is none. */
unsigned int seal_network(const struct frame_bytes *frame, size_t *begin);

#endif
