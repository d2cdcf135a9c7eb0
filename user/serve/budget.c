// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/budget.h"

#include <string.h>

static struct in6_addr budget_address(const struct sockaddr *from)
{
	struct in6_addr address = { 0 };

	if (from->sa_family == AF_INET) {
		address.s6_addr[10] = address.s6_addr[11] = 0xff;
		memcpy(&address.s6_addr[12], &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		address = ((const struct sockaddr_in6 *)from)->sin6_addr;
		if (!IN6_IS_ADDR_V4MAPPED(&address))
			memset(&address.s6_addr[8], 0, 8);
	}
	return address;
}

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
	const struct in6_addr address = budget_address(from);
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
	const struct in6_addr address = budget_address(from);
	struct budget_peer *peer = (struct budget_peer *)budget_find(budget, &address);

	if (!peer) {
		peer = budget_least(budget);
		*peer = (struct budget_peer){ .address = address };
	}
	if (peer->paid_until < now)
		peer->paid_until = now;
	peer->paid_until += seconds / BUDGET_SHARE;
}
