// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/moment.h"
#include "user/base/number.h"
#include "user/serve/listen.h"
#include "user/serve/server_answer.h"
#include "user/serve/server_client.h"

#define SERVER_TURN 1000  /* milliseconds at most between two looks at who is late */
#define SERVER_ACCEPTS 64 /* connections in a turn */
#define SERVER_PAUSE                                                                               \
	0.1 /* seconds for which nobody is taken, where there is no descriptor for them */
#define SERVER_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static volatile sig_atomic_t server_ended;

static void server_end(int signal)
{
	(void)signal;
	server_ended = 1;
}

/* ---- what the library tells us --------------------------------------------------------------- */

static void server_connected(void *data, struct MHD_Connection *connection, void **context,
			     enum MHD_ConnectionNotificationCode what)
{
	struct server *server = data;
	struct client *client = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		client = calloc(1, sizeof(*client));
		if (!client) /* nothing that we could say; without memory there is no service */
			abort();
		client_begin(server, client,
			     MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				     ->connect_fd,
			     MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				     ->client_addr);
		*context = client;
		return;
	}
	client_end(server, client);
	free(client);
	*context = NULL;
}

/* A request is over, answered or not; the connection may go on with another. */
static void server_completed(void *data, struct MHD_Connection *connection, void **state,
			     enum MHD_RequestTerminationCode why)
{
	struct server *server = data;
	struct client *client = *state;

	(void)connection;
	(void)why;
	if (!client)
		return;
	body_take_back(server, client);
	client->want = CLIENT_WANTS_NOTHING;
	client_waits(server, client, CLIENT_IDLE);
	*state = NULL;
}

/*
 * The first look at what is asked for, as it came; `word` stays where it is until it is answered.
 */
static void *server_uri(void *data, const char *word, struct MHD_Connection *connection)
{
	struct client *client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	(void)data;
	client->uri_size = strlen(word);
	return NULL;
}

/* Paths are compared as they come: %2e and %00 mean nothing. */
static size_t server_unescape(void *data, struct MHD_Connection *connection, char *word)
{
	(void)data;
	(void)connection;
	return strlen(word);
}

/*
 * What the library has to say while it starts. Afterwards it would be strangers' faults, and is not
 * kept.
 */
static char server_said[256];

static __attribute__((format(printf, 2, 0))) void server_log(void *data, const char *format,
							     va_list arguments)
{
	(void)data;
	if (!*server_said)
		vsnprintf(server_said, sizeof(server_said), format, arguments);
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct MHD_Daemon *server_start(struct server *server, const struct server_wish *wish)
{
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)wish->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)wish->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)SERVER_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none = { MHD_OPTION_END, 0, NULL };
	const unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
				   MHD_ALLOW_SUSPEND_RESUME | (wish->key ? MHD_USE_TLS : 0);

	return MHD_start_daemon(
		flags, 0, NULL, NULL, server_answer, server, MHD_OPTION_EXTERNAL_LOGGER, server_log,
		server,
		/* some more than we let in: those that are cut are still being closed */
		MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MOST,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_REQUEST_SIZE,
		/* the last resort: client_cut_late() knows what each of them waits for */
		MHD_OPTION_CONNECTION_TIMEOUT, 2 * (unsigned int)SERVER_IDLE_SECONDS,
		MHD_OPTION_NOTIFY_CONNECTION, server_connected, server, MHD_OPTION_NOTIFY_COMPLETED,
		server_completed, server, MHD_OPTION_UNESCAPE_CALLBACK, server_unescape, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, server_uri, NULL,
		/*
		 * server_run() ignores it; without this the library copies instead of sendfile(2)
		 */
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, wish->key ? tls : &none, MHD_OPTION_END);
}

static struct server *server_failed(struct server *server, struct diags *diags)
{
	server_said[strcspn(server_said, "\n")] = '\0';
	diag_system(diags, 0, "exporter", "cannot start to serve: %s",
		    *server_said ? server_said : "no memory");
	diag_hint(diags, "with TLS: see that the key is the certificate's, both PEM");
	server_close(server);
	return NULL;
}

/* Tests don't have a minute. 0 or -EINVAL with a diag. */
static int server_patience_wanted(double *patience, struct diags *diags)
{
	const char *text = getenv("EDGEGATE_READER_PATIENCE");
	uint64_t seconds = ASK_PATIENCE;

	if (text && (number_parse(text, ASK_PATIENCE, &seconds) || !seconds)) {
		diag_usage(diags, "EDGEGATE_READER_PATIENCE",
			   "'%s' is no number of seconds from 1 to %d", text, ASK_PATIENCE);
		diag_hint(diags, "leave it out, and it is %d", ASK_PATIENCE);
		return -EINVAL;
	}
	*patience = (double)seconds;
	return 0;
}

struct server *server_open(const struct server_wish *wish, struct diags *diags)
{
	struct server *server = calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;

