// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the exporter's connections give way. Without a network: descriptors that lead nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "tests/lib/crowd.h"

#define HALF (SERVER_CONNECTIONS / 2)

/* 192.0.2.1, 192.0.2.2, and so on */
static const struct sockaddr *peer(unsigned int number)
{
	static struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(0xc0000200 + number);
	return (const struct sockaddr *)&address;
}

/* Connections of one address, one a second; the first `answered` of them have asked. */
static void crowd_begin(struct crowd *crowd, size_t count, size_t answered)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->server.now = 1;
	for (size_t i = 0; i < count; i++) {
		crowd->server.now++;
		client_begin(&crowd->server, &crowd->clients[i], -1, peer(1));
		if (i < answered)
			client_waits(&crowd->server, &crowd->clients[i], CLIENT_ANSWERED);
	}
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

/* One more of an address, a second later. */
static void crowd_add(struct crowd *crowd, const struct sockaddr *from, enum client_state state)
{
	struct server *server = &crowd->server;
	struct client *client = &crowd->clients[server->connections];

	server->now++;
	client_begin(server, client, -1, from);
	client_waits(server, client, state);
}

static const struct sockaddr *six(const char *text)
{
	static struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
	return (const struct sockaddr *)&address;
}

/* Of the address that has most: its own oldest, whoever else has waited for longer. */
static void whose_gives_way(void **state)
{
	static struct crowd crowd;

	(void)state;
	crowd_begin(&crowd, 0, 0);
	crowd_add(&crowd, peer(1), CLIENT_ASKING);
	crowd_add(&crowd, peer(1), CLIENT_ANSWERED);
	for (int i = 2; i < (int)CROWD - 1; i++)
		crowd_add(&crowd, peer(2), CLIENT_ASKING);
	crowd_add(&crowd, peer(3), CLIENT_ASKING);
	client_make_room(&crowd.server, SERVER_CONNECTIONS);
	assert_int_equal(crowd_cut(&crowd), 2);
	/* that is no reason for another; and the next one's isn't, either */
	client_make_room(&crowd.server, SERVER_CONNECTIONS);
	assert_int_equal(crowd_cut(&crowd), 2);
	/*
	 * half an address of IPv6 is one peer; its answers aren't taken, and still the others don't
	 * give way
	 */
	crowd_begin(&crowd, 0, 0);
	for (int i = 0; i < 40; i++)
		crowd_add(&crowd, peer(1), CLIENT_ASKING);
	for (int i = 40; i < 80; i++)
		crowd_add(&crowd, six(i % 2 ? "2001:db8::1" : "2001:db8::2"), CLIENT_ANSWERED);
	client_make_room(&crowd.server, 79);
	assert_int_equal(crowd_cut(&crowd), 0);
	crowd_begin(&crowd, 0, 0);
	for (int i = 0; i < 40; i++)
		crowd_add(&crowd, peer(1), CLIENT_ASKING);
	for (int i = 40; i < 81; i++)
		crowd_add(&crowd, six(i % 2 ? "2001:db8::1" : "2001:db8::2"), CLIENT_ANSWERED);
	client_make_room(&crowd.server, 80);
	assert_int_equal(crowd_cut(&crowd), 40);
	/* it has two, the other one's is being answered: the newcomer isn't the one that goes */
	crowd_begin(&crowd, 0, 0);
	crowd_add(&crowd, peer(1), CLIENT_ASKING);
	crowd_add(&crowd, peer(2), CLIENT_ANSWERED);
	crowd_add(&crowd, peer(2), CLIENT_ASKING);
	client_make_room(&crowd.server, 2);
	assert_int_equal(crowd_cut(&crowd), 1);
	/* places are given back */
	for (int i = 0; i < 3; i++)
		client_end(&crowd.server, &crowd.clients[i]);
	for (size_t i = 0; i < SERVER_CONNECTIONS_MOST; i++)
		assert_int_equal(crowd.server.peers[i].holders, 0);
}

/*
 * Each has as long as what it waits for may take; who has been answered is closed in the end, and
 * counted nowhere.
 */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gives_way),
		cmocka_unit_test(whose_gives_way),
		cmocka_unit_test(who_is_late),
		cmocka_unit_test(who_is_excused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
