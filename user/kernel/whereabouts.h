/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an interface of a gate is by now: it may have been renamed, made anew, given another index or
 * moved to another network namespace. An index alone tells nothing, for it may be another one's; what is
 * attached to an interface is its witness.
 */
#ifndef USER_KERNEL_WHEREABOUTS_H
#define USER_KERNEL_WHEREABOUTS_H

#include "user/kernel/gate.h"

/*
 * Fills place, is_here, name and ifindex of an attachment of which programs, links and the links' index
 * are known. `filter`: the program of its clsact filter, or 0. 0, or a negative errno where the kernel
 * doesn't say: nothing is filled then.
 */
int whereabouts_read(const struct gate *gate, unsigned int interface, uint32_t filter,
		     struct gate_attachment *attachment);

/* Where one is that is in another namespace than its gate's. */
struct whereabouts {
	bool is_first;               /* in the first namespace */
	uint64_t cookie;             /* the namespace's */
	char netns[NETNS_NAME_SIZE]; /* the namespace's name; empty: it has none */
	char name[INTERFACE_NAME_SIZE];
};

/* Looks in all namespaces that can be entered; false: in none of them. */
bool whereabouts_find(const struct gate_attachment *attachment, struct whereabouts *found);

#endif
