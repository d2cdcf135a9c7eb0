/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces that can be found: those with a name, process 1's, and those that processes are in. */
#ifndef USER_KERNEL_NAMESPACES_H
#define USER_KERNEL_NAMESPACES_H

#include <stdint.h>

#include <edgegate/abi.h>

/*
 * Calls `each` inside every one, once or more often; stops at a non-zero result and returns it, or 0. We
 * are back where we were afterwards. `name` is as `ip netns` knows it, "" where it has none. One that
 * can't be entered is passed over.
 */
int namespaces_each(int (*each)(const char *name, void *data), void *data);

/*
 * Enters the one with this cookie for a while; the one that `name` names is tried first. Returns a
 * descriptor of the one that we leave, for netns_return(), or negative errno; -ENOENT: not found.
 */
int namespaces_visit(uint64_t cookie, const char *name);

#endif
