/* SPDX-License-Identifier: GPL-2.0-only */
/* What an interface is made of: its kind, what it stands on, what it is a port of. By netlink. */
#ifndef USER_KERNEL_DEVICE_H
#define USER_KERNEL_DEVICE_H

#include <edgegate/abi.h>
#include <stdint.h>

#define DEVICE_KIND_SIZE 16u

/* Zero and empty where there is none. Indexes are of the namespace that we are in. */
struct device {
	uint32_t ifindex;
	char name[INTERFACE_NAME_SIZE];
	char kind[DEVICE_KIND_SIZE]; /* "vlan", "bond", "macvlan"; empty for a card */
	char port[DEVICE_KIND_SIZE]; /* of what it is a port: "bond", "bridge" */
	uint32_t master;             /* ... and its index */
	uint32_t below;              /* of a VLAN device or macvlan: what it stands on */
};

/* 0 or negative errno; index 0 is none's: -ENODEV. */
int device_read(uint32_t ifindex, struct device *device);

/* Calls `each` for every interface; stops at a non-zero result and returns it, or 0 or negative errno. */
int device_each(int (*each)(const struct device *device, void *data), void *data);

#endif
