/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's conversations over a gate's interfaces, and which of them the caller works in. */
#ifndef USER_VERB_COMMON_CONVERSATIONS_H
#define USER_VERB_COMMON_CONVERSATIONS_H

#include <edgegate/abi.h>
#include <stdbool.h>

#include "user/host/conversations.h"
#include "user/host/session.h"
#include "user/kernel/gate.h"

/* Zeroes are empty. */
struct common_conversations {
	struct sessions sessions;   /* that the caller may work in, whether they stand or not */
	struct conversations found; /* `claim` says which of the sessions one is */
};

/*
 * A gate's interfaces with the indices that they have now, by what is attached: those of the stamp are the last
 * apply's. 0: it is not here.
 */
void common_conversations_interfaces(const struct gate *gate,
				     struct stamp_interface interfaces[GATE_INTERFACES_MAX]);

/*
 * What goes over one of the interfaces, and the caller's sessions that stand, whatever they go over;
 * with `own` only these. 0, or a negative errno; the sessions are there then too, as far as known.
 */
int common_conversations_read(const struct stamp_interface *interfaces, size_t count, bool own,
			      struct common_conversations *conversations);

/*
 * Adds what is UDP and only the gate knows of: its flows that live, and that are none of those sockets'. A
 * socket that isn't connected, as media servers have, shows in no list with the other end; and what is
 * forwarded has none. 0, or a negative errno.
 */
int common_conversations_add_flows(const struct gate *gate,
				   struct common_conversations *conversations);
void common_conversations_free(struct common_conversations *conversations);

#endif
