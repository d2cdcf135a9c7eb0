// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/server_answer.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "user/base/moment.h"
#include "user/serve/negotiate.h"
#include "user/serve/page.h"
#include "user/serve/rebind.h"

/* What stands beside a status, and the page of it. */
struct answer {
	enum ask_status status;
	const char *text; /* of one line; static */
	const char *header, *value;
};

static enum MHD_Result answer_send(struct server *server, struct MHD_Connection *connection,
				   enum ask_status status, struct MHD_Response *response)
{
	server->counts.answers[status]++;
	return MHD_queue_response(connection, ask_status_code(status), response);
}

static enum MHD_Result answer_static(struct server *server, struct MHD_Connection *connection,
				     const struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(answer->text), (void *)answer->text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/plain; charset=utf-8");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (answer->header)
		MHD_add_response_header(response, answer->header, answer->value);
	result = answer_send(server, connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_page(struct server *server, struct MHD_Connection *connection)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		serve_page_size, (void *)serve_page, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "Content-Security-Policy", serve_page_policy);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	result = answer_send(server, connection, ASK_STATUS_200, response);
	MHD_destroy_response(response);
	return result;
}

/* What has become of the document that it wants. */
static enum MHD_Result answer_settled(struct server *server, struct client *client,
				      struct MHD_Connection *connection)
{
	static const struct answer none = { ASK_STATUS_503, "the gates could not be read\n",
					    MHD_HTTP_HEADER_RETRY_AFTER, "1" };
	static const struct answer late = { ASK_STATUS_503,
					    "the process that reads the gates does not answer\n",
					    MHD_HTTP_HEADER_RETRY_AFTER, "10" };

	client->want = CLIENT_WANTS_NOTHING;
	if (client->is_cut)
		return MHD_NO;
	if (client->body)
		return answer_send(server, connection, ASK_STATUS_200, client->body->response);
	return answer_static(server, connection, client->is_late ? &late : &none);
}

/* Where it has to be waited for, the library calls again when it is settled. */
static enum MHD_Result answer_document(struct server *server, struct client *client,
				       struct MHD_Connection *connection,
				       enum ask_document document)
{
	server->now = moment_now(); /* who came before it in this turn may have taken long */
	if (body_want(server, client, document) == CLIENT_SETTLED)
		return answer_settled(server, client, connection);
	MHD_suspend_connection(connection);
	client->suspended = connection;
	return MHD_YES;
}

static enum MHD_Result answer_metrics(struct server *server, struct client *client,
				      struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return answer_document(server, client, connection,
			       negotiate_openmetrics(accept) ? ASK_OPENMETRICS : ASK_PROMETHEUS);
}

static enum MHD_Result answer_route(struct server *server, struct client *client,
				    struct MHD_Connection *connection, enum negotiate_route route)
{
	static const struct answer none = { ASK_STATUS_404, "there is no such page; see /\n", NULL,
					    NULL };
	static const struct answer healthy = { ASK_STATUS_200, "ok\n", NULL, NULL };

	switch (route) {
	case ROUTE_HEALTH:
		return answer_static(server, connection, &healthy);
	case ROUTE_PAGE:
		return answer_page(server, connection);
	case ROUTE_METRICS:
		return answer_metrics(server, client, connection);
	case ROUTE_STATS:
		return answer_document(server, client, connection, ASK_STATS);
	case ROUTE_STATUS:
		return answer_document(server, client, connection, ASK_STATUS);
	case ROUTE_HISTORY:
		return answer_document(server, client, connection, ASK_HISTORY);
	case ROUTE_NONE:
		break;
	}
	return answer_static(server, connection, &none);
}

/* What stands in a request's head, each line of it, should there be several of a name. */
struct answer_head {
	const char *own_name; /* or NULL: any Host will do */
	bool is_strange;      /* for another host */
	bool has_upload;      /* it brings something along; none of ours does */
	size_t lengths;       /* how often it says how much */
};

