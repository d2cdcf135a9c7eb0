// SPDX-License-Identifier: GPL-2.0-only
/* Documents, from when they are made until the last one who is sent them has them. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/base/moment.h"
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

/* ---- room --------------------------------------------------------------------------------------------- */

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
 * Room for one more of so many bytes: whoever has been sent the oldest one longest is slow on purpose, or of no use. False:
 * there will be, when the library has noticed.
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

/* ---- making one ----------------------------------------------------------------------------------------- */

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
	server->bodies[place] = body;
	server->shared[document] = body;
	server->sizes[document] = body->size;
	body->document = document;
	body->made = server->now;
}

struct body *body_get(struct server *server, enum ask_document document, const char *type)
{
	struct body *body;
	size_t size = 0;
	int fd;

	server->now = moment_now();
	body_expire(server);
	if (server->shared[document])
		return server->shared[document];
	if (!body_make_room(server, body_expected(server, document)))
		return body_newest(server, document);
	server->counts.document = document;
	server->counts.connections = server->connections;
	fd = ask(server->reader, &server->counts, &size);
	server->now = moment_now();
	if (fd < 0) {
		server->failed = fd == -ENODATA ? 0 : fd;
		return NULL;
	}
	body = body_make(fd, size, type);
	if (body)
		body_keep(server, document, body);
	return body;
}

void body_give(struct server *server, struct client *client, struct body *body)
{
	body_take_back(server, client);
	body->holders++;
	client->body = body;
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
