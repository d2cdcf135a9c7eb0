// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/server_client.h"

#include <string.h>
#include <sys/socket.h>

/* ---- connections ----------------------------------------------------------------------------- */

static void client_append(struct server *server, struct client *client)
{
	client->next = NULL;
	client->former = server->last;
	*(server->last ? &server->last->next : &server->first) = client;
	server->last = client;
}

static void client_remove(struct server *server, struct client *client)
{
	*(client->former ? &client->former->next : &server->first) = client->next;
	*(client->next ? &client->next->former : &server->last) = client->former;
}

/* The library holds no more connections than there are places. */
static struct peer *client_peer(struct server *server, const struct sockaddr *from)
{
	const struct in6_addr address = peer_address(from);
	struct peer *place = NULL;

	for (size_t i = 0; i < SERVER_CONNECTIONS_MOST; i++) {
		struct peer *peer = &server->peers[i];

		if (peer->holders && memcmp(&peer->address, &address, sizeof(address)) == 0)
			return peer;
		if (!place && !peer->holders)
			place = peer;
	}
	if (place)
		place->address = address;
	return place;
}

void client_begin(struct server *server, struct client *client, int fd, const struct sockaddr *from)
{
	client->peer = client_peer(server, from);
	client->peer->holders++;
	client->fd = fd;
	client->since = server->now;
	client_append(server, client);
	server->connections++;
}

void client_end(struct server *server, struct client *client)
{
	body_take_back(server, client);
	client_remove(server, client);
	client->peer->holders--;
	server->connections--;
}

void client_waits(struct server *server, struct client *client, enum client_state state)
{
	client->state = state;
	client->since = server->now;
	client_remove(server, client);
	client_append(server, client);
}

void client_settle(struct server *server, struct client *client)
{
	client->want = CLIENT_SETTLED;
	if (!client->suspended)
		return;
	MHD_resume_connection(client->suspended);
	client->suspended = NULL;
	server->has_resumed = true;
}

static void client_close(struct server *server, struct client *client)
{
	client->is_cut = true;
	shutdown(client->fd, SHUT_RDWR);
	/* the library doesn't look at it before */
	if (client->want == CLIENT_WANTS)
		client_settle(server, client);
}

void client_cut(struct server *server, struct client *client)
{
	if (client->is_cut)
		return;
	client_close(server, client);
	server->counts.cut++;
}

void client_excuse(struct server *server, double seconds)
{
	for (struct client *client = server->first; client; client = client->next) {
		client->since += seconds;
		/* it came, or was answered, in the midst of it */
		if (client->since > server->now)
			client->since = server->now;
	}
}

void client_cut_late(struct server *server)
{
	static const double patience[] = {
		[CLIENT_ASKING] = SERVER_REQUEST_SECONDS,
		[CLIENT_ANSWERED] = SERVER_ANSWER_SECONDS,
		[CLIENT_IDLE] = SERVER_IDLE_SECONDS,
	};

	for (struct client *client = server->first; client; client = client->next) {
		if (server->now - client->since < patience[client->state])
			continue;
		/* who has been answered and asks no more has done nothing wrong */
		if (client->state == CLIENT_IDLE)
			client_close(server, client);
		else
			client_cut(server, client);
	}
}

/* ---- who gives way --------------------------------------------------------------------------- */

/*
 * Of those with as many connections as the one that has most: the client that has waited longest,
 * for its request or for its answer; the newcomer apart. NULL: there is none.
 */
static struct client *client_oldest(const struct server *server, size_t live, bool is_answered)
{
	struct client *client = server->first;

	while (client && (client->is_cut || client->peer->live < live || client == server->last ||
			  (client->state == CLIENT_ANSWERED) != is_answered))
		client = client->next;
	return client;
}

void client_make_room(struct server *server, size_t most)
{
	size_t live = 0, heaviest = 0, theirs = 0, answered = 0;
	const struct client *client;
	struct client *oldest;
	bool which;

	for (client = server->first; client; client = client->next)
		client->peer->live = 0;
	for (client = server->first; client; client = client->next) {
		live += !client->is_cut;
		client->peer->live += !client->is_cut;
		if (client->peer->live > heaviest)
			heaviest = client->peer->live;
	}
	if (live <= most)
		return;
	for (client = server->first; client; client = client->next) {
		if (client->is_cut || client->peer->live < heaviest)
			continue;
		theirs++;
		answered += client->state == CLIENT_ANSWERED;
	}
	which = answered > theirs / 2;
	oldest = client_oldest(server, heaviest, which);
	if (!oldest)
		oldest = client_oldest(server, heaviest, !which);
	if (oldest)
		client_cut(server, oldest);
}
