// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/datagrams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/bench/ends.h"

#define HOST "192.0.2.10"
#define PEER "192.0.2.1"
#define ECHO_PORT 5301
#define SINK_PORT 5302
#define QUESTIONS 2000u
#define SMALL 18u
#define SEGMENTS 64u /* UDP_MAX_SEGMENTS, Linux 6.1 */
#define FLOOD_NS 200000000u
#define FLOOD_CALLS 64u /* between two looks at the clock */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int datagrams_socket(const char *address, uint16_t port, bool is_bound)
{
	struct sockaddr_in end = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &end.sin_addr);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    (is_bound ? bind(fd, (struct sockaddr *)&end, sizeof(end)) :
			connect(fd, (struct sockaddr *)&end, sizeof(end))))
		ends_fail("make a UDP socket");
	return fd;
}

__attribute__((noreturn)) static void datagrams_answer(int fd, pid_t parent)
{
	struct sockaddr_in from;
	char bytes[64];

	ends_pin(0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
	for (;;) {
		socklen_t length = sizeof(from);
		ssize_t got =
			recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &length);

		if (got >= 0)
			(void)sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&from, length);
	}
}

void datagrams_open(const char *host, const char *peer, struct datagrams *datagrams)
{
	pid_t parent = getpid(), child;
	int echo, least = 1;
	int sink;

	ends_enter(host);
	echo = datagrams_socket(HOST, ECHO_PORT, true);
	datagrams->sender = datagrams_socket(PEER, SINK_PORT, false);
	ends_enter(peer);
	datagrams->client = datagrams_socket(HOST, ECHO_PORT, false);
	datagrams->reached = ends_open("snmp");
	sink = datagrams_socket(PEER, SINK_PORT, true);
	setsockopt(sink, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	child = fork();
	if (child < 0)
		ends_fail("start who answers");
	if (child == 0)
		datagrams_answer(echo, parent);
	close(echo);
}

static int datagrams_compare(const void *one, const void *two)
{
	const uint64_t *a = one, *b = two;

	return *a < *b ? -1 : *a > *b;
}

struct datagrams_times datagrams_ask(const struct datagrams *datagrams)
{
	static uint64_t times[QUESTIONS];
	uint64_t half, most;
	char bytes[SMALL] = "";

	for (unsigned int i = 0; i < QUESTIONS; i++) {
		uint64_t begin = ends_now();

		if (send(datagrams->client, bytes, sizeof(bytes), 0) < 0 ||
		    recv(datagrams->client, bytes, sizeof(bytes), 0) < 0)
			ends_fail("get an answer by UDP");
		times[i] = ends_now() - begin;
	}
	qsort(times, QUESTIONS, sizeof(*times), datagrams_compare);
	half = times[QUESTIONS / 2];
	most = times[QUESTIONS * 99 / 100];
	return (struct datagrams_times){ (double)half / 1e3, (double)most / 1e3 };
}

double datagrams_flood(const struct datagrams *datagrams, bool segmented)
{
	static const char bytes[SMALL * SEGMENTS];
	size_t length = segmented ? sizeof(bytes) : SMALL;
	int segment = segmented ? (int)SMALL : 0;
	uint64_t before, begin, worked, end;

	if (setsockopt(datagrams->sender, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)))
		ends_fail("set UDP_SEGMENT");
	before = ends_reached(datagrams->reached);
	end = ends_now() + FLOOD_NS;
	begin = ends_worked();
	do {
		for (unsigned int i = 0; i < FLOOD_CALLS; i++)
			if (send(datagrams->sender, bytes, length, 0) < 0 && errno != ENOBUFS)
				ends_fail("send by UDP");
	} while (ends_now() < end);
	worked = ends_worked() - begin;
	return (double)(ends_reached(datagrams->reached) - before) * 1e3 / (double)worked;
}
