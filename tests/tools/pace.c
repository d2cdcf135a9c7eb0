// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams at an even pace, for who wants to see a rate shown: so many a second until somebody ends it (SIGTERM).
 *
 *	pace FROM TO PORT RATE
 *
 * FROM and TO are addresses of IPv4; each datagram carries PAYLOAD bytes, its frame has 142. Prints how many were
 * sent, and in how many seconds, as a line of JSON. What the kernel refuses to send counts as not sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PAYLOAD 100 /* bytes */
#define NANOSECONDS 1000000000ull

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int open_to(const char *from, const char *to, int port)
{
	struct sockaddr_in local = { .sin_family = AF_INET }, remote = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	remote.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, from, &local.sin_addr) != 1 ||
	    inet_pton(AF_INET, to, &remote.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) ||
	    connect(fd, (struct sockaddr *)&remote, sizeof(remote)))
		return -1;
	return fd;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = end };
	const unsigned long rate = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
	const int fd = rate ? open_to(argv[1], argv[2], atoi(argv[3])) : -1;
	const char payload[PAYLOAD] = { 0 };
	const uint64_t begun = now();
	uint64_t sent = 0, next = 0;

	if (fd < 0) {
		fprintf(stderr, "pace: FROM TO PORT RATE: %s\n", strerror(rate ? errno : EINVAL));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!ended) {
		const uint64_t due = begun + next++ * NANOSECONDS / rate;
		const struct timespec when = { (time_t)(due / NANOSECONDS),
					       (long)(due % NANOSECONDS) };

		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) || ended)
			continue;
		/* what came back refused (ICMP) is told by the next send, which then sends nothing: once more */
		for (int attempt = 0; attempt < 2; attempt++) {
			if (send(fd, payload, sizeof(payload), 0) < 0)
				continue;
			sent++;
			break;
		}
	}
	printf("{\"sent\":%llu,\"seconds\":%.3f}\n", (unsigned long long)sent,
	       (double)(now() - begun) / (double)NANOSECONDS);
	return 0;
}