	if (!server) {
		close(wish->listener);
		close(wish->reader);
		diag_system(diags, ENOMEM, "exporter", NULL);
		return NULL;
	}
	server->listener = wish->listener;
	server->reader = wish->reader;
	server->auth = wish->auth;
	server->own_name = wish->own_name;
	server->now = moment_now();
	if (server_patience_wanted(&server->patience, diags)) {
		server_close(server);
		return NULL;
	}
	server->daemon = server_start(server, wish);
	if (!server->daemon)
		return server_failed(server, diags);
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return server_failed(server, diags);
	server->events = info->listen_fd;
	snprintf(server_said, sizeof(server_said), "-");
	return server;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	/*
	 * first those who hold documents, then the documents; the library can't stop while it
	 * leaves one alone
	 */
	if (server->daemon) {
		body_close(server);
		MHD_run(server->daemon);
		MHD_stop_daemon(server->daemon);
	}
	body_forget(server);
	close(server->listener);
	close(server->reader);
	free(server);
}

/* ---- serving --------------------------------------------------------------------------------- */

/*
 * There are no descriptors, or no memory, for who waits: one connection fewer, and a pause, or we
 * would be told of them again and again.
 */
static void server_is_full(struct server *server)
{
	server->deaf_until = server->now + SERVER_PAUSE;
	if (server->connections)
		client_make_room(server, server->connections - 1);
}

static void server_accept(struct server *server)
{
	for (int i = 0; i < SERVER_ACCEPTS; i++) {
		struct listen_place from = { .size = sizeof(from.address) };
		int fd = accept4(server->listener, &from.address.any, &from.size,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
				server_is_full(server);
			return;
		}
		/* the library closes it, also where it doesn't take it */
		MHD_add_connection(server->daemon, fd, &from.address.any, from.size);
		if (server->connections <= SERVER_CONNECTIONS)
			continue;
		client_make_room(server, SERVER_CONNECTIONS);
		MHD_run(server->daemon);
	}
}

/* Milliseconds until something is to be done. */
static int server_patience(const struct server *server, bool is_deaf)
{
	const int most = is_deaf ? (int)(SERVER_PAUSE * 1000) : SERVER_TURN;
	MHD_UNSIGNED_LONG_LONG library;

	if (server->has_resumed)
		return 0;
	if (MHD_get_timeout(server->daemon, &library) == MHD_YES && library < (unsigned int)most)
		return (int)library;
	return most;
}

static int server_turn(struct server *server, const sigset_t *unblocked)
{
	const bool is_deaf = server->now < server->deaf_until;
	struct pollfd wait[] = {
		{ .fd = server->events, .events = POLLIN },
		{ .fd = server->listener, .events = is_deaf ? 0 : POLLIN },
		{ .fd = server->reader, .events = POLLIN },
	};
	const int patience = server_patience(server, is_deaf);
	const struct timespec timeout = { patience / 1000, patience % 1000 * 1000000L };
	const double slept = moment_now();
	double began;
	int error = 0;

	if (ppoll(wait, 3, &timeout, unblocked) < 0 && errno != EINTR)
		return -errno;
	server->now = began = moment_now();
	/* for as long as nobody ran us, the reader may not have run either */
	if (began - slept > patience / 1000.0)
		server->busy += began - slept - patience / 1000.0;
	if (wait[2].revents)
		error = body_arrive(server);
	if (error)
		return error;
	if (wait[1].revents)
		server_accept(server);
	server->has_resumed = false;
	if (MHD_run(server->daemon) == MHD_NO)
		return -EIO;
	/*
	 * what they said meanwhile is looked at before they are late, and the time that we took
	 * isn't theirs
	 */
	server->now = moment_now();
	server->busy += server->now - began;
	client_excuse(server, server->now - began);
	client_cut_late(server);
	error = server->is_owed ? body_arrive(server) : 0;
	if (!error)
		error = body_wait(server);
	return error ? error : server->failed;
}

int server_run(struct server *server, struct diags *diags)
{
	const struct sigaction ends = { .sa_handler = server_end },
			       ignored = { .sa_handler = SIG_IGN };
	sigset_t blocked, unblocked;
	int error = 0;

	/* sendfile(2) knows no MSG_NOSIGNAL */
	sigaction(SIGPIPE, &ignored, NULL);
	sigaction(SIGTERM, &ends, NULL);
	sigaction(SIGINT, &ends, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	while (!server_ended && !error)
		error = server_turn(server, &unblocked);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	if (!error)
		return 0;
	if (error == -ETIMEDOUT)
		diag_system(diags, 0, "exporter",
			    "the process that reads the gates has not answered for %.0f seconds",
			    server->patience);
	else
		diag_system(diags, error == -EPIPE ? 0 : -error, "exporter",
			    error == -EPIPE ? "the process that reads the gates is gone" :
					      "cannot go on serving");
	diag_hint(diags, "start it again; systemd does so by itself");
	return error;
}
