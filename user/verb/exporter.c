// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/serve/leash.h"
#include "user/serve/ready.h"
#include "user/serve/server.h"
#include "user/serve/tls.h"
#include "user/verb/common.h"
#include "user/verb/exporter_options.h"
#include "user/verb/exporter_reader.h"
#include "user/verb/exporter_textfile.h"

/* Secrets, read while we may. Owned. */
struct exporter_secrets {
	struct tls_pair tls;
	struct auth auth;
};

static void exporter_forget(struct exporter_secrets *secrets)
{
	tls_free(&secrets->tls);
	auth_free(&secrets->auth);
}

static int exporter_read(const struct exporter_options *options, const struct drop_user *user,
			 struct exporter_secrets *secrets, struct diags *diags)
{
	int error = options->key ? tls_read(options->certificate, options->key, user, time(NULL),
					    &secrets->tls, diags) :
				   0;

	if (!error && options->auth)
		error = auth_read(options->auth_file, options->auth, user, &secrets->auth, diags);
	return error;
}

static void exporter_warn(const struct exporter_options *options, struct diags *diags)
{
	if (listen_is_local(&options->place) || (options->key && options->auth))
		return;
	diag_warning(diags, NULL, "exporter", "others than this machine can reach %s%s%s",
		     options->listen, options->auth ? "" : ", and read without saying who they are",
		     options->key  ? "" :
		     options->auth ? ", and passwords cross the network in clear" :
				     "");
	diag_hint(diags, "--tls-cert, --tls-key and --auth-basic or --auth-bearer; and let the "
			 "policy say who may reach it");
}

/*
 * The first word of the process that reads gates: it has given up what it may, and has looked once.
 * 0 or negative errno.
 */
static int exporter_await(int reader)
{
	const struct ask question = { .document = ASK_HISTORY };
	size_t size;
	int document = ask(reader, &question, &size);

	/* one that could not be made is an answer, too */
	if (document < 0)
		return document == -ENODATA ? 0 : document;
	close(document);
	return 0;
}

/*
 * Where it can be asked, with what and by whom; whether that could be printed is no reason not to
 * serve.
 */
static void exporter_say(const struct exporter_options *options, int ready)
{
	char place[LISTEN_TEXT_SIZE], said[256];

	listen_text(&options->place, place);
	snprintf(said, sizeof(said), "serving %s://%s/ as user %s, %s%s",
		 options->key ? "https" : "http", place, options->user,
		 options->key ? "with TLS, " : "without TLS, ",
		 options->auth == AUTH_BASIC  ? "to who has a password" :
		 options->auth == AUTH_BEARER ? "to who has a token" :
						"to everybody who reaches it");
	(void)dprintf(STDOUT_FILENO, "%s\n", said);
	ready_say(ready, said);
}

/* Without privileges. What is to be said is said before, not after, it has served. */
static int exporter_go(const struct exporter_options *options, struct server *server, int reader,
		       int ready, struct diags *diags)
{
	int error = exporter_await(reader);

	if (error) {
		diag_system(diags, error == -EPIPE ? 0 : -error, "exporter",
			    "the process that reads the gates did not start");
		diag_hint(diags, "what it says stands above; it needs to be started as root");
		return error;
	}
	common_end(diags);
	exporter_say(options, ready);
	return server_run(server, diags);
}

/*
 * This machine's name, where a stranger's page could otherwise ask under a name of its own: at an
 * address that only this machine reaches, and where nobody has to say who they are. With users or
 * tokens such a page has none, with TLS no certificate.
 */
static const char *exporter_own_name(const struct exporter_options *options,
				     char name[static HOST_NAME_MAX + 1])
{
	if (!listen_is_local(&options->place) || options->auth || options->key)
		return NULL;
	if (gethostname(name, HOST_NAME_MAX + 1))
		*name = '\0';
	name[HOST_NAME_MAX] = '\0';
	return name;
}

