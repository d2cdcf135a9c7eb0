// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/number.h"

#define LISTEN_BACKLOG 1024

int listen_parse(const char *text, struct listen_place *place)
{
	const char *colon = strrchr(text, ':');
	const bool brackets = *text == '[';
	char address[INET6_ADDRSTRLEN];
	struct listen_place read = { 0 };
	uint64_t port;
	size_t length;

	if (!colon || number_parse(colon + 1, UINT16_MAX, &port) || !port)
		return -EINVAL;
	text += brackets;
	length = (size_t)(colon - text);
	if (colon < text || (brackets && (!length || colon[-1] != ']')))
		return -EINVAL;
	length -= brackets;
	if (!length || length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!brackets && strcasecmp(address, "localhost") == 0)
		snprintf(address, sizeof(address), "127.0.0.1");
	if (brackets) {
		read.address.v6.sin6_family = AF_INET6;
		read.address.v6.sin6_port = htons((uint16_t)port);
		read.size = sizeof(read.address.v6);
		if (inet_pton(AF_INET6, address, &read.address.v6.sin6_addr) != 1)
			return -EINVAL;
	} else {
		read.address.v4.sin_family = AF_INET;
		read.address.v4.sin_port = htons((uint16_t)port);
		read.size = sizeof(read.address.v4);
		if (inet_pton(AF_INET, address, &read.address.v4.sin_addr) != 1)
			return -EINVAL;
	}
	*place = read;
	return 0;
}

void listen_text(const struct listen_place *place, char text[static LISTEN_TEXT_SIZE])
{
	const bool six = place->address.any.sa_family == AF_INET6;
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(place->address.any.sa_family,
		  six ? (const void *)&place->address.v6.sin6_addr :
			(const void *)&place->address.v4.sin_addr,
		  address, sizeof(address));
	snprintf(text, LISTEN_TEXT_SIZE, six ? "[%s]:%u" : "%s:%u", address,
		 (unsigned int)ntohs(six ? place->address.v6.sin6_port :
					   place->address.v4.sin_port));
}

bool listen_is_local(const struct listen_place *place)
{
	const struct in6_addr *six = &place->address.v6.sin6_addr;

	if (place->address.any.sa_family == AF_INET)
		return ntohl(place->address.v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

int listen_open(const char *text, const struct listen_place *place, struct diags *diags)
{
	autoclose int fd =
		socket(place->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1, off = 0;
	int error;

	if (fd < 0)
		return diag_system(diags, errno, "exporter", "cannot make a socket");
	/* a connection of the former one may still be closing */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (place->address.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &place->address.any, place->size) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return take_fd(&fd);
	error = diag_system(diags, errno, "exporter", "cannot listen on %s", text);
	diag_hint(diags, error == -EADDRINUSE ? "see who does: ss -ltnp; or give another --listen" :
			 error == -EADDRNOTAVAIL ? "list this machine's addresses: ip address" :
						   "give another --listen ADDRESS:PORT");
	return error;
}
