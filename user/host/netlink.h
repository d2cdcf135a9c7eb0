/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the kernel by netlink: a request, and its answers until they end. */
#ifndef USER_HOST_NETLINK_H
#define USER_HOST_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REQUEST_SIZE 512u /* bytes; of any request here */

/* A socket, and the number of its last request. Zeroes are closed. */
struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
};

/* `bus`: NETLINK_ROUTE, NETLINK_SOCK_DIAG. 0 or a negative errno. */
int netlink_open(struct netlink *netlink, int bus);
void netlink_close(struct netlink *netlink);

/*
 * Begins a request in `buffer` (NETLINK_REQUEST_SIZE bytes, aligned), with room for a header of `size`
 * bytes, zeroed, behind netlink's own: *header. Attributes are put behind it.
 */
struct nlmsghdr *netlink_begin(void *buffer, uint16_t type, uint16_t flags, size_t size,
			       void **header);

/*
 * Sends it and hands every answer to `each`, which returns MNL_CB_OK, or MNL_CB_ERROR with errno. 0, or
 * a negative errno: the kernel's, or -EINTR where a dump was disturbed and is to be asked for again.
 */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t each, void *data);

#endif
