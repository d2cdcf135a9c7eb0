// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many TCP connections at once, which stay: for tests of what looks at all of a host's conversations.
 *
 *	crowd listen PORT               takes connections, and keeps them
 *	crowd connect ADDRESS PORT N    makes N of them over IPv4, says "ready", and keeps them
 *	crowd connect ADDRESS PORT N TEXT   the same, says TEXT on each, and takes no answer
 *	crowd flood ADDRESS PORT        makes them one after the other until it is killed, and keeps the last thousand
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define FLOOD_KEPT 1000

static int fail(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	return 1;
}

static int crowd_listen(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) || listen(fd, BACKLOG))
		return fail("listen");
	for (;;)
		if (accept(fd, NULL, NULL) < 0)
			return fail("accept");
}

static int crowd_connect(const struct sockaddr_in *address, unsigned long count, const char *text)
{
	for (unsigned long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)))
			return fail("connect");
		if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
			return fail("send");
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

/* The oldest goes by a reset: none is left in TIME_WAIT here, where ports would run out. */
static int crowd_flood(const struct sockaddr_in *address)
{
	const struct linger at_once = { .l_onoff = 1 };
	int kept[FLOOD_KEPT];

	for (unsigned long i = 0;; i++) {
		int *fd = &kept[i % FLOOD_KEPT];

		if (i >= FLOOD_KEPT)
			close(*fd);
		*fd = socket(AF_INET, SOCK_STREAM, 0);
		if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) ||
		    connect(*fd, (const struct sockaddr *)address, sizeof(*address)))
			return fail("flood");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors))
		return fail("limit");
	descriptors.rlim_cur = descriptors.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &descriptors))
		return fail("limit");
	if (argc == 3 && strcmp(argv[1], "listen") == 0) {
		address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
		return crowd_listen(&address);
	}
	if ((argc == 5 || argc == 6) && strcmp(argv[1], "connect") == 0 &&
	    inet_pton(AF_INET, argv[2], &address.sin_addr) == 1) {
		address.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
		return crowd_connect(&address, strtoul(argv[4], NULL, 10),
				     argc == 6 ? argv[5] : "");
	}
	if (argc == 4 && strcmp(argv[1], "flood") == 0 &&
	    inet_pton(AF_INET, argv[2], &address.sin_addr) == 1) {
		address.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
		return crowd_flood(&address);
	}
	fputs("crowd listen PORT | crowd connect ADDRESS PORT N [TEXT] | crowd flood ADDRESS PORT\n",
	      stderr);
	return 2;
}
