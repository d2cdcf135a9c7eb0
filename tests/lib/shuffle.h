/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bench tells shuffle.bpf.c before each run: its one variable. */
#ifndef TESTS_LIB_SHUFFLE_H
#define TESTS_LIB_SHUFFLE_H

#include <linux/types.h>

struct shuffle {
	__u32 at;    /* the next packet's number, */
	__u32 first; /* which begin with this one, */
	__u32 count; /* and after so many come again */
	__u32 step;  /* from one number to the next; 0: 1 */
	__u32 out;   /* the frame goes out: what is outside is its destination */
	/* ports: the end outside's and the host's, host order; 0: by chance */
	__u32 remote;
	__u32 local;
	__u32 half; /* every other packet, by chance, has a local port by chance all the same */
	/* bits that addresses outside have or don't have, host order */
	__u32 ones;
	__u32 zeroes;
};

#endif
