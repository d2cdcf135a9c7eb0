/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the exporter listens: ADDRESS:PORT, the address of IPv6 in brackets. */
#ifndef USER_SERVE_LISTEN_H
#define USER_SERVE_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "user/base/diag.h"

#define LISTEN_DEFAULT "127.0.0.1:9979"

struct listen_place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t size;
};

/*
 * `localhost` is 127.0.0.1, so that nobody has to be asked; other names are none. -EINVAL: it is
 * none.
 */
int listen_parse(const char *text, struct listen_place *place);

/* "127.0.0.1:9979", "[::1]:9979" */
#define LISTEN_TEXT_SIZE (INET6_ADDRSTRLEN + sizeof("[]:65535"))
void listen_text(const struct listen_place *place, char text[static LISTEN_TEXT_SIZE]);

/* Can only this machine reach it? */
bool listen_is_local(const struct listen_place *place);

/* A socket that listens, the caller's; -errno with a diag. [::] is for IPv4 as well. */
int listen_open(const char *text, const struct listen_place *place, struct diags *diags);

#endif
