// SPDX-License-Identifier: GPL-2.0-only
/* Documents, from when they are made until the last one who is sent them has them. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/serve/server_client.h"

static void body_drop(struct server *server, struct body *body)
{
	if (!body || --body->holders)
		return;
	for (size_t i = 0; i < SERVER_BODIES_MOST; i++)
		if (server->bodies[i] == body)
			server->bodies[i] = NULL;
	MHD_destroy_response(body->response);
	free(body);
}

/* What is too old to be shared is its readers' alone. */
static void body_expire(struct server *server)
{
	for (int i = 0; i < ASK_DOCUMENTS; i++) {
		struct body *shared = server->shared[i];

		if (!shared || server->now - shared->made < SERVER_SHARED_SECONDS)
			continue;
		server->shared[i] = NULL;
		body_drop(server, shared);
	}
}

/* ---- room ------------------------------------------------------------------------------------ */

struct body_sum {
	size_t count, size;
};

/* Of all; or of those only that stay when the library has noticed who was cut. */
static struct body_sum body_add_up(const struct server *server, bool which_stay)
{
	struct body_sum sum = { 0 };

	for (size_t i = 0; i < SERVER_BODIES_MOST; i++) {
		const struct body *body = server->bodies[i];

		if (!body || (which_stay && body->is_going))
			continue;
		sum.count++;
		sum.size += body->size;
	}
	return sum;
}

/* The oldest that nobody new is given. NULL: there is none. */
static struct body *body_oldest(const struct server *server)
{
	struct body *oldest = NULL;

	for (size_t i = 0; i < SERVER_BODIES_MOST; i++) {
		struct body *body = server->bodies[i];

		if (body && !body->is_going && body != server->shared[body->document] &&
		    (!oldest || body->made < oldest->made))
			oldest = body;
	}
	return oldest;
}

static struct body *body_newest(const struct server *server, enum ask_document document)
{
	struct body *newest = NULL;

	for (size_t i = 0; i < SERVER_BODIES_MOST; i++) {
		struct body *body = server->bodies[i];

		if (body && body->document == document && (!newest || body->made > newest->made))
			newest = body;
	}
	return newest;
}

/* As large as the last; where there was none, as the largest of the others. */
static size_t body_expected(const struct server *server, enum ask_document document)
{
	size_t largest = 0;

	for (int i = 0; i < ASK_DOCUMENTS; i++)
		largest = server->sizes[i] > largest ? server->sizes[i] : largest;
	return server->sizes[document] ? server->sizes[document] : largest;
}

/*
 * Room for one more of so many bytes: whoever has been sent the oldest one longest is slow on
 * purpose, or of no use. False: there will be, when the library has noticed.
 */
static bool body_make_room(struct server *server, size_t size)
{
	struct body_sum sum = body_add_up(server, true);
	struct body *oldest;

	while (sum.count && (sum.count >= SERVER_BODIES || sum.size + size > SERVER_BODIES_SIZE) &&
	       (oldest = body_oldest(server))) {
		for (struct client *client = server->first; client; client = client->next)
			if (client->body == oldest)
				client_cut(server, client);
		oldest->is_going = true;
		sum = body_add_up(server, true);
	}
	sum = body_add_up(server, false);
	return !sum.count ||
	       (sum.count < SERVER_BODIES_MOST && sum.size + size <= SERVER_BODIES_SIZE_MOST);
}

/* ---- making one ------------------------------------------------------------------------------ */

static struct body *body_make(int document, size_t size, const char *type)
{
	struct body *body = calloc(1, sizeof(*body));

