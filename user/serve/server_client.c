// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/server_client.h"

#include <sys/socket.h>

/* ---- connections -------------------------------------------------------------------------------------- */

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

void client_begin(struct server *server, struct client *client, int fd)
{
	client->fd = fd;
	client->since = server->now;
	client_append(server, client);
	server->connections++;
}

void client_end(struct server *server, struct client *client)
{
	body_take_back(server, client);
	client_remove(server, client);
	server->connections--;
}

void client_waits(struct server *server, struct client *client, enum client_state state)
{
	client->state = state;
	client->since = server->now;
	client_remove(server, client);
	client_append(server, client);
}

static void client_close(struct client *client)
{
	client->is_cut = true;
	shutdown(client->fd, SHUT_RDWR);
}

void client_cut(struct server *server, struct client *client)
{
	if (client->is_cut)
		return;
	client_close(client);
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
			client_close(client);
		else
			client_cut(server, client);
	}
}

/* The one that has waited longest for its request, or for its answer; the newcomer apart. NULL: there is none. */
static struct client *client_oldest(const struct server *server, bool is_answered)
{
	struct client *client = server->first;

	while (client && (client->is_cut || (client->state == CLIENT_ANSWERED) != is_answered))
		client = client->next;
	return client == server->last && !is_answered ? NULL : client;
}

void client_make_room(struct server *server, size_t most)
{
	size_t live = 0, answered = 0;
	struct client *oldest;

	for (const struct client *client = server->first; client; client = client->next) {
		live += !client->is_cut;
		answered += !client->is_cut && client->state == CLIENT_ANSWERED;
	}
	if (live <= most)
		return;
	oldest = client_oldest(server, answered > most / 2);
	if (oldest)
		client_cut(server, oldest);
}
