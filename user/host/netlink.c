// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/netlink.h"

#include <errno.h>
#include <linux/netlink.h>

#define NETLINK_ANSWER_SIZE 32768u /* bytes; the kernel fills no more of a dump in one go */

int netlink_open(struct netlink *netlink, int bus)
{
	*netlink = (struct netlink){ .socket = mnl_socket_open2(bus, SOCK_CLOEXEC) };
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = errno;

		netlink_close(netlink);
		return -error;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

struct nlmsghdr *netlink_begin(void *buffer, uint16_t type, uint16_t flags, size_t size,
			       void **header)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	/* a dump says where it ends; other answers are told to by the acknowledgement behind them */
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	*header = mnl_nlmsg_put_extra_header(request, size);
	return request;
}

int netlink_ask(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	char buffer[NETLINK_ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned int port = mnl_socket_get_portid(netlink->socket);
	ssize_t got;
	int more;

	request->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		got = mnl_socket_recvfrom(netlink->socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)got, netlink->sequence, port, each, data);
		if (more < 0)
			return -errno;
	} while (more > MNL_CB_STOP);
	return 0;
}
