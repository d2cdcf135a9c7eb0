// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/common_conversations.h"

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

void common_conversations_free(struct common_conversations *conversations)
{
	session_free(&conversations->sessions);
	conversations_free(&conversations->found);
}
