/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's HTTP server: one thread, which answers GET and HEAD of a handful of paths with
 * documents that it asks for, and lets nobody keep it from answering the next one.
 */
#ifndef USER_SERVE_SERVER_H
#define USER_SERVE_SERVER_H

#include "user/base/diag.h"
#include "user/serve/auth.h"

/*
 * Connections at a time. When one more comes, one gives way, of the address that has most of them
 * (of IPv6: the first half): where more than half of these are being answered, the one that has
 * been for longest, else the one that has waited longest for its request. Neither who asks nothing
 * nor who takes no answer can keep the other kind out, and it is never the one that has just come.
 */
#define SERVER_CONNECTIONS 128u
#define SERVER_CONNECTIONS_MOST (2 * SERVER_CONNECTIONS) /* with those that are being closed */
#define SERVER_REQUEST_SECONDS 10.0 /* until a first request is there, TLS included */
#define SERVER_ANSWER_SECONDS 30.0  /* from then until the answer is taken */
/* Of these so long for a document; Prometheus waits for ten. Then there is none. */
#define SERVER_READER_SECONDS 8.0
/*
 * After an answer, until another request: what scrapes every minute keeps its connection. It isn't
 * counted as cut when it is closed then, and gives way to newer ones as those do that have asked
 * nothing.
 */
#define SERVER_IDLE_SECONDS 130.0
#define SERVER_REQUEST_SIZE                                                                        \
	16384u /* bytes of a request's head, and what a connection takes of memory */
/*
 * A document is shared by all who ask within this time. So many of them, and of bytes in them, are
 * kept for slow readers; when there are more, whoever reads the oldest one is cut. It is gone a
 * turn later: until then there are never more than the most, but for a single one that is larger.
 */
#define SERVER_SHARED_SECONDS 0.25
#define SERVER_BODIES 8u
#define SERVER_BODIES_SIZE (48u << 20)
#define SERVER_BODIES_MOST 16u
#define SERVER_BODIES_SIZE_MOST (64u << 20)

struct server;

/* What is served, all of it borrowed until server_close(). */
struct server_wish {
	int listener; /* a listening socket; the server's from now on, also on failure */
	int reader;   /* of ask_pair(); likewise */
	const char *certificate, *key; /* PEM, both or none: then it speaks TLS */
	struct auth *auth;
	/*
	 * This machine's name: Host must be one that leads nowhere else (rebind.h). NULL: it may be
	 * any.
	 */
	const char *own_name;
};

/* NULL with a diag. */
struct server *server_open(const struct server_wish *wish, struct diags *diags);

/* Serves until SIGTERM or SIGINT. 0; or -errno with a diag: who reads the gates is gone. */
int server_run(struct server *server, struct diags *diags);

void server_close(struct server *server);

#endif
