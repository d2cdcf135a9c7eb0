/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces and the interfaces in them. */
#ifndef USER_KERNEL_NETNS_H
#define USER_KERNEL_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/diag.h"

/* Enters the namespace that `ip netns` knows by this name, for good. */
int netns_enter(const char *name, struct diags *diags);

/* Back to the one that a descriptor is of, which is closed; less than 0: we never left. */
void netns_return(const int *fd);

/* The cookie of the namespace that we are in; 1 is the first. 0 where the kernel won't say. */
uint64_t netns_cookie(void);

/* An interface as it is now. */
struct interface {
	unsigned int ifindex;
	bool is_ethernet;
	bool is_up;
	bool has_carrier;
	unsigned int mtu;
	char driver[32]; /* "veth", "virtio_net"; empty if unknown */
};

/* Looks it up in the namespace that we are in. -ENODEV with a diag (nearest name as a hint). */
int interface_find(const char *what, const char *name, struct interface *interface,
		   struct diags *diags);

#endif
