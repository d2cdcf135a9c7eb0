// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/kernel/device.h"

#define DEVICE_TRIES 3 /* that interfaces may come and go while they are listed */

/* All that was said. */
struct device_list {
	struct device *list;
	size_t count;
};

static void device_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static void device_list_free(struct device_list *devices)
{
	free(devices->list);
}

static void device_string(char *to, size_t size, const struct nlattr *attribute)
{
	if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(to, size, "%s", mnl_attr_get_str(attribute));
}

static uint32_t device_number(const struct nlattr *attribute)
{
	return mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attribute) : 0;
}

static int device_info(const struct nlattr *attribute, void *data)
{
	struct device *device = data;

	if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
		device_string(device->kind, sizeof(device->kind), attribute);
	else if (mnl_attr_get_type(attribute) == IFLA_INFO_SLAVE_KIND)
		device_string(device->port, sizeof(device->port), attribute);
	return MNL_CB_OK;
}

static int device_attribute(const struct nlattr *attribute, void *data)
{
	struct device *device = data;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		device_string(device->name, sizeof(device->name), attribute);
		break;
	case IFLA_MASTER:
		device->master = device_number(attribute);
		break;
	case IFLA_LINK:
		device->below = device_number(attribute);
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attribute, device_info, device);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int device_message(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	struct device_list *devices = data;
	struct device *device = array_add(&devices->list, &devices->count);

	if (!device) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	device->ifindex = (uint32_t)header->ifi_index;
	mnl_attr_parse(message, sizeof(*header), device_attribute, device);
	return MNL_CB_OK;
}

/* One, or with index 0 all. -EINTR: interfaces came or went meanwhile. */
static int device_ask(uint32_t ifindex, struct device_list *devices)
{
	cleanup(device_close) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *header;
	ssize_t got;
	int more;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | (ifindex ? NLM_F_ACK : NLM_F_DUMP);
	message->nlmsg_seq = 1;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->ifi_family = AF_UNSPEC;
	header->ifi_index = (int)ifindex;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)got, 1, mnl_socket_get_portid(socket),
				  device_message, devices);
		if (more < 0)
			return -errno;
	} while (more > MNL_CB_STOP);
	return 0;
}

int device_read(uint32_t ifindex, struct device *device)
{
	cleanup(device_list_free) struct device_list devices = { 0 };
	/* 0: of an interface that has gone, by if_nametoindex() */
	int error = ifindex ? device_ask(ifindex, &devices) : -ENODEV;

	if (error)
		return error;
	if (!devices.count)
		return -ENODEV;
	*device = devices.list[0];
	return 0;
}

int device_each(int (*each)(const struct device *device, void *data), void *data)
{
	cleanup(device_list_free) struct device_list devices = { 0 };
	int result = -EINTR;

	for (int i = 0; result == -EINTR && i < DEVICE_TRIES; i++) {
		device_list_free(&devices);
		devices = (struct device_list){ 0 };
		result = device_ask(0, &devices);
	}
	for (size_t i = 0; !result && i < devices.count; i++)
		result = each(&devices.list[i], data);
	return result;
}
