// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic that goes on for as long as nobody ends it (SIGTERM), with real sockets in two network
 * namespaces, and an account of every datagram: what is allowed has to arrive and its answer to come
 * back, what is forbidden must not arrive. Both are sent side by side, so many at a time that no queue
 * on the way can overflow: what doesn't come within PATIENCE was dropped.
 *
 *	traffic HOST-NETNS PEER-NETNS HOST4 PEER4 HOST6 PEER6
 *
 *	in   UDP over IPv4, peer -> host 5061, answered by the service; forbidden: to 9
 *	out  UDP over IPv6, host -> peer 3478, answered along its flow; forbidden: to 9
 *	tcp  over IPv4, host -> peer 5061, one connection, word by word
 *	kept UDP over IPv6, host -> peer 3479, one datagram at the beginning and its answer at the end:
 *	     nothing of the host keeps the flow alive meanwhile
 *
 * SIGUSR1: what is forbidden is no longer sent (somebody will let it pass for a while), and a line
 * "quiet" says when the last of it has been judged; SIGUSR2: it is again, and "loud" says so.
 *
 * Prints a line of JSON at the end. Exit status 0: all as it has to be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 32u       /* under way at a time; a veth's ring holds 256 */
#define PATIENCE_MS 5000 /* until what isn't there was dropped */
#define SERVICE_IN 5061
#define SERVICE_OUT 3478
#define SERVICE_KEPT 3479
#define CLOSED 9

/* One direction: a client, the service that it may reach, and the one that it may not. */
struct way {
	const char *name;
	int client, service;             /* their namespaces' sockets */
	int other_client, other_service; /* what they send, and must not get */
	uint64_t sent, returned, forbidden, leaked;
	uint64_t oldest;          /* that has not come back */
	uint64_t sent_at[WINDOW]; /* milliseconds; 0: it has */
};

/* The connection. */
struct talk {
	int client, server;
	uint64_t sent, returned, sent_at;
};

/* A flow of the host that nothing is sent on. */
struct kept {
	int client, service;
	struct sockaddr_in6 whose;
	unsigned int returned;
};

static volatile sig_atomic_t ended, wants_quiet;

static void on_signal(int number)
{
	if (number == SIGTERM)
		ended = 1;
	else
		wants_quiet = number == SIGUSR1;
}

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Sockets that are opened from now on are of this namespace. */
static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

static struct sockaddr_in6 place6(const char *address, uint16_t port)
{
	struct sockaddr_in6 place = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET6, address, &place.sin6_addr) != 1)
		fail(address);
	return place;
}

/* Sockets are of IPv6 throughout: an IPv4 address is written ::ffff:a.b.c.d. */
static struct sockaddr_in6 place(const char *address, uint16_t port)
{
	char mapped[INET6_ADDRSTRLEN + 8];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(address, ':') ? "" : "::ffff:", address);
	return place6(mapped, port);
}

static int open_socket(int type, const char *address, uint16_t port)
{
	struct sockaddr_in6 at = place(address, port);
	int one = 1, fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		fail("open a socket");
	return fd;
}

static void reach(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in6 to = place(address, port);

	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		fail("connect");
}

static void open_way(struct way *way, const char *client, const char *client_netns,
		     const char *service, const char *service_netns, uint16_t port)
{
	enter(service_netns);
	way->service = open_socket(SOCK_DGRAM, service, port);
	way->other_service = open_socket(SOCK_DGRAM, service, CLOSED);
	enter(client_netns);
	way->client = open_socket(SOCK_DGRAM, client, 0);
	way->other_client = open_socket(SOCK_DGRAM, client, 0);
	reach(way->client, service, port);
	reach(way->other_client, service, CLOSED);
}

