/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of a gate's interfaces since the last apply, and which of them the gate takes as they are now. */
#ifndef USER_KERNEL_ADOPT_H
#define USER_KERNEL_ADOPT_H

#include "user/kernel/gate.h"
#include "user/kernel/replace.h"

/*
 * Keeps in the stamp what an interface is now: renamed, with another index, or made anew under its old
 * name. What was attached to one that is gone, is gone with it, and its pins hold nothing. One that is
 * gone or in another namespace is a warning; -EXDEV: it is, and another one has its name here.
 */
int adopt_interface(struct gate *gate, unsigned int index, const char *what, struct diags *diags);

/*
 * Would an apply attach XDP to the interface, because it is new or has lost it? 1, and *interface is what it
 * would be attached to; 0; or a negative errno with a diag.
 */
int adopt_wants_xdp(const struct gate *gate, unsigned int index, struct stamp_interface *interface,
		    const char *what, struct diags *diags);

/* Refuses what attaching anew would, as far as can be seen without doing it. 0 or -EBUSY with a diag. */
int adopt_check(const struct gate *gate, const struct replace *replace, const char *what,
		struct diags *diags);

#endif
