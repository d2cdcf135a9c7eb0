/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way the packets of a capture go: --host, and the guess where nobody says. */
#ifndef USER_VERB_COMMON_HOST_H
#define USER_VERB_COMMON_HOST_H

#include "user/packet/chunk.h"
#include "user/packet/host.h"
#include "user/verb/common.h"

/* Adds what every --host says. 0, or a negative errno and diagnostics. */
int common_host_read(const struct common_options *options, struct host *host, struct diags *diags);

/*
 * Sets the direction of a chunk's packets. A host that is nobody's yet is first guessed from them, which is
 * said on standard error; `what` is the verb. 0, or a negative errno and diagnostics.
 */
int common_host_directions(struct host *host, struct chunk *chunk, const char *what,
			   struct diags *diags);

#endif
