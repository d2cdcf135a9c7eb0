// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/peer.h"

#include <string.h>

struct in6_addr peer_address(const struct sockaddr *from)
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
