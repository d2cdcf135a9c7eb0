// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"

#define LINKS_DEPTH 8u /* that the kernel nests: MAX_NEST_DEV */
#define LINKS_TRIES 3  /* that interfaces may come and go while they are listed */
#define HARDWARE_ADDRESS_SIZE 6u

void links_free(struct links *links)
{
	free(links->list);
	*links = (struct links){ 0 };
}

/* ---- what there is --------------------------------------------------------------------------------- */

static const char *links_kind(const struct nlattr *information)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, information) {
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
		    mnl_attr_validate(attribute, MNL_TYPE_STRING) >= 0)
			return mnl_attr_get_str(attribute);
	}
	return "";
}

/* Does what this one sends leave through the interface that it stands on, as it is? No tunnel's does. */
static bool links_passes_on(const char *kind)
{
	return strcmp(kind, "vlan") == 0 || strcmp(kind, "macvlan") == 0 ||
	       strcmp(kind, "ipvlan") == 0;
}

static int links_each(const struct nlmsghdr *answer, void *data)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(answer);
	struct links *links = data;
	const struct nlattr *attribute;
	const char *kind = "";
	bool is_elsewhere = false;
	struct link *link;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*header))
		return MNL_CB_OK;
	link = array_add(&links->list, &links->count);
	if (!link) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	link->index = (uint32_t)header->ifi_index;
	mnl_attr_for_each(attribute, answer, sizeof(*header)) {
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == IFLA_LINKINFO)
			kind = links_kind(attribute);
		else if (type == IFLA_LINK_NETNSID)
			is_elsewhere = true;
		else if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
			continue;
		else if (type == IFLA_MASTER)
			link->master = mnl_attr_get_u32(attribute);
		else if (type == IFLA_LINK)
			link->lower = mnl_attr_get_u32(attribute);
	}
	if (is_elsewhere || !links_passes_on(kind))
		link->lower = 0;
	link->is_bridge = strcmp(kind, "bridge") == 0;
	return MNL_CB_OK;
}

static int links_dump(struct links *links)
{
	cleanup(netlink_close) struct netlink netlink = { 0 };
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	void *header;
	struct nlmsghdr *request =
		netlink_begin(buffer, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg), &header);
	int error = netlink_open(&netlink, NETLINK_ROUTE);

	return error ? error : netlink_ask(&netlink, request, links_each, links);
}

int links_read(struct links *links)
{
	int error = -EINTR;

	for (int i = 0; error == -EINTR && i < LINKS_TRIES; i++) {
		links_free(links);
		error = links_dump(links);
	}
	if (error)
		links_free(links);
	return error;
}

/* ---- a bridge's port ------------------------------------------------------------------------------- */

/* What a neighbor's hardware address is, or behind which port it was seen. */
struct links_neighbor {
	uint8_t address[HARDWARE_ADDRESS_SIZE];
	bool has_address;
	uint32_t port; /* an interface's index; 0: not known */
};

static int links_neighbor_each(const struct nlmsghdr *answer, void *data)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(answer);
	struct links_neighbor *neighbor = data;
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*header))
		return MNL_CB_OK;
	if (header->ndm_family == AF_BRIDGE) {
		neighbor->port = (uint32_t)header->ndm_ifindex;
		return MNL_CB_OK;
	}
	mnl_attr_for_each(attribute, answer, sizeof(*header)) {
		if (mnl_attr_get_type(attribute) != NDA_LLADDR ||
		    mnl_attr_get_payload_len(attribute) != HARDWARE_ADDRESS_SIZE)
			continue;
		memcpy(neighbor->address, mnl_attr_get_payload(attribute), HARDWARE_ADDRESS_SIZE);
		neighbor->has_address = true;
	}
	return MNL_CB_OK;
}

/* The port of a bridge behind which the hop's neighbor is; 0 where the kernel doesn't know. */
static uint32_t links_port(struct netlink *netlink, uint32_t bridge, const struct links_hop *hop)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct links_neighbor neighbor = { 0 };
	struct ndmsg *wanted;
	struct nlmsghdr *request;
	void *header;

	request = netlink_begin(buffer, RTM_GETNEIGH, 0, sizeof(*wanted), &header);
	wanted = header;
	wanted->ndm_family = hop->family == 4 ? AF_INET : AF_INET6;
	wanted->ndm_ifindex = (int)bridge;
	mnl_attr_put(request, NDA_DST, hop->family == 4 ? 4 : 16, hop->neighbor);
	if (netlink_ask(netlink, request, links_neighbor_each, &neighbor) || !neighbor.has_address)
		return 0;
	request = netlink_begin(buffer, RTM_GETNEIGH, 0, sizeof(*wanted), &header);
	wanted = header;
	wanted->ndm_family = AF_BRIDGE;
	mnl_attr_put(request, NDA_LLADDR, HARDWARE_ADDRESS_SIZE, neighbor.address);
	mnl_attr_put_u32(request, NDA_MASTER, bridge);
	if (netlink_ask(netlink, request, links_neighbor_each, &neighbor))
		return 0;
	return neighbor.port;
}

/* ---- downwards ------------------------------------------------------------------------------------- */

/* What a walk from a hop's interface down to those of a gate is done with. */
struct links_walk {
	const struct links *links;
	struct netlink *netlink;
	const struct links_hop *hop;
	const uint32_t *interfaces;
	size_t count;
};

static const struct link *links_find(const struct links *links, uint32_t index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->list[i].index == index)
			return &links->list[i];
	return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as interfaces may nest */
static int links_down(const struct links_walk *walk, uint32_t index, unsigned int depth)
{
	const struct link *link = links_find(walk->links, index);
	uint32_t port;

	for (size_t i = 0; i < walk->count; i++)
		if (walk->interfaces[i] == index)
			return (int)i;
	if (!link || depth == LINKS_DEPTH)
		return -1;
	if (link->lower)
		return links_down(walk, link->lower, depth + 1);
	port = link->is_bridge ? links_port(walk->netlink, index, walk->hop) : 0;
	if (port && port != index)
		return links_down(walk, port, depth + 1);
	for (size_t i = 0; i < walk->links->count; i++) {
		int found = -1;

		if (walk->links->list[i].master == index)
			found = links_down(walk, walk->links->list[i].index, depth + 1);
		if (found >= 0)
			return found;
	}
	return -1;
}

int links_through(const struct links *links, struct netlink *netlink, const struct links_hop *hop,
		  const uint32_t *interfaces, size_t count)
{
	const struct links_walk walk = {
		.links = links,
		.netlink = netlink,
		.hop = hop,
		.interfaces = interfaces,
		.count = count,
	};

	return links_down(&walk, hop->index, 0);
}
