// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/host/conversations.h"

#define ROUTES_TRIES 3 /* that addresses may come and go while they are listed */

void routes_close(struct routes *routes)
{
	netlink_close(&routes->netlink);
	links_free(&routes->links);
	free(routes->addresses);
	*routes = (struct routes){ 0 };
}

/* ---- this machine's addresses ---------------------------------------------------------------------- */

static int routes_address_each(const struct nlmsghdr *answer, void *data)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(answer);
	struct routes *routes = data;
	const struct nlattr *attribute, *local = NULL, *address = NULL;
	struct routes_address *place;
	uint16_t size;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*header) ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return MNL_CB_OK;
	size = header->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_for_each(attribute, answer, sizeof(*header)) {
		if (mnl_attr_get_payload_len(attribute) != size)
			continue;
		if (mnl_attr_get_type(attribute) == IFA_LOCAL)
			local = attribute;
		else if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
			address = attribute;
	}
	/* of a point-to-point interface IFA_ADDRESS is the other end's */
	if (!local)
		local = address;
	if (!local)
		return MNL_CB_OK;
	place = array_add(&routes->addresses, &routes->address_count);
	if (!place) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	place->family = size == 4 ? 4 : 6;
	place->index = header->ifa_index;
	memcpy(place->address, mnl_attr_get_payload(local), size);
	return MNL_CB_OK;
}

static int routes_read_addresses(struct routes *routes)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	void *header;
	int error = -EINTR;

	for (int i = 0; error == -EINTR && i < ROUTES_TRIES; i++) {
		struct nlmsghdr *request = netlink_begin(buffer, RTM_GETADDR, NLM_F_DUMP,
							 sizeof(struct ifaddrmsg), &header);

		/* of a dump that was disturbed the rest may still be under way */
		netlink_close(&routes->netlink);
		routes->address_count = 0;
		error = netlink_open(&routes->netlink, NETLINK_ROUTE);
		if (!error)
			error = netlink_ask(&routes->netlink, request, routes_address_each, routes);
	}
	return error;
}

int routes_open(struct routes *routes, const uint32_t *interfaces, size_t count)
{
	int error;

	*routes = (struct routes){ .interfaces = interfaces, .interface_count = count };
	error = links_read(&routes->links);
	if (!error)
		error = routes_read_addresses(routes);
	if (error)
		routes_close(routes);
	return error;
}

/* ---- one way --------------------------------------------------------------------------------------- */

/* What a look-up said. */
struct route {
	struct links_hop hop;
	bool is_local; /* to this machine itself */
	bool has_router;
};

static int routes_each(const struct nlmsghdr *answer, void *data)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(answer);
	struct route *route = data;
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*header))
		return MNL_CB_OK;
	route->is_local = header->rtm_type == RTN_LOCAL;
	mnl_attr_for_each(attribute, answer, sizeof(*header)) {
		const uint8_t *bytes = mnl_attr_get_payload(attribute);
		uint16_t size = mnl_attr_get_payload_len(attribute);
		struct links_hop *hop = &route->hop;

		if (mnl_attr_get_type(attribute) == RTA_OIF && size == sizeof(uint32_t)) {
			hop->index = mnl_attr_get_u32(attribute);
		} else if (mnl_attr_get_type(attribute) == RTA_GATEWAY &&
			   (size == 4 || size == 16)) {
			hop->family = size == 4 ? 4 : 6;
			memcpy(hop->neighbor, bytes, size);
			route->has_router = true;
		} else if (mnl_attr_get_type(attribute) == RTA_VIA && size == 2 + 16) {
			/* struct rtvia: an IPv6 router for IPv4; two bytes are its family */
			hop->family = 6;
			memcpy(hop->neighbor, bytes + 2, 16);
			route->has_router = true;
		}
	}
	return MNL_CB_OK;
}

static void routes_put_ends(struct nlmsghdr *request, const struct conversation *conversation)
{
	uint16_t size = conversation->family == 4 ? 4 : 16;

	mnl_attr_put(request, RTA_DST, size, conversation->remote);
	mnl_attr_put(request, RTA_SRC, size, conversation->local);
	if (conversation->bound)
		mnl_attr_put_u32(request, RTA_OIF, conversation->bound);
	if (conversation->mark)
		mnl_attr_put_u32(request, RTA_MARK, conversation->mark);
	/* rules may ask for these */
	mnl_attr_put_u8(request, RTA_IP_PROTO, conversation->protocol);
	mnl_attr_put_u16(request, RTA_SPORT, htons(conversation->local_port));
	mnl_attr_put_u16(request, RTA_DPORT, htons(conversation->remote_port));
}

/* False: there is no route. */
static bool routes_ask(struct routes *routes, const struct conversation *conversation,
		       struct route *route)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct rtmsg *wanted;
	void *header;
	struct nlmsghdr *request = netlink_begin(buffer, RTM_GETROUTE, 0, sizeof(*wanted), &header);

	wanted = header;
	wanted->rtm_family = conversation->family == 4 ? AF_INET : AF_INET6;
	wanted->rtm_dst_len = wanted->rtm_src_len = conversation->family == 4 ? 32 : 128;
	routes_put_ends(request, conversation);
	*route = (struct route){ .hop.family = conversation->family };
	memcpy(route->hop.neighbor, conversation->remote, sizeof(route->hop.neighbor));
	return !netlink_ask(&routes->netlink, request, routes_each, route) && route->hop.index;
}

/* Through which of the interfaces does it go that have the local address? */
static int routes_by_address(struct routes *routes, const struct conversation *conversation)
{
	for (size_t i = 0; i < routes->address_count; i++) {
		const struct routes_address *address = &routes->addresses[i];
		struct links_hop hop = { .index = address->index, .family = address->family };
		int found;

		if (address->family != conversation->family ||
		    memcmp(address->address, conversation->local, sizeof(address->address)) != 0)
			continue;
		memcpy(hop.neighbor, conversation->remote, sizeof(hop.neighbor));
		found = links_through(&routes->links, &routes->netlink, &hop, routes->interfaces,
				      routes->interface_count);
		if (found >= 0)
			return found;
	}
	return -1;
}

int routes_find(struct routes *routes, const struct conversation *conversation)
{
	struct route route;
	bool is_known = routes_ask(routes, conversation, &route);
	int found = -1;

	if (is_known && route.is_local)
		return -1;
	if (is_known)
		found = links_through(&routes->links, &routes->netlink, &route.hop,
				      routes->interfaces, routes->interface_count);
	if (found < 0 && (!is_known || route.has_router))
		found = routes_by_address(routes, conversation);
	return found;
}