	/* the descriptor is the response's from now on */
	if (body)
		body->response = MHD_create_response_from_fd64(size, document);
	if (!body || !body->response) {
		close(document);
		free(body);
		return NULL;
	}
	MHD_add_response_header(body->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(body->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(body->response, "X-Content-Type-Options", "nosniff");
	body->size = size;
	body->holders = 1;
	return body;
}

/* Into a place that is free, and shared from now on. */
static void body_keep(struct server *server, enum ask_document document, struct body *body)
{
	size_t place = 0;

	while (server->bodies[place])
		place++;
	if (server->shared[document])
		body_drop(server, server->shared[document]);
	server->bodies[place] = body;
	server->shared[document] = body;
	server->sizes[document] = body->size;
	body->document = document;
	body->made = server->asked;
}

static void body_give(struct server *server, struct client *client, struct body *body)
{
	body_take_back(server, client);
	body->holders++;
	client->body = body;
}

/* ---- who waits for one ----------------------------------------------------------------------- */

/*
 * The first in the list that wants this document, or any (ASK_DOCUMENTS), and has since `until` or
 * before. NULL: nobody.
 */
static struct client *body_next_client(const struct server *server, enum ask_document document,
				       double until)
{
	struct client *client = server->first;

	while (client && (client->want != CLIENT_WANTS || client->wanted > until ||
			  (document != ASK_DOCUMENTS && client->document != document)))
		client = client->next;
	return client;
}

/* Those that have wanted it since `until` or before get it; NULL: none. */
static void body_deal_out(struct server *server, enum ask_document document, double until,
			  struct body *body)
{
	struct client *client;

	while ((client = body_next_client(server, document, until))) {
		if (body)
			body_give(server, client, body);
		client_settle(server, client);
	}
}

/*
 * Asks for what the one wants that has waited longest, unless an answer is owed: with one question
 * at a time, however late its answer is, it can't be taken for another's.
 */
static void body_ask(struct server *server)
{
	const struct client *client;

	while (!server->is_owed &&
	       (client = body_next_client(server, ASK_DOCUMENTS, server->now))) {
		const enum ask_document document = client->document;

		if (!server->failed && !server->is_closing &&
		    body_make_room(server, body_expected(server, document))) {
			server->counts.document = document;
			server->counts.connections = server->connections;
			server->asked = server->now;
			server->owed = server_waited(server);
			server->failed = ask_send(server->reader, &server->counts);
			server->is_owed = !server->failed;
		} else {
			body_deal_out(server, document, server->now, body_newest(server, document));
		}
	}
}

enum client_want body_want(struct server *server, struct client *client, enum ask_document document)
{
	body_expire(server);
	client->want = CLIENT_WANTS;
	client->document = document;
	client->wanted = server->now;
	client->patience = server_waited(server);
	client->is_late = false;
	if (server->shared[document] || server->is_closing)
		body_deal_out(server, document, server->now, server->shared[document]);
	else
		body_ask(server);
	return client->want;
}

int body_arrive(struct server *server)
{
	static const char *const types[ASK_DOCUMENTS] = {
		[ASK_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
		[ASK_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
		[ASK_STATS] = "application/json",
		[ASK_STATUS] = "application/json",
		[ASK_HISTORY] = "application/json",
	};
	const enum ask_document document = (enum ask_document)server->counts.document;
	/* who came later gets one that is as new as they may expect */
	const double until = server->asked + SERVER_SHARED_SECONDS;
	struct body *body = NULL;
	size_t size = 0;
	int fd = ask_take(server->reader, &size);

	if (fd == -EAGAIN)
		return 0;
	if (fd < 0 && fd != -ENODATA)
		return fd;
	/* nobody has asked */
	if (!server->is_owed) {
		if (fd >= 0)
			close(fd);
		return -EPIPE;
	}
	server->is_owed = false;
	if (fd >= 0)
		body = body_make(fd, size, types[document]);
	if (body)
		body_keep(server, document, body);
	body_deal_out(server, document, until, body);
	/* that of a question long ago is nobody else's */
	body_expire(server);
	body_ask(server);
	return server->failed;
}

int body_wait(struct server *server)
{
	for (struct client *client = server->first; client; client = client->next) {
		if (client->want != CLIENT_WANTS ||
		    server_waited(server) - client->patience < SERVER_READER_SECONDS)
			continue;
		client->is_late = true;
		client_settle(server, client);
	}
	return server->is_owed && server_waited(server) - server->owed >= server->patience ?
		       -ETIMEDOUT :
		       0;
}

void body_close(struct server *server)
{
	server->is_closing = true;
	body_deal_out(server, ASK_DOCUMENTS, server->now, NULL);
}

void body_take_back(struct server *server, struct client *client)
{
	body_drop(server, client->body);
	client->body = NULL;
}

void body_forget(struct server *server)
{
	for (int i = 0; i < ASK_DOCUMENTS; i++) {
		body_drop(server, server->shared[i]);
		server->shared[i] = NULL;
	}
}