static enum MHD_Result answer_look_at(void *data, enum MHD_ValueKind kind, const char *name,
				      const char *value)
{
	struct answer_head *head = data;

	(void)kind;
	if (!value)
		value = "";
	if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0 && head->own_name)
		head->is_strange |= !rebind_allows(value, head->own_name);
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		head->lengths++;
		head->has_upload |= strcmp(value, "0") != 0;
	}
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		head->has_upload = true;
	return MHD_YES;
}

/*
 * The library ends the path at a NUL, and says nothing of what follows. But both path and version
 * stand where the request's first line came in, and in between there is what was asked for up to a
 * NUL, and one space.
 */
static bool answer_is_torn(const struct client *client, const char *path, const char *version)
{
	return (uintptr_t)version - (uintptr_t)path != client->uri_size + 1;
}

/*
 * What is refused as soon as the head is there: the library then closes the connection. NULL:
 * nothing.
 */
static const struct answer *answer_refusal(const struct server *server,
					   struct MHD_Connection *connection, const char *method,
					   bool is_torn)
{
	struct answer_head head = { .own_name = server->own_name };
	static const struct answer malformed = { ASK_STATUS_400, "this is no request\n", NULL,
						 NULL };
	static const struct answer misdirected = {
		ASK_STATUS_421,
		"ask by address or as localhost; under other names it answers with --auth-basic, "
		"--auth-bearer or --tls-cert: docs/exporter.md\n",
		NULL, NULL
	};
	static const struct answer not_allowed = { ASK_STATUS_405, "only GET and HEAD\n",
						   MHD_HTTP_HEADER_ALLOW, "GET, HEAD" };
	static const struct answer too_large = { ASK_STATUS_413, "send nothing along\n", NULL,
						 NULL };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, answer_look_at, &head);
	/* who else reads it may believe the other one */
	if (is_torn || head.lengths > 1)
		return &malformed;
	if (head.is_strange)
		return &misdirected;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return &not_allowed;
	return head.has_upload ? &too_large : NULL;
}

/* Who is asked to say who they are. NULL: they may ask. */
static const struct answer *answer_stranger(struct server *server,
					    struct MHD_Connection *connection)
{
	static const struct answer basic = { ASK_STATUS_401, "say who you are\n",
					     MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					     "Basic realm=\"edgegate\", charset=\"UTF-8\"" };
	static const struct answer bearer = { ASK_STATUS_401, "say who you are\n",
					      MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Bearer realm=\"edgegate\"" };
	static const struct answer later = { ASK_STATUS_429, "too many wrong passwords\n",
					     MHD_HTTP_HEADER_RETRY_AFTER, "1" };
	const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_AUTHORIZATION);

	const struct sockaddr *from =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	const enum auth_verdict verdict = auth_allows(server->auth, header, from, server->now);

	/* a hash takes its time */
	server->now = moment_now();
	switch (verdict) {
	case AUTH_YES:
		return NULL;
	case AUTH_LATER:
		return &later;
	case AUTH_NO:
		break;
	}
	return server->auth->kind == AUTH_BASIC ? &basic : &bearer;
}

/*
 * Whether we live is no secret: load balancers ask without one. Nor is the page, which has no
 * figure in it: a browser sends no token by itself, so the page has to be there to ask for one.
 */
static bool answer_is_open(const struct server *server, enum negotiate_route route)
{
	return route == ROUTE_HEALTH || (route == ROUTE_PAGE && server->auth->kind == AUTH_BEARER);
}

enum MHD_Result server_answer(void *data, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	struct client *client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;
	const enum negotiate_route route = negotiate_route(path);
	struct server *server = data;
	const struct answer *answer;

	(void)upload;
	if (!*state) {
		*state = client;
		client_waits(server, client, CLIENT_ANSWERED);
		answer = answer_refusal(server, connection, method,
					answer_is_torn(client, path, version));
		return answer ? answer_static(server, connection, answer) : MHD_YES;
	}
	if (*upload_size)
		return MHD_NO;
	if (client->want == CLIENT_SETTLED)
		return answer_settled(server, client, connection);
	answer = answer_is_open(server, route) ? NULL : answer_stranger(server, connection);
	return answer ? answer_static(server, connection, answer) :
			answer_route(server, client, connection, route);
}
