/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is connected, and which documents are on their way to them. */
#ifndef USER_SERVE_SERVER_CLIENT_H
#define USER_SERVE_SERVER_CLIENT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "user/serve/ask.h"
#include "user/serve/server.h"

/* A document, made at a moment. Counted: who is being sent it, and the server while it may be shared. */
struct body {
	struct MHD_Response *response;
	enum ask_document document;
	size_t size; /* bytes */
	double made; /* of moment_now() */
	unsigned int holders;
	bool is_going; /* whoever reads it has been cut */
};

/* What a connection waits for. */
enum client_state {
	CLIENT_ASKING,   /* we for its first request */
	CLIENT_ANSWERED, /* its request is there: from then on we are who it waits for */
	CLIENT_IDLE,     /* it has had an answer, and may ask again */
};

/* A connection. In a list, in the order in which they began to wait for what they wait for now. */
struct client {
	struct client *next, *former;
	int fd;
	double since; /* when it began to wait */
	enum client_state state;
	bool is_cut; /* shut down; the library closes it at its next turn */
	struct body *body;
};

struct server {
	struct MHD_Daemon *daemon;
	int listener, reader, events;
	struct auth *auth;
	const char *own_name; /* or NULL: any Host will do */
	struct client *first, *last;
	size_t connections;
	struct body *shared[ASK_DOCUMENTS];
	struct body *bodies[SERVER_BODIES_MOST]; /* all that there are; NULL where there is none */
	size_t sizes[ASK_DOCUMENTS];             /* of the last of each; 0: not known yet */
	struct ask counts;                       /* answers and connections cut */
	int failed;                              /* negative errno: the reader is gone */
	double now;                              /* of moment_now(), as of this turn */
	double deaf_until;                       /* nobody is taken until then; likewise */
};

void client_begin(struct server *server, struct client *client, int fd);
void client_end(struct server *server, struct client *client);
/* It waits for something else from now on. */
void client_waits(struct server *server, struct client *client, enum client_state state);
/* Shuts a connection down, and counts it; the library finds it so. */
void client_cut(struct server *server, struct client *client);
/* For so many seconds, up to now, we were busy with others: nobody could make themselves heard. */
void client_excuse(struct server *server, double seconds);
/* Cuts those that have taken too long, and closes those that don't ask again. */
void client_cut_late(struct server *server);
/* Cuts one where there are more than `most`; never the one that came last. */
void client_make_room(struct server *server, size_t most);

/*
 * The document, shared or new, or the newest that there is where there is no room for another. NULL: there is none, or
 * server->failed. It may be gone when the next one is asked for: body_give() keeps it.
 */
struct body *body_get(struct server *server, enum ask_document document, const char *type);
void body_give(struct server *server, struct client *client, struct body *body);
/* The client's, if it has one. */
void body_take_back(struct server *server, struct client *client);
void body_forget(struct server *server);

#endif
