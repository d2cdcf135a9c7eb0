/* SPDX-License-Identifier: GPL-2.0-only */
/* A server with clients, for tests that look at what becomes of these. */
#ifndef TESTS_LIB_CROWD_H
#define TESTS_LIB_CROWD_H

#include "user/serve/server_client.h"

#define CROWD (SERVER_CONNECTIONS + 1)

struct crowd {
	struct server server;
	struct client clients[CROWD];
};

/* The only one that was cut; -1: none. */
int crowd_cut(const struct crowd *crowd);

#endif
