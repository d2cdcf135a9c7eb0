/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which interface stands on which. A route names the one that has the address (a bridge, a bond, a VLAN);
 * a gate stands on the one that the packets go through.
 */
#ifndef USER_HOST_LINKS_H
#define USER_HOST_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "user/host/netlink.h"

/* One interface of this namespace. */
struct link {
	uint32_t index;
	uint32_t master; /* the bridge, bond or VRF that it is a part of; 0: none */
	uint32_t lower; /* what a VLAN, macvlan or ipvlan stands on, in this namespace; 0: nothing */
	int is_bridge;
};

/* Grown by array_add(). */
struct links {
	struct link *list;
	size_t count;
};

/* 0 or a negative errno. */
int links_read(struct links *links);
void links_free(struct links *links);

/* Where a packet leaves, and to whom it goes there. */
struct links_hop {
	uint32_t index;       /* of the interface, by the route */
	uint8_t family;       /* 4 or 6, of: */
	uint8_t neighbor[16]; /* the router, or the other end itself; network order */
};

/*
 * Which of the interfaces it goes through, by its place in the list; -1: none. Of a bond any part may be
 * taken. Of a bridge the port behind which the neighbor was last seen (asked over `netlink`), or any
 * where the bridge doesn't know.
 */
int links_through(const struct links *links, struct netlink *netlink, const struct links_hop *hop,
		  const uint32_t *interfaces, size_t count);

#endif
