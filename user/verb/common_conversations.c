// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/common_conversations.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/kernel/flows.h"

void common_conversations_interfaces(const struct gate *gate,
				     struct stamp_interface interfaces[GATE_INTERFACES_MAX])
{
	memcpy(interfaces, gate->stamp.interfaces, sizeof(gate->stamp.interfaces));
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		struct gate_attachment now;

		/* where nobody can tell, it is most likely where it was */
		if (gate_read_attachment(gate, i, &now))
			continue;
		interfaces[i].ifindex =
			now.place == PLACE_HERE ? now.ifindex :
			now.place == PLACE_ANEW ? if_nametoindex(interfaces[i].name) :
						  0;
	}
}

int common_conversations_read(const struct stamp_interface *interfaces, size_t count, bool own,
			      struct common_conversations *conversations)
{
	uint32_t indices[GATE_INTERFACES_MAX];
	struct conversations_wish wish = {
		.interfaces = indices,
		.interface_count = count,
		.claims_only = own,
	};
	int error = session_find(&conversations->sessions);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		indices[i] = interfaces[i].ifindex;
	wish.claims = conversations->sessions.list;
	wish.claim_count = conversations->sessions.count;
	return conversations_read(&wish, &conversations->found);
}

/* By both ends. */
static int conversations_compare(const void *one, const void *two)
{
	const struct conversation *a = one, *b = two;
	int order = (int)a->family - (int)b->family;

	if (!order)
		order = (int)a->protocol - (int)b->protocol;
	if (!order)
		order = (int)a->local_port - (int)b->local_port;
	if (!order)
		order = (int)a->remote_port - (int)b->remote_port;
	if (!order)
		order = memcmp(a->remote, b->remote, sizeof(a->remote));
	return order ? order : memcmp(a->local, b->local, sizeof(a->local));
}

static bool conversations_is_udp(const struct flows_entry *entry, const void *data)
{
	(void)data;
	return entry->ends.protocol == IPPROTO_UDP;
}

int common_conversations_add_flows(const struct gate *gate,
				   struct common_conversations *conversations)
{
	struct conversations *found = &conversations->found;
	cleanup(flows_free) struct flows flows = { 0 };
	const size_t sockets = found->count;
	int error = flows_read(gate, conversations_is_udp, NULL, &flows);

	/* nothing is in force, or nothing that can be read: then it has no flows */
	if (error == -ENOENT || error == -EPROTO)
		return 0;
	if (error)
		return error;
	if (sockets)
		qsort(found->list, sockets, sizeof(*found->list), conversations_compare);
	for (size_t i = 0; i < flows.count; i++) {
		const struct flow_ends *ends = &flows.list[i].ends;
		struct conversation flow = {
			.family = ends->family,
			.protocol = ends->protocol,
			.local_port = ntohs(ends->local_port),
			.remote_port = ntohs(ends->remote_port),
			.is_flow = true,
		};
		struct conversation *place;

		memcpy(flow.local, ends->local, sizeof(flow.local));
		memcpy(flow.remote, ends->remote, sizeof(flow.remote));
		if (sockets &&
		    bsearch(&flow, found->list, sockets, sizeof(flow), conversations_compare))
			continue;
		if (found->count >= CONVERSATIONS_MAX) {
			found->unseen++;
			continue;
		}
		place = array_add(&found->list, &found->count);
		if (!place)
			return -ENOMEM;
		*place = flow;
	}
	return 0;
}

void common_conversations_free(struct common_conversations *conversations)
{
	session_free(&conversations->sessions);
	conversations_free(&conversations->found);
}
