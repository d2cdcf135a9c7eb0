/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is connected, and which documents are on their way to them. */
#ifndef USER_SERVE_SERVER_CLIENT_H
#define USER_SERVE_SERVER_CLIENT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "user/serve/ask.h"
#include "user/serve/peer.h"
#include "user/serve/server.h"

/*
 * A document, made at a moment. Counted: who is being sent it, and the server while it may be
 * shared.
 */
struct body {
	struct MHD_Response *response;
	enum ask_document document;
	size_t size; /* bytes */
	double made; /* when it was asked for; of moment_now() */
	unsigned int holders;
	bool is_going; /* whoever reads it has been cut */
};

/* What a connection waits for. */
enum client_state {
	CLIENT_ASKING,   /* we for its first request */
	CLIENT_ANSWERED, /* its request is there: from then on we are who it waits for */
	CLIENT_IDLE,     /* it has had an answer, and may ask again */
};

/* What it has of a document that it asked for. */
enum client_want {
	CLIENT_WANTS_NOTHING,
	CLIENT_WANTS,   /* it isn't there yet */
	CLIENT_SETTLED, /* it is, in `body`, or there will be none */
};

/* Where connections come from. */
struct peer {
	struct in6_addr address; /* of peer_address() */
	size_t holders;          /* connections; 0: nobody's place */
	size_t live; /* of them those that aren't cut, as client_make_room() saw it last */
};

/* A connection. In a list, in the order in which they began to wait for what they wait for now. */
struct client {
	struct client *next, *former;
	struct peer *peer;
	int fd;
	double since; /* when it began to wait */
	enum client_state state;
	bool is_cut; /* shut down; the library closes it at its next turn */
	struct body *body;
	enum client_want want;
	enum ask_document document; /* that it wants */
	double wanted;              /* since when; of moment_now() */
	double patience;            /* likewise, of server_waited() */
	bool is_late;               /* none came in time */
	/* What the library leaves alone while it wants a document; or NULL. */
	struct MHD_Connection *suspended;
	size_t uri_size; /* bytes of what was asked for, up to a NUL */
};

struct server {
	struct MHD_Daemon *daemon;
	int listener, reader, events;
	struct auth *auth;
	const char *own_name; /* or NULL: any Host will do */
	struct client *first, *last;
	size_t connections;
	struct peer peers[SERVER_CONNECTIONS_MOST];
	struct body *shared[ASK_DOCUMENTS];
	struct body *bodies[SERVER_BODIES_MOST]; /* all that there are; NULL where there is none */
	size_t sizes[ASK_DOCUMENTS];             /* of the last of each; 0: not known yet */
	struct ask counts; /* answers and connections cut; the last question */
	bool is_owed;      /* the answer to it */
	bool is_closing;   /* nothing is asked any more */
	bool has_resumed;  /* connections, of which the library knows nothing yet */
	double asked;      /* when; of moment_now() */
	double owed;       /* likewise, of server_waited() */
	double patience;   /* seconds for which an answer may be owed */
	double busy;       /* seconds for which we, and not the reader, were who was waited for */
	int failed;        /* negative errno: the reader is gone */
	double now;        /* of moment_now(), as of this turn */
	double deaf_until; /* nobody is taken until then; likewise */
};

/*
 * The clock by which the reader is judged. It stands still while we are busy, with hashes say, or
 * don't run at all: an answer that nobody has looked for isn't late.
 */
static inline double server_waited(const struct server *server)
{
	return server->now - server->busy;
}

void client_begin(struct server *server, struct client *client, int fd,
		  const struct sockaddr *from);
void client_end(struct server *server, struct client *client);
/* It waits for something else from now on. */
void client_waits(struct server *server, struct client *client, enum client_state state);
/* Shuts a connection down, and counts it; the library finds it so. */
void client_cut(struct server *server, struct client *client);
/* For so many seconds, up to now, we were busy with others: nobody could make themselves heard. */
void client_excuse(struct server *server, double seconds);
/* Cuts those that have taken too long, and closes those that don't ask again. */
void client_cut_late(struct server *server);
/* It has been told what becomes of the document that it wants. */
void client_settle(struct server *server, struct client *client);
/*
 * Cuts one where there are more than `most`, of those that come from where most come from; never
 * the one that came last.
 */
void client_make_room(struct server *server, size_t most);

/*
 * The client wants a document, as of server->now. CLIENT_SETTLED: at once, with the one that is
 * shared, or the newest where there is no room for another, in client->body; or with none. Else it
 * comes with body_arrive(), or body_wait() finds that it is late.
 */
enum client_want body_want(struct server *server, struct client *client,
			   enum ask_document document);
/* The reader has said something, or is gone. 0 or negative errno: it can't be asked any more. */
int body_arrive(struct server *server);
/* Who has waited too long gets none. 0; or -ETIMEDOUT: the reader has been waited for too long. */
int body_wait(struct server *server);
/* Nobody gets any more; those that wait are settled. */
void body_close(struct server *server);
/* The client's, if it has one. */
void body_take_back(struct server *server, struct client *client);
void body_forget(struct server *server);

#endif
