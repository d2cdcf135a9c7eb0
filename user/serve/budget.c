// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/budget.h"

#include <string.h>

#include "user/serve/peer.h"

static const struct budget_peer *budget_find(const struct budget *budget,
					     const struct in6_addr *address)
{
	for (size_t i = 0; i < BUDGET_PEERS; i++)
		if (budget->peers[i].paid_until > 0 &&
		    memcmp(&budget->peers[i].address, address, sizeof(*address)) == 0)
			return &budget->peers[i];
	return NULL;
}

bool budget_allows(const struct budget *budget, const struct sockaddr *from, double now)
{
	const struct in6_addr address = peer_address(from);
	const struct budget_peer *peer = budget_find(budget, &address);

	return !peer || peer->paid_until <= now + BUDGET_BURST;
}

static struct budget_peer *budget_least(struct budget *budget)
{
	struct budget_peer *least = budget->peers;

	for (size_t i = 1; i < BUDGET_PEERS; i++)
		if (budget->peers[i].paid_until < least->paid_until)
			least = &budget->peers[i];
	return least;
}

void budget_charge(struct budget *budget, const struct sockaddr *from, double seconds, double now)
{
	const struct in6_addr address = peer_address(from);
	struct budget_peer *peer = (struct budget_peer *)budget_find(budget, &address);

	if (!peer) {
		peer = budget_least(budget);
		*peer = (struct budget_peer){ .address = address };
	}
	if (peer->paid_until < now)
		peer->paid_until = now;
	peer->paid_until += seconds / BUDGET_SHARE;
}
