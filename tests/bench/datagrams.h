/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP between a host behind a gate and its peer: tests/bench/goodput. */
#ifndef TESTS_BENCH_DATAGRAMS_H
#define TESTS_BENCH_DATAGRAMS_H

#include <stdbool.h>

/* Descriptors, each of a socket in its end's namespace; they live as long as the program. */
struct datagrams {
	int client;  /* the peer's, to the host's port 5301, which answers */
	int sender;  /* the host's, to the peer's port 5302, where nobody reads */
	int reached; /* the peer's counters: ends_reached() */
};

/* Opens them in these namespaces and starts a process that answers, which ends with the caller. */
void datagrams_open(const char *host, const char *peer, struct datagrams *datagrams);

/* Microseconds within which half of the answers, and 99 of 100, come. */
struct datagrams_times {
	double half, most;
};

/* Asks again and again, one question at a time. */
struct datagrams_times datagrams_ask(const struct datagrams *datagrams);

/*
 * Sends datagrams of 18 bytes (frames of 64, with the checksum that a real wire adds), one a call or, with
 * `segmented`, 64, which the kernel cuts apart (UDP_SEGMENT). Returns how many have reached the peer, millions a
 * second.
 */
double datagrams_flood(const struct datagrams *datagrams, bool segmented);

#endif
