// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a gate lets pass, asked again and again with real datagrams between two network namespaces, in
 * both directions, and what it let pass in between. A burst is a datagram to each port, the last to one
 * that always passes: the wire keeps their order, so what is not there when that one comes was dropped.
 *
 *	verdicts HOST-NETNS PEER-NETNS HOST4 PEER4 PORT...
 *
 * The first line on standard output is the cookie of HOST-NETNS. Bursts go on by themselves, some hundred a second, until standard input ends. A line there is
 * answered by one on standard output:
 *
 *	IN OUT ALWAYS-IN EVER-IN ALWAYS-OUT EVER-OUT BURSTS
 *
 * in words of `+` and `-`, a character a port in the order given: of a burst sent after the question;
 * what came of every burst, and of any, since the question before; and how many bursts those were.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS 16
#define PATIENCE_MS 1000  /* until the last datagram of a burst was dropped */
#define PAUSE_NS 1500000l /* between bursts */

/* One direction. */
struct way {
	int from[PORTS], to[PORTS]; /* connected; bound */
	uint32_t mask;              /* of the burst that is under way, a bit a port */
	uint32_t always, ever;
};

struct verdicts {
	struct way ways[2]; /* in, out */
	int count;
	uint64_t burst;
	unsigned long bursts; /* since the last question */
};

static void fail(const char *what)
{
	fprintf(stderr, "verdicts: %s: %s\n", what, strerror(errno));
	exit(1);
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

static struct sockaddr_in place(const char *address, const char *port)
{
	struct sockaddr_in place = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	};

	if (inet_pton(AF_INET, address, &place.sin_addr) != 1)
		fail(address);
	return place;
}

static int open_socket(const struct sockaddr_in *at, bool is_sender)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (is_sender ? connect(fd, (const struct sockaddr *)at, sizeof(*at)) :
				   bind(fd, (const struct sockaddr *)at, sizeof(*at))))
		fail("open a socket");
	return fd;
}

static void open_way(struct way *way, const char *from_netns, const char *to_netns,
		     const char *address, char **ports, int count)
{
	for (int i = 0; i < count; i++) {
		const struct sockaddr_in at = place(address, ports[i]);

		enter(to_netns);
		way->to[i] = open_socket(&at, false);
		enter(from_netns);
		way->from[i] = open_socket(&at, true);
	}
}

/* A datagram of a former burst came late: it came all the same. */
static void collect(struct verdicts *verdicts, struct way *way)
{
	uint64_t burst;

	for (int i = 0; i < verdicts->count; i++)
		while (recv(way->to[i], &burst, sizeof(burst), 0) == sizeof(burst)) {
			way->ever |= 1u << i;
			if (burst == verdicts->burst)
				way->mask |= 1u << i;
		}
}

static void send_burst(struct verdicts *verdicts, struct way *way)
{
	struct pollfd last = { .fd = way->to[verdicts->count - 1], .events = POLLIN };

	way->mask = 0;
	for (int i = 0; i < verdicts->count; i++)
		/* what its own egress drops is an error of a buffer */
		if (send(way->from[i], &verdicts->burst, sizeof(verdicts->burst), 0) < 0 &&
		    errno != ENOBUFS && errno != ECONNREFUSED)
			fail("send");
	while (!(way->mask & 1u << (verdicts->count - 1)) && poll(&last, 1, PATIENCE_MS) > 0)
		collect(verdicts, way);
	collect(verdicts, way);
	way->always &= way->mask;
}

static void run_burst(struct verdicts *verdicts)
{
	verdicts->burst++;
	verdicts->bursts++;
	for (int i = 0; i < 2; i++)
		send_burst(verdicts, &verdicts->ways[i]);
}

static void say(uint32_t mask, int count, char end)
{
	for (int i = 0; i < count; i++)
		putchar(mask & 1u << i ? '+' : '-');
	putchar(end);
}

static void answer(struct verdicts *verdicts)
{
	run_burst(verdicts);
	for (int i = 0; i < 2; i++)
		say(verdicts->ways[i].mask, verdicts->count, ' ');
	for (int i = 0; i < 2; i++) {
		say(verdicts->ways[i].always, verdicts->count, ' ');
		say(verdicts->ways[i].ever, verdicts->count, ' ');
		verdicts->ways[i].always = UINT32_MAX;
		verdicts->ways[i].ever = 0;
	}
	printf("%lu\n", verdicts->bursts);
	fflush(stdout);
	verdicts->bursts = 0;
}

/* The host's namespace as edgegate calls it. */
static void say_cookie(int fd)
{
	unsigned long long cookie;
	socklen_t size = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		fail("SO_NETNS_COOKIE");
	printf("%llu\n", cookie);
	fflush(stdout);
}

/* One CPU: on two, datagrams could overtake each other. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("stay on a CPU");
}

int main(int argc, char **argv)
{
	struct verdicts verdicts = { .count = argc - 5 };
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64];

	if (verdicts.count < 1 || verdicts.count > PORTS) {
		fprintf(stderr, "usage: verdicts HOST-NETNS PEER-NETNS HOST4 PEER4 PORT...\n");
		return 2;
	}
	stay_here();
	open_way(&verdicts.ways[0], argv[2], argv[1], argv[3], argv + 5, verdicts.count);
	open_way(&verdicts.ways[1], argv[1], argv[2], argv[4], argv + 5, verdicts.count);
	say_cookie(verdicts.ways[1].from[0]);
	for (;;) {
		const struct timespec pause = { .tv_nsec = PAUSE_NS };

		if (poll(&input, 1, 0) > 0) {
			if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
				return 0;
			answer(&verdicts);
		} else {
			run_burst(&verdicts);
		}
		nanosleep(&pause, NULL);
	}
}
