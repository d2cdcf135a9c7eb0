/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is at the other end, as far as an address tells. */
#ifndef USER_SERVE_PEER_H
#define USER_SERVE_PEER_H

#include <netinet/in.h>
#include <sys/socket.h>

/* IPv4 mapped; of IPv6 the first half, which is one customer's, then zeros. Anything else is ::. */
struct in6_addr peer_address(const struct sockaddr *from);

#endif
