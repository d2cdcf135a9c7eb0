// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/ready.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "user/base/cleanup.h"

#define READY_SIZE 512

int ready_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = -1;

	if (!name || !*name || strlen(name) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, name, strlen(name));
	/* an abstract one */
	if (*name == '@')
		*address.sun_path = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))))
		return -1;
	return take_fd(&fd);
}

void ready_say(int socket, const char *status)
{
	char ready[READY_SIZE];
	int length = snprintf(ready, sizeof(ready), "READY=1\nSTATUS=%s\n", status);

	/* where it can't be told, it waits in vain and says so */
	if (socket >= 0 && length > 0 && length < READY_SIZE)
		(void)send(socket, ready, (size_t)length, MSG_NOSIGNAL);
}
