/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic receive offload of a veth. Native XDP on one end makes the other end send its TCP in single segments, and
 * a veth is made with GRO off: without it each of them goes up the stack by itself. So a gate turns it on, where
 * it was off, and off again where it goes. Whose doing it is stands in the stamp before it is done (enum gro),
 * so that whoever is killed in between leaves nothing that isn't set right later. Who turns it off while the gate
 * stands keeps it off; who turns it off and on again has it turned off by detach all the same, for that can't be seen.
 */
#ifndef USER_KERNEL_GRO_H
#define USER_KERNEL_GRO_H

#include <stdbool.h>

#include "user/base/diag.h"
#include "user/kernel/gate.h"

/* Would a gate turn it on, if it were attached to this interface now? */
bool gro_is_wanted(const struct stamp_interface *interface);

/*
 * Before XDP is attached: puts down in the stamp that it will be turned on, where it is off. A negative errno
 * with a diag: the stamp can't be written.
 */
int gro_claim(struct gate *gate, unsigned int index, const char *what, struct diags *diags);

/* After it is: turns on what was claimed. What fails is a warning, but for the stamp: gro_claim(). */
int gro_settle(struct gate *gate, unsigned int index, const char *what, struct diags *diags);

/*
 * XDP is off: turned off again, if it was us who turned it on. `now`: where the interface is. What can't be done is
 * a warning, but for the stamp.
 */
int gro_give_back(struct gate *gate, unsigned int index, const struct gate_attachment *now,
		  const char *what, struct diags *diags);

/* The same for a folder that is no whole gate, whose stamp can be read. */
void gro_give_back_stray(const char *directory, const char *what, struct diags *diags);

#endif
