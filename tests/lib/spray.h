/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench_wire tells spray.bpf.c before each burst: its one variable. */
#ifndef TESTS_LIB_SPRAY_H
#define TESTS_LIB_SPRAY_H

#include <linux/types.h>

struct spray {
	__u32 device; /* index of the interface that sends, in the namespace of whoever runs the program */
	__u32 vary; /* not 0: each frame gets a source of its own */
	__u32 at;   /* the next frame's number */
	__u32 sum; /* of the IPv4 header's halves as they lie, but for checksum and source address */
	/* ports: the end outside's and the host's, host order; 0: by chance. Only where `vary` is set. */
	__u32 remote;
	__u32 local;
};

#endif
