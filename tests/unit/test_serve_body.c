// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exporter's documents: who gets which, who waits, and what is kept. Without a network:
 * descriptors that lead nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/crowd.h"

static const struct sockaddr nowhere;

/* Somebody who is asked, and clients. */
static int crowd_ask(struct crowd *crowd, size_t count)
{
	int sockets[2];

	memset(crowd, 0, sizeof(*crowd));
	for (size_t i = 0; i < count; i++)
		client_begin(&crowd->server, &crowd->clients[i], -1, &nowhere);
	assert_int_equal(ask_pair(sockets), 0);
	crowd->server.reader = sockets[0];
	crowd->server.patience = 60;
	return sockets[1];
}

/* The answer to the question that is there: so many bytes, none of which take any room. */
static void answers(struct crowd *crowd, int reader, enum ask_document document, size_t size)
{
	struct ask question;
	int fd = ask_begin();

	assert_int_equal(ask_next(reader, 0, &question), 1);
	assert_int_equal(question.document, document);
	assert_int_equal(ask_next(reader, 0, &question), 0);
	assert_true(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	assert_int_equal(ask_answer(reader, fd), 0);
	close(fd);
	assert_int_equal(body_arrive(&crowd->server), 0);
}

static size_t kept(const struct server *server)
{
	size_t size = 0;

	for (size_t i = 0; i < SERVER_BODIES_MOST; i++)
		size += server->bodies[i] ? server->bodies[i]->size : 0;
	return size;
}

static enum client_want wants(struct crowd *crowd, size_t number, enum ask_document document)
{
	client_waits(&crowd->server, &crowd->clients[number], CLIENT_ANSWERED);
	return body_want(&crowd->server, &crowd->clients[number], document);
}

/* Given to a client that doesn't take it, and old a moment later. */
static struct body *hold(struct crowd *crowd, int reader, size_t number, enum ask_document document,
			 size_t size)
{
	struct client *client = &crowd->clients[number];

	if (wants(crowd, number, document) == CLIENT_WANTS)
		answers(crowd, reader, document, size);
	assert_int_equal(client->want, CLIENT_SETTLED);
	crowd->server.now += SERVER_SHARED_SECONDS;
	return client->body;
}

static void documents_that_are_large(void **state)
{
	const size_t size = 20u << 20;
	static struct crowd crowd;
	int reader = crowd_ask(&crowd, 6);
	struct body *third;

	(void)state;
	assert_non_null(hold(&crowd, reader, 0, ASK_PROMETHEUS, size));
	assert_non_null(hold(&crowd, reader, 1, ASK_STATS, size));
	assert_int_equal(crowd_cut(&crowd), -1);
	/*
	 * the third is too much: the first goes, and is still there until the library has noticed
	 */
	third = hold(&crowd, reader, 2, ASK_PROMETHEUS, size);
	assert_non_null(third);
	assert_int_equal(crowd_cut(&crowd), 0);
	assert_int_equal(kept(&crowd.server), 3 * size);
	/* meanwhile there is no room: what there is, or nothing, and nobody is asked */
	assert_int_equal(wants(&crowd, 3, ASK_PROMETHEUS), CLIENT_SETTLED);
	assert_ptr_equal(crowd.clients[3].body, third);
	assert_int_equal(wants(&crowd, 4, ASK_HISTORY), CLIENT_SETTLED);
	assert_null(crowd.clients[4].body);
	assert_int_equal(crowd.server.failed, 0);
	assert_true(crowd.clients[1].is_cut);
	client_end(&crowd.server, &crowd.clients[0]);
	client_end(&crowd.server, &crowd.clients[1]);
	assert_int_equal(kept(&crowd.server), size);
	assert_non_null(hold(&crowd, reader, 4, ASK_PROMETHEUS, size));
	assert_false(crowd.clients[2].is_cut || crowd.clients[3].is_cut);
	for (int i = 2; i < 5; i++)
		client_end(&crowd.server, &crowd.clients[i]);
	/* one that is larger than all may be is made where it is the only one */
	body_forget(&crowd.server);
	assert_int_equal(kept(&crowd.server), 0);
	assert_non_null(hold(&crowd, reader, 5, ASK_STATS, SERVER_BODIES_SIZE_MOST + 1));
	client_end(&crowd.server, &crowd.clients[5]);
	body_forget(&crowd.server);
	assert_int_equal(kept(&crowd.server), 0);
	close(crowd.server.reader);
	close(reader);
}

/*
 * One question at a time, those first that have waited longest; who asks for the same while it is
 * young shares the answer.
 */
static void documents_in_their_turn(void **state)
{
	static struct crowd crowd;
	struct client *clients = crowd.clients;
	int reader = crowd_ask(&crowd, 5);

	(void)state;
	assert_int_equal(wants(&crowd, 0, ASK_STATS), CLIENT_WANTS);
	assert_int_equal(wants(&crowd, 1, ASK_STATUS), CLIENT_WANTS);
	assert_int_equal(wants(&crowd, 2, ASK_STATS), CLIENT_WANTS);
	assert_int_equal(wants(&crowd, 3, ASK_STATS), CLIENT_WANTS);
	/* long after the question */
	clients[3].wanted += 2 * SERVER_SHARED_SECONDS;
	answers(&crowd, reader, ASK_STATS, 5);
	assert_int_equal(clients[0].want, CLIENT_SETTLED);
	assert_non_null(clients[0].body);
	assert_ptr_equal(clients[2].body, clients[0].body);
	assert_int_equal(clients[1].want, CLIENT_WANTS);
	assert_int_equal(clients[3].want, CLIENT_WANTS);
	/* the same at once */
	assert_int_equal(wants(&crowd, 4, ASK_STATS), CLIENT_SETTLED);
	assert_ptr_equal(clients[4].body, clients[0].body);
	crowd.server.now = clients[3].wanted;
	answers(&crowd, reader, ASK_STATUS, 6);
	assert_int_equal(clients[1].body->size, 6);
	assert_int_equal(clients[1].body->document, ASK_STATUS);
	answers(&crowd, reader, ASK_STATS, 7);
	assert_int_equal(clients[3].body->size, 7);
	assert_false(crowd.server.is_owed);
	/* nobody asked: what comes isn't kept for who asks next */
	assert_int_equal(ask_answer(reader, -ENOMEM), 0);
	assert_int_equal(body_arrive(&crowd.server), -EPIPE);
	for (int i = 0; i < 5; i++)
		client_end(&crowd.server, &clients[i]);
	body_forget(&crowd.server);
	close(crowd.server.reader);
	close(reader);
}

/*
 * Of a reader that is stuck nobody gets anything; and what it says in the end isn't the answer to
 * what is asked then.
 */
static void documents_that_are_late(void **state)
{
	static struct crowd crowd;
	struct client *clients = crowd.clients;
	struct server *server = &crowd.server;
	int reader = crowd_ask(&crowd, 4);

	(void)state;
	assert_int_equal(wants(&crowd, 0, ASK_STATS), CLIENT_WANTS);
	server->now = clients[0].wanted + SERVER_READER_SECONDS - 0.1;
	assert_int_equal(body_wait(server), 0);
	assert_int_equal(clients[0].want, CLIENT_WANTS);
	server->now = clients[0].wanted + SERVER_READER_SECONDS;
	assert_int_equal(body_wait(server), 0);
	assert_int_equal(clients[0].want, CLIENT_SETTLED);
	assert_true(clients[0].is_late);
	assert_null(clients[0].body);
	/* the others wait for their own time, and one who is cut for none */
	server->asked -= SERVER_READER_SECONDS;
	assert_int_equal(wants(&crowd, 1, ASK_STATUS), CLIENT_WANTS);
	assert_int_equal(wants(&crowd, 2, ASK_STATS), CLIENT_WANTS);
	assert_int_equal(wants(&crowd, 3, ASK_HISTORY), CLIENT_WANTS);
	client_cut(server, &clients[3]);
	assert_int_equal(clients[3].want, CLIENT_SETTLED);
	assert_int_equal(body_wait(server), 0);
	assert_int_equal(clients[1].want, CLIENT_WANTS);
	/* it is for nobody, and not kept */
	answers(&crowd, reader, ASK_STATS, 5);
	assert_int_equal(kept(server), 0);
	assert_int_equal(clients[1].want, CLIENT_WANTS);
	assert_int_equal(clients[2].want, CLIENT_WANTS);
	answers(&crowd, reader, ASK_STATUS, 6);
	assert_int_equal(clients[1].body->size, 6);
	answers(&crowd, reader, ASK_STATS, 7);
	assert_int_equal(clients[2].body->size, 7);
	/* given up after a while, but not while nothing is owed */
	server->now += 100;
	assert_int_equal(body_wait(server), 0);
	assert_int_equal(wants(&crowd, 0, ASK_HISTORY), CLIENT_WANTS);
	server->now = server->asked + 59.9;
	assert_int_equal(body_wait(server), 0);
	server->now = server->asked + 60;
	assert_int_equal(body_wait(server), -ETIMEDOUT);
	/* at the end nobody is left waiting */
	assert_int_equal(wants(&crowd, 1, ASK_PROMETHEUS), CLIENT_WANTS);
	body_close(server);
	assert_int_equal(clients[1].want, CLIENT_SETTLED);
	assert_int_equal(wants(&crowd, 2, ASK_HISTORY), CLIENT_SETTLED);
	for (int i = 0; i < 4; i++)
		client_end(server, &clients[i]);
	body_forget(server);
	close(server->reader);
	close(reader);
}

/* In which nobody looked for the answer: of our own work (hashes), or nothing ran at all. */
static void time_that_is_not_the_readers(void **state)
{
	static struct crowd crowd;
	struct client *client = &crowd.clients[0];
	struct server *server = &crowd.server;
	int reader = crowd_ask(&crowd, 1);

	(void)state;
	server->now = server->busy = 500;
	assert_int_equal(wants(&crowd, 0, ASK_STATS), CLIENT_WANTS);
	server->now += 100;
	server->busy += 95;
	assert_int_equal(body_wait(server), 0);
	assert_int_equal(client->want, CLIENT_WANTS);
	server->now += SERVER_READER_SECONDS - 5;
	assert_int_equal(body_wait(server), 0);
	assert_true(client->want == CLIENT_SETTLED && client->is_late);
	server->now += 60 - SERVER_READER_SECONDS - 1;
	assert_int_equal(body_wait(server), 0);
	server->now += 1;
	assert_int_equal(body_wait(server), -ETIMEDOUT);
	client_end(server, client);
	body_forget(server);
	close(server->reader);
	close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_that_are_large),
		cmocka_unit_test(documents_in_their_turn),
		cmocka_unit_test(documents_that_are_late),
		cmocka_unit_test(time_that_is_not_the_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