/* The service's side: whatever comes goes back to whom it came from. */
static void answer(const struct way *way)
{
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	uint64_t number;

	while (recvfrom(way->service, &number, sizeof(number), 0, (struct sockaddr *)&from,
			&length) == sizeof(number))
		/* what its own egress drops is an error of a buffer: it is missed soon enough */
		if (sendto(way->service, &number, sizeof(number), 0, (const struct sockaddr *)&from,
			   length) < 0 &&
		    errno != ENOBUFS)
			fail("answer");
}

static void collect(struct way *way)
{
	uint64_t number;

	while (recv(way->client, &number, sizeof(number), 0) == sizeof(number)) {
		if (number < way->oldest || number >= way->sent || !way->sent_at[number % WINDOW]) {
			fprintf(stderr, "traffic: %s: answer %llu came twice\n", way->name,
				(unsigned long long)number);
			exit(1);
		}
		way->sent_at[number % WINDOW] = 0;
		way->returned++;
		while (way->oldest < way->sent && !way->sent_at[way->oldest % WINDOW])
			way->oldest++;
	}
	while (recv(way->other_service, &number, sizeof(number), 0) == sizeof(number))
		way->leaked++;
}

static void send_more(struct way *way, bool is_quiet)
{
	uint64_t number = way->sent;

	if (way->sent - way->oldest >= WINDOW / 2)
		return;
	way->sent_at[number % WINDOW] = now_ms();
	way->sent++;
	if (send(way->client, &number, sizeof(number), 0) < 0 && errno != ENOBUFS)
		fail("send");
	if (is_quiet)
		return;
	way->forbidden++;
	if (send(way->other_client, &number, sizeof(number), 0) < 0 && errno != ENOBUFS)
		fail("send what is forbidden");
}

/* The connection: a word there, a word back. */
static void talk_on(struct talk *talk, bool more)
{
	uint64_t number;

	if (recv(talk->server, &number, sizeof(number), 0) == sizeof(number) &&
	    send(talk->server, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number))
		fail("answer by TCP");
	if (recv(talk->client, &number, sizeof(number), 0) == sizeof(number))
		talk->returned++;
	if (!more || talk->returned != talk->sent)
		return;
	number = talk->sent++;
	talk->sent_at = now_ms();
	if (send(talk->client, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number))
		fail("send by TCP");
}

