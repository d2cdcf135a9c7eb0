/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of some interfaces a conversation's packets go over, by the routes of this namespace as they are now. */
#ifndef USER_HOST_ROUTES_H
#define USER_HOST_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "user/host/links.h"
#include "user/host/netlink.h"

struct conversation;

/* An address of this namespace, and the interface that has it. */
struct routes_address {
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	uint32_t index;
};

/* Zeroes are closed. The interfaces are borrowed. */
struct routes {
	struct netlink netlink;
	struct links links;
	struct routes_address *addresses; /* grown by array_add() */
	size_t address_count;
	const uint32_t *interfaces;
	size_t interface_count;
};

/* 0 or a negative errno; then it is closed. */
int routes_open(struct routes *routes, const uint32_t *interfaces, size_t count);
void routes_close(struct routes *routes);

/*
 * The place, among the interfaces, of the one through which the conversation's packets leave; or through
 * which they come in, as far as that can be told: by the interface that has its local address, unless
 * the other end is a direct neighbor somewhere else. -1: none.
 */
int routes_find(struct routes *routes, const struct conversation *conversation);

#endif
