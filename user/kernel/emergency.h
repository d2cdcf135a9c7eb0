/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lock of its own for those who write a session into a gate's memory: no apply ever holds it, and whoever
 * does holds it for as long as that takes. Everything else in an emergency is one compare-and-swap.
 */
#ifndef USER_KERNEL_EMERGENCY_H
#define USER_KERNEL_EMERGENCY_H

#include "user/base/diag.h"

/*
 * Takes it. Returns a descriptor that holds it until closed, or a negative errno with a diag: -EBUSY when
 * another process, stopped perhaps, doesn't give it back within a second.
 */
int emergency_lock(const char *what, struct diags *diags);

#endif
