/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose packets are the host's: spec section 4, `replay --host`. Packets from the host are `out` (ARP by
 * its sender address, and UDP from 0.0.0.0 to port 67: who asks for an address has none), all others
 * `in`, also one from and to the host.
 */
#ifndef USER_PACKET_HOST_H
#define USER_PACKET_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

/* An address block; IPv4 in the first four bytes. Network order. */
struct host_prefix {
	int family;        /* 4 or 6 */
	unsigned int bits; /* 0-32 or 0-128 */
	uint8_t address[16];
};

/* The host's addresses. Zero-initialised is nobody's. */
struct host {
	struct host_prefix *list; /* grown by array_add() */
	size_t count;
};
void host_free(struct host *host);

/* 0 or -ENOMEM. */
int host_add(struct host *host, const struct host_prefix *prefix);

/* Of an Ethernet frame of which `captured` bytes are there. */
enum direction host_direction(const struct host *host, const uint8_t *frame, uint32_t captured);

/*
 * A guess, where nobody says: of each address family the address that takes part in most packets, for a
 * capture taken on a host holds its own. Of two that take part in as many, the one that was first sent
 * to: edges are servers. Multicast is nobody's; link-local addresses count where there is no other.
 */
struct host_guess;
struct host_guess *host_guess_new(void); /* NULL: no memory */
void host_guess_add(struct host_guess *guess, const uint8_t *frame, uint32_t captured);
/* Adds what it came to: 0 to 2 addresses. 0 or -ENOMEM. */
int host_guess_end(const struct host_guess *guess, struct host *host);
void host_guess_free(struct host_guess *guess); /* NULL is fine */

#endif
