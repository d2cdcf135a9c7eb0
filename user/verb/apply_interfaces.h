/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces that `apply` is told of: whether a gate can stand on them. */
#ifndef USER_VERB_APPLY_INTERFACES_H
#define USER_VERB_APPLY_INTERFACES_H

#include "user/kernel/netns.h"
#include "user/verb/common.h"

/* Looks them up, in the order of the options. -ENODEV or -EINVAL with a diag: one is missing, or no Ethernet. */
int apply_interfaces_find(const struct common_options *options,
			  struct interface interfaces[GATE_INTERFACES_MAX], const char *what,
			  struct diags *diags);

#endif
