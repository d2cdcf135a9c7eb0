// SPDX-License-Identifier: GPL-2.0-only
/* Which of the exporter's connections give way, and which documents. Without a network: descriptors that lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/serve/server_client.h"

#define CROWD (SERVER_CONNECTIONS + 1)
#define HALF (SERVER_CONNECTIONS / 2)

struct crowd {
	struct server server;
	struct client clients[CROWD];
};

/* Connections, one a second; the first `answered` of them have asked. */
static void crowd_begin(struct crowd *crowd, size_t count, size_t answered)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->server.now = 1;
	for (size_t i = 0; i < count; i++) {
		crowd->server.now++;
		client_begin(&crowd->server, &crowd->clients[i], -1);
		if (i < answered)
			client_waits(&crowd->server, &crowd->clients[i], CLIENT_ANSWERED);
	}
}

/* The only one that was cut; -1: none. */
static int crowd_cut(const struct crowd *crowd)
{
	int found = -1;

	for (int i = 0; i < (int)CROWD; i++) {
		if (!crowd->clients[i].is_cut)
			continue;
		assert_int_equal(found, -1);
		found = i;
	}
	return found;
}

static void who_gives_way(void **state)
{
	static const struct {
		size_t count, answered;
		int gives_way;
	} cases[] = {
		{ CROWD, 0, 0 },
		{ CROWD, 1, 1 },
		/* up to half of them may be answered; from then on these give way */
		{ CROWD, HALF, HALF },
		{ CROWD, HALF + 1, 0 },
		/* and not the one that has just come, though nobody else waits for a request */
		{ CROWD, CROWD - 1, 0 },
		{ SERVER_CONNECTIONS, 0, -1 },
		{ SERVER_CONNECTIONS, SERVER_CONNECTIONS, -1 },
	};
	static struct crowd crowd;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		crowd_begin(&crowd, cases[i].count, cases[i].answered);
		client_make_room(&crowd.server, SERVER_CONNECTIONS);
		if (crowd_cut(&crowd) != cases[i].gives_way)
			fail_msg("of %zu, %zu of them answered: %d", cases[i].count,
				 cases[i].answered, crowd_cut(&crowd));
		/* the library hasn't closed it yet: it is no reason to cut another */
		client_make_room(&crowd.server, SERVER_CONNECTIONS);
		assert_int_equal(crowd_cut(&crowd), cases[i].gives_way);
		assert_int_equal(crowd.server.counts.cut, cases[i].gives_way >= 0);
	}
}

/* Each has as long as what it waits for may take; who has been answered is closed in the end, and counted nowhere. */
static void who_is_late(void **state)
{
	static struct crowd crowd;
	struct server *server = &crowd.server;

	(void)state;
	crowd_begin(&crowd, 3, 0);
	server->now = 100;
	client_waits(server, &crowd.clients[0], CLIENT_ASKING);
	client_waits(server, &crowd.clients[1], CLIENT_ANSWERED);
	client_waits(server, &crowd.clients[2], CLIENT_IDLE);
	server->now = 100 + SERVER_REQUEST_SECONDS - 0.1;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), -1);
	server->now = 100 + SERVER_REQUEST_SECONDS;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), 0);
	client_end(server, &crowd.clients[0]);
	crowd.clients[0].is_cut = false;
	server->now = 100 + SERVER_ANSWER_SECONDS;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), 1);
	client_end(server, &crowd.clients[1]);
	crowd.clients[1].is_cut = false;
	/* Prometheus' usual minute */
	server->now = 100 + 61;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), -1);
	assert_int_equal(server->counts.cut, 2);
	server->now = 100 + SERVER_IDLE_SECONDS;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), 2);
	client_cut_late(server);
	assert_int_equal(server->counts.cut, 2);
	assert_int_equal(server->connections, 1);
}