static void open_talk(struct talk *talk, char **argv)
{
	struct pollfd wait = { .events = POLLIN };
	int listener, one = 1;

	enter(argv[2]);
	listener = open_socket(SOCK_STREAM, argv[4], SERVICE_IN);
	if (listen(listener, 1))
		fail("listen");
	enter(argv[1]);
	talk->client = open_socket(SOCK_STREAM, argv[3], 0);
	setsockopt(talk->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	reach(talk->client, argv[4], SERVICE_IN);
	wait.fd = listener;
	if (poll(&wait, 1, PATIENCE_MS) != 1)
		fail("no connection");
	talk->server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (talk->server < 0)
		fail("accept");
	setsockopt(talk->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
}

static void open_kept(struct kept *kept, char **argv)
{
	struct pollfd wait = { .events = POLLIN };
	socklen_t length = sizeof(kept->whose);
	uint64_t number = 0;

	enter(argv[2]);
	kept->service = open_socket(SOCK_DGRAM, argv[6], SERVICE_KEPT);
	enter(argv[1]);
	kept->client = open_socket(SOCK_DGRAM, argv[5], 0);
	reach(kept->client, argv[6], SERVICE_KEPT);
	wait.fd = kept->service;
	if (send(kept->client, &number, sizeof(number), 0) != sizeof(number) ||
	    poll(&wait, 1, PATIENCE_MS) != 1 ||
	    recvfrom(kept->service, &number, sizeof(number), 0, (struct sockaddr *)&kept->whose,
		     &length) != sizeof(number))
		fail("no flow to be kept");
}

static void answer_kept(struct kept *kept)
{
	struct pollfd wait = { .fd = kept->client, .events = POLLIN };
	uint64_t number = 0;

	if (sendto(kept->service, &number, sizeof(number), 0, (const struct sockaddr *)&kept->whose,
		   sizeof(kept->whose)) != sizeof(number))
		fail("answer at last");
	if (poll(&wait, 1, PATIENCE_MS) == 1)
		kept->returned++;
}

static uint32_t retransmitted(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		fail("TCP_INFO");
	return info.tcpi_total_retrans;
}

/* False: something that has to come has not come for too long. */
static bool is_patient(const struct way *ways, const struct talk *talk)
{
	uint64_t now = now_ms();

	for (int i = 0; i < 2; i++) {
		uint64_t since = ways[i].sent_at[ways[i].oldest % WINDOW];

		if (ways[i].oldest < ways[i].sent && now - since > PATIENCE_MS)
			return false;
	}
	return talk->returned == talk->sent || now - talk->sent_at <= PATIENCE_MS;
}

static bool is_done(const struct way *ways, const struct talk *talk)
{
	return ways[0].oldest == ways[0].sent && ways[1].oldest == ways[1].sent &&
	       talk->returned == talk->sent;
}

/* What was sent before the last thing that came back has been judged: both go the same way, in turn. */
static void hear(const struct way *ways, const uint64_t heard[2], bool *is_quiet, bool *is_said)
{
	bool quiet = wants_quiet;

	if (*is_quiet == quiet && !*is_said &&
	    (!quiet || (ways[0].oldest > heard[0] && ways[1].oldest > heard[1]))) {
		printf("%s\n", quiet ? "quiet" : "loud");
		fflush(stdout);
		*is_said = true;
	}
	if (*is_quiet != quiet)
		*is_said = false;
	*is_quiet = quiet;
}

static void run(struct way *ways, struct talk *talk)
{
	bool is_quiet = false, is_said = true;
	uint64_t heard[2] = { 0 };

	while (is_patient(ways, talk) && !(ended && is_done(ways, talk))) {
		const struct timespec tick = { .tv_nsec = 500000 };

		for (int i = 0; i < 2; i++) {
			if (!ended)
				send_more(&ways[i], is_quiet);
			if (!is_quiet)
				heard[i] = ways[i].sent;
			answer(&ways[i]);
			collect(&ways[i]);
		}
		hear(ways, heard, &is_quiet, &is_said);
		talk_on(talk, !ended);
		nanosleep(&tick, NULL);
	}
	for (int i = 0; i < 2; i++)
		collect(&ways[i]);
}

int main(int argc, char **argv)
{
	struct way ways[2] = { { .name = "in" }, { .name = "out" } };
	struct talk talk = { 0 };
	struct kept kept = { 0 };
	uint32_t again;
	bool good;

	if (argc != 7) {
		fprintf(stderr, "usage: traffic HOST-NETNS PEER-NETNS HOST4 PEER4 HOST6 PEER6\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	open_way(&ways[0], argv[4], argv[2], argv[3], argv[1], SERVICE_IN);
	open_way(&ways[1], argv[5], argv[1], argv[6], argv[2], SERVICE_OUT);
	open_talk(&talk, argv);
	open_kept(&kept, argv);
	printf("loud\n");
	fflush(stdout);
	run(ways, &talk);
	answer_kept(&kept);
	again = retransmitted(talk.client) + retransmitted(talk.server);
	good = is_done(ways, &talk) && !ways[0].leaked && !ways[1].leaked && kept.returned;
	printf("{");
	for (int i = 0; i < 2; i++)
		printf("\"%s\":{\"sent\":%llu,\"returned\":%llu,\"forbidden\":%llu,\"leaked\":%llu},",
		       ways[i].name, (unsigned long long)ways[i].sent,
		       (unsigned long long)ways[i].returned, (unsigned long long)ways[i].forbidden,
		       (unsigned long long)ways[i].leaked);
	printf("\"tcp\":{\"sent\":%llu,\"returned\":%llu,\"retransmitted\":%u},\"kept\":%u}\n",
	       (unsigned long long)talk.sent, (unsigned long long)talk.returned, again,
	       kept.returned);
	return good ? 0 : 1;
}