/* Everything that needs a right is done here; what is served afterwards needs none. */
static int exporter_serve(const struct exporter_options *options, const struct drop_user *user,
			  int reader, struct diags *diags)
{
	cleanup(exporter_forget) struct exporter_secrets secrets = { 0 };
	struct server_wish wish = { .listener = -1, .reader = reader, .auth = &secrets.auth };
	char name[HOST_NAME_MAX + 1];
	struct server *server = NULL;
	autoclose int ready = -1;
	int error = exporter_read(options, user, &secrets, diags);

	if (!error)
		wish.listener = listen_open(options->listen, &options->place, diags);
	if (error || wish.listener < 0) {
		close(reader);
		return error ? error : wish.listener;
	}
	wish.certificate = secrets.tls.certificate;
	wish.key = secrets.tls.key;
	wish.own_name = exporter_own_name(options, name);
	server = server_open(&wish, diags);
	if (!server)
		return -EINVAL;
	exporter_warn(options, diags);
	ready = ready_open();
	error = drop_all(DROP_SERVER, user, NULL, diags);
	if (!error)
		error = exporter_go(options, server, reader, ready, diags);
	server_close(server);
	return error;
}

/* The process that reads the gates. Its exit status. */
static int exporter_led(int leash, int socket, const struct drop_user *user, struct diags *diags)
{
	const int error = leash_take(leash);

	/* the other one has ended in the meantime: there is nothing to say */
	if (error == -EPIPE)
		return 1;
	if (error) {
		diag_system(diags, -error, "exporter",
			    "cannot make sure that both processes end together");
		return common_end(diags);
	}
	return exporter_reader(socket, user);
}

static int exporter_run(int argc, char **argv, const struct invocation *invocation)
{
	struct exporter_options options;
	struct diags diags = { 0 };
	struct drop_user user;
	int sockets[2], leash[2], status;
	int error = exporter_options_read(&verb_exporter, argc, argv, &options, &diags);
	pid_t reader;

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (drop_inherited(&diags) || pins_check("exporter", &diags))
		return common_end(&diags);
	/* whoever read what we say may be gone: no reason to be gone, too */
	signal(SIGPIPE, SIG_IGN);
	if (options.textfile)
		return exporter_textfile(options.textfile, options.interval);
	if (drop_find_user(options.user, &user, &diags))
		return common_end(&diags);
	error = ask_pair(sockets);
	if (!error)
		error = leash_make(leash);
	if (error) {
		diag_system(&diags, -error, "exporter", "cannot make a pair of sockets");
		return common_end(&diags);
	}
	/* before there are secrets: the one that reads gates never has them */
	reader = fork();
	if (reader < 0) {
		diag_system(&diags, errno, "exporter", "cannot make a second process");
		return common_end(&diags);
	}
	close(sockets[reader == 0 ? 0 : 1]);
	close(leash[reader == 0 ? 1 : 0]);
	if (reader == 0)
		return exporter_led(leash[0], sockets[1], &user, &diags);
	error = exporter_serve(&options, &user, sockets[0], &diags);
	status = common_end(&diags);
	/* the socket is closed: it ends by itself, unless it is stuck */
	leash_end(leash[1], reader);
	return error && !status ? 1 : status;
}

const struct verb verb_exporter = {
	.name = "exporter",
	.summary = "counters for monitoring: serves Prometheus metrics, or writes them to a file",
	.help = "Usage: edgegate exporter [--listen ADDRESS:PORT] [--tls-cert FILE --tls-key FILE]\n"
		"                         [--auth-basic FILE | --auth-bearer FILE] [--user NAME]\n"
		"       edgegate exporter --textfile FILE [--interval SECONDS]\n"
		"\n"
		"Serves what the gates of this machine count, at /metrics for Prometheus (docs/metrics.md), at\n"
		"/api/v1/ as JSON, and at / as a page. Gates may come and go. It opens what it needs as root, and\n"
		"then gives up all rights that it can do without (docs/exporter.md). At a loopback address, without\n"
		"users, tokens and TLS, it is to be asked by address, as localhost or by this machine's name.\n"
		"\n"
		"      --listen ADDRESS:PORT   default 127.0.0.1:9979; IPv6: [::1]:9979; localhost is 127.0.0.1\n"
		"      --tls-cert FILE         certificate with its chain, PEM; then it speaks TLS alone\n"
		"      --tls-key FILE          its key, PEM, which nobody else may read, nor --user\n"
		"      --auth-basic FILE       who may ask: lines NAME:HASH, hashes as openssl passwd -6 makes them\n"
		"      --auth-bearer FILE      who may ask: a token a line, as openssl rand -hex 32 makes them\n"
		"      --user NAME             who it becomes; default nobody\n"
		"      --textfile FILE         writes the metrics into a file instead, for node_exporter; a device, folder or\n"
		"                              symbolic link that is there when it looks, right before, isn't replaced\n"
		"      --interval SECONDS      ... again and again\n"
		"  -h, --help                  this page\n",
	.run = exporter_run,
};
