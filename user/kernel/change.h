/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What commands do to a gate's state word besides putting a policy into force: each is one
 * compare-and-swap, so that it is done whole or not at all, and needs no lock: in an emergency nobody
 * waits for an apply.
 */
#ifndef USER_KERNEL_CHANGE_H
#define USER_KERNEL_CHANGE_H

#include "user/kernel/gate.h"
#include "user/kernel/state.h"

/* All give the state that was found in *before, settled: what a deadline did is done. */

/* Keeps the last apply. -ENOENT: no deadline stands, *before says whether one has passed. */
int change_confirm(struct gate *gate, struct state *before);

/* Takes the last apply back. -ENOENT: there is none, or it was taken back already. */
int change_rollback(struct gate *gate, struct state *before);

/*
 * Begins, changes or (EMERGENCY_NONE) ends an emergency. `session` is what a blocked gate lets pass,
 * NULL: nothing; whoever gives one holds emergency_lock(). -ENOENT: there is no policy whose essentials
 * could stay.
 */
int change_emergency(struct gate *gate, enum emergency emergency, const struct session *session,
		     struct state *before);

#endif
