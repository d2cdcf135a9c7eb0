/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces that `apply` is told of: whether a gate can stand on them, and what it wouldn't see there. */
#ifndef USER_VERB_APPLY_INTERFACES_H
#define USER_VERB_APPLY_INTERFACES_H

#include "user/kernel/netns.h"
#include "user/verb/common.h"

/* Looks them up, in the order of the options. -ENODEV or -EINVAL with a diag: one is missing, or no Ethernet. */
int apply_interfaces_find(const struct common_options *options,
			  struct interface interfaces[GATE_INTERFACES_MAX], const char *what,
			  struct diags *diags);

/*
 * Warns of traffic of these interfaces that goes by where no gate stands. `gate`: the one that they belong
 * to, or one that isn't open. A negative errno with a diag: it can't be told which interfaces the gate has.
 */
int apply_interfaces_warn(const struct common_options *options, const struct gate *gate,
			  const char *what, struct diags *diags);

#endif