/* Our own slowness is nobody's fault. */
static void who_is_excused(void **state)
{
	static struct crowd crowd;
	struct server *server = &crowd.server;

	(void)state;
	crowd_begin(&crowd, 2, 0);
	server->now = 100;
	client_waits(server, &crowd.clients[0], CLIENT_ASKING);
	/* busy from 105 to 145; the second one came at 120 */
	server->now = 120;
	client_waits(server, &crowd.clients[1], CLIENT_ASKING);
	server->now = 145;
	client_excuse(server, 40);
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), -1);
	server->now = 145 + 5;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), 0);
	client_end(server, &crowd.clients[0]);
	crowd.clients[0].is_cut = false;
	server->now = 145 + 9.9;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), -1);
	server->now = 145 + 10;
	client_cut_late(server);
	assert_int_equal(crowd_cut(&crowd), 1);
}

/* ---- documents ---------------------------------------------------------------------------------------- */

/* The answer to a question that is about to be asked: so many bytes, none of which take any room. */
static void will_answer(int reader, size_t size)
{
	int document = ask_begin();

	assert_true(document >= 0 && ftruncate(document, (off_t)size) == 0);
	assert_int_equal(ask_answer(reader, document), 0);
	close(document);
}

static size_t kept(const struct server *server)
{
	size_t size = 0;

	for (size_t i = 0; i < SERVER_BODIES_MOST; i++)
		size += server->bodies[i] ? server->bodies[i]->size : 0;
	return size;
}

/* Given to a client that doesn't take it, and old a moment later. */
static struct body *hold(struct crowd *crowd, size_t number, enum ask_document document)
{
	struct body *body = body_get(&crowd->server, document, "text/plain");

	if (body) {
		client_waits(&crowd->server, &crowd->clients[number], CLIENT_ANSWERED);
		body_give(&crowd->server, &crowd->clients[number], body);
		body->made -= SERVER_SHARED_SECONDS;
	}
	return body;
}

static void documents_that_are_large(void **state)
{
	const size_t size = 20u << 20;
	static struct crowd crowd;
	struct body *third;
	int sockets[2];

	(void)state;
	crowd_begin(&crowd, 6, 0);
	assert_int_equal(ask_pair(sockets), 0);
	crowd.server.reader = sockets[0];
	for (int i = 0; i < 3; i++)
		will_answer(sockets[1], size);
	assert_non_null(hold(&crowd, 0, ASK_PROMETHEUS));
	assert_non_null(hold(&crowd, 1, ASK_STATS));
	assert_int_equal(crowd_cut(&crowd), -1);
	/* the third is too much: the first goes, and is still there until the library has noticed */
	third = hold(&crowd, 2, ASK_PROMETHEUS);
	assert_non_null(third);
	assert_int_equal(crowd_cut(&crowd), 0);
	assert_int_equal(kept(&crowd.server), 3 * size);
	/* meanwhile there is no room: what there is, or nothing. Nobody asks for it: there is no answer */
	assert_ptr_equal(hold(&crowd, 3, ASK_PROMETHEUS), third);
	assert_null(hold(&crowd, 4, ASK_HISTORY));
	assert_int_equal(crowd.server.failed, 0);
	assert_true(crowd.clients[1].is_cut);
	client_end(&crowd.server, &crowd.clients[0]);
	client_end(&crowd.server, &crowd.clients[1]);
	assert_int_equal(kept(&crowd.server), size);
	will_answer(sockets[1], size);
	assert_non_null(hold(&crowd, 4, ASK_PROMETHEUS));
	assert_false(crowd.clients[2].is_cut || crowd.clients[3].is_cut);
	for (int i = 2; i < 6; i++)
		client_end(&crowd.server, &crowd.clients[i]);
	/* one that is larger than all may be is made where it is the only one */
	will_answer(sockets[1], SERVER_BODIES_SIZE_MOST + 1);
	body_forget(&crowd.server);
	assert_int_equal(kept(&crowd.server), 0);
	assert_non_null(body_get(&crowd.server, ASK_STATS, "text/plain"));
	body_forget(&crowd.server);
	assert_int_equal(kept(&crowd.server), 0);
	close(sockets[0]);
	close(sockets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gives_way),
		cmocka_unit_test(who_is_late),
		cmocka_unit_test(who_is_excused),
		cmocka_unit_test(documents_that_are_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
