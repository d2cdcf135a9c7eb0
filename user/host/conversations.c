// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/conversations.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/host/netlink.h"
#include "user/host/routes.h"

const uint8_t conversations_mapped[12] = { [10] = 0xff, [11] = 0xff };

void conversations_free(struct conversations *conversations)
{
	free(conversations->list);
	*conversations = (struct conversations){ 0 };
}

bool conversations_are_same(const struct conversation *one, const struct conversation *other)
{
	return one->family == other->family && one->protocol == other->protocol &&
	       one->local_port == other->local_port && one->remote_port == other->remote_port &&
	       memcmp(one->local, other->local, sizeof(one->local)) == 0 &&
	       memcmp(one->remote, other->remote, sizeof(one->remote)) == 0;
}

/* ---- one socket ------------------------------------------------------------------------------------ */

static bool conversations_is_mapped(const __be32 address[4])
{
	return memcmp(address, conversations_mapped, sizeof(conversations_mapped)) == 0;
}

bool conversations_parse(const struct nlmsghdr *answer, uint8_t protocol,
			 struct conversation *conversation)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(answer);
	const struct inet_diag_sockid *id = &socket->id;
	const struct nlattr *attribute;
	struct conversation read = { .protocol = protocol, .interface = -1 };
	size_t skip = 0, size = 16;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*socket))
		return false;
	if (socket->idiag_family != AF_INET && socket->idiag_family != AF_INET6)
		return false;
	if (socket->idiag_family == AF_INET6 && conversations_is_mapped(id->idiag_src) &&
	    conversations_is_mapped(id->idiag_dst))
		skip = sizeof(conversations_mapped);
	if (socket->idiag_family == AF_INET || skip)
		size = 4;
	read.family = size == 4 ? 4 : 6;
	memcpy(read.local, (const uint8_t *)id->idiag_src + skip, size);
	memcpy(read.remote, (const uint8_t *)id->idiag_dst + skip, size);
	read.local_port = ntohs(id->idiag_sport);
	read.remote_port = ntohs(id->idiag_dport);
	read.bound = id->idiag_if;
	read.inode = socket->idiag_inode;
	mnl_attr_for_each(attribute, answer, sizeof(*socket)) {
		if (mnl_attr_get_type(attribute) == INET_DIAG_MARK &&
		    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			read.mark = mnl_attr_get_u32(attribute);
	}
	*conversation = read;
	return true;
}

/* Never crosses an interface: most of what a busy server's parts say to each other. */
static bool conversations_is_loopback(const struct conversation *conversation)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (conversation->family == 4)
		return conversation->remote[0] == 127;
	return memcmp(conversation->remote, loopback6, sizeof(loopback6)) == 0;
}

/* ---- all of them ----------------------------------------------------------------------------------- */

/* What a dump is read with. */
struct conversations_dump {
	const struct conversations_wish *wish;
	struct conversations *found;
	uint8_t protocol;
};

static unsigned int conversations_claim(const struct conversations_wish *wish,
					const struct conversation *conversation)
{
	for (size_t i = 0; i < wish->claim_count; i++) {
		const struct conversation *claim = &wish->claims[i];

		if ((!claim->family || conversations_are_same(claim, conversation)) &&
		    ((claim->family && !claim->inode) || claim->inode == conversation->inode))
			return (unsigned int)i + 1;
	}
	return 0;
}

static int conversations_each(const struct nlmsghdr *answer, void *data)
{
	const struct conversations_dump *dump = data;
	struct conversations *found = dump->found;
	struct conversation conversation, *place;

	if (!conversations_parse(answer, dump->protocol, &conversation))
		return MNL_CB_OK;
	conversation.claim = conversations_claim(dump->wish, &conversation);
	if (!conversation.claim &&
	    (dump->wish->claims_only || conversations_is_loopback(&conversation)))
		return MNL_CB_OK;
	if (found->count >= CONVERSATIONS_MAX && !conversation.claim) {
		found->unseen++;
		return MNL_CB_OK;
	}
	place = array_add(&found->list, &found->count);
	if (!place) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*place = conversation;
	return MNL_CB_OK;
}

static int conversations_dump(struct netlink *netlink, uint8_t family,
			      struct conversations_dump *dump)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct inet_diag_req_v2 *wanted;
	void *header;
	struct nlmsghdr *request =
		netlink_begin(buffer, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*wanted), &header);

	wanted = header;
	wanted->sdiag_family = family;
	wanted->sdiag_protocol = dump->protocol;
	/* what only asks to be let in is none yet, and a flood brings any number of it; UDP's connected
	 * sockets are in the same state */
	wanted->idiag_states = 1u << TCP_ESTABLISHED;
	return netlink_ask(netlink, request, conversations_each, dump);
}

static int conversations_dump_all(struct conversations_dump *dump)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	cleanup(netlink_close) struct netlink netlink = { 0 };
	int error = netlink_open(&netlink, NETLINK_SOCK_DIAG);

	for (size_t i = 0; !error && i < sizeof(protocols) * sizeof(families); i++) {
		dump->protocol = protocols[i / sizeof(families)];
		error = conversations_dump(&netlink, families[i % sizeof(families)], dump);
		/* a kernel without IPv6, or without inet_diag for UDP, has none of these to tell of */
		if (error == -ENOENT && i > 0)
			error = 0;
	}
	return error;
}

/* Keeps those that go over the interfaces, and those that are claimed. */
static int conversations_keep(const struct conversations_wish *wish,
			      struct conversations *conversations)
{
	cleanup(routes_close) struct routes routes = { 0 };
	size_t kept = 0;
	int error;

	if (!conversations->count || !wish->interface_count)
		return 0;
	error = routes_open(&routes, wish->interfaces, wish->interface_count);
	if (error)
		return error;
	for (size_t i = 0; i < conversations->count; i++) {
		struct conversation *conversation = &conversations->list[i];

		conversation->interface = routes_find(&routes, conversation);
		if (conversation->interface >= 0 || conversation->claim)
			conversations->list[kept++] = *conversation;
	}
	conversations->count = kept;
	return 0;
}

int conversations_read(const struct conversations_wish *wish, struct conversations *conversations)
{
	cleanup(conversations_free) struct conversations found = { 0 };
	struct conversations_dump dump = { .wish = wish, .found = &found };
	int error = conversations_dump_all(&dump);

	if (!error)
		error = conversations_keep(wish, &found);
	if (error)
		return error;
	*conversations = found;
	found = (struct conversations){ 0 };
	return 0;
}

/* ---- in words -------------------------------------------------------------------------------------- */

static void conversations_end(uint8_t family, const uint8_t address[16], uint16_t port,
			      char text[INET6_ADDRSTRLEN + 8])
{
	char plain[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family == 4 ? AF_INET : AF_INET6, address, plain, sizeof(plain));
	snprintf(text, INET6_ADDRSTRLEN + 8, family == 4 ? "%s:%u" : "[%s]:%u", plain, port);
}

const char *conversations_text(const struct conversation *conversation,
			       char text[CONVERSATION_TEXT_SIZE])
{
	char local[INET6_ADDRSTRLEN + 8], remote[INET6_ADDRSTRLEN + 8];

	conversations_end(conversation->family, conversation->local, conversation->local_port,
			  local);
	conversations_end(conversation->family, conversation->remote, conversation->remote_port,
			  remote);
	snprintf(text, CONVERSATION_TEXT_SIZE, "%s %s with %s",
		 conversation->protocol == IPPROTO_TCP ? "tcp" : "udp", local, remote);
	return text;
}
