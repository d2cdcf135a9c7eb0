/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conversations that this network namespace's own sockets are in: established TCP connections, and
 * UDP between two ends that are fixed (connected sockets). What is forwarded has no socket here.
 */
#ifndef USER_HOST_CONVERSATIONS_H
#define USER_HOST_CONVERSATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

/*
 * Local is this machine's end; of one that only a gate's flow tells of, the protected one, which may be a
 * machine's behind this one. Addresses in network order, IPv4 in the first four bytes, the
 * others 0.
 */
struct conversation {
	uint8_t family;                   /* 4 or 6; IPv6 sockets that speak IPv4 count as 4 */
	uint8_t protocol;                 /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t local_port, remote_port; /* host order */
	uint8_t local[16], remote[16];
	uint32_t bound; /* index of the interface that the socket is bound to; 0: none */
	uint32_t mark;  /* of the socket, for routing */
	uint32_t inode; /* of the socket; 0: not known */
	/* which of the interfaces that were asked for it goes over, from 0; -1: none of them */
	int interface;
	unsigned int claim; /* which of the claims it is, from 1; 0: none */
	bool is_flow;       /* no socket of this machine's is known to be its end */
};

/* Grown by array_add(). */
struct conversations {
	struct conversation *list;
	size_t count;
	size_t unseen; /* beyond CONVERSATIONS_MAX, and therefore not looked at */
};

/*
 * So many are looked at, which takes about a second; a claimed one always is.
 */
#define CONVERSATIONS_MAX 65536u

/* What is asked. */
struct conversations_wish {
	const uint32_t *interfaces; /* indices */
	size_t interface_count;
	/* somebody's sessions: their ends are known, the socket's inode (without a family only that), or both */
	const struct conversation *claims;
	size_t claim_count;
	bool claims_only; /* the others are of no interest */
};

/*
 * Those that go over one of the interfaces, and those that are claimed, whatever they go over. 0, or a
 * negative errno; then *conversations is empty.
 */
int conversations_read(const struct conversations_wish *wish, struct conversations *conversations);
void conversations_free(struct conversations *conversations);

/* The same two ends by the same protocol? */
bool conversations_are_same(const struct conversation *one, const struct conversation *other);

/*
 * Reads inet_diag's answer about a socket of `protocol`. False: it is cut short, or neither IPv4 nor
 * IPv6. Pure.
 */
bool conversations_parse(const struct nlmsghdr *answer, uint8_t protocol,
			 struct conversation *conversation);

/* The first twelve bytes of an IPv4 address in an IPv6 one: RFC 4291 2.5.5.2. */
extern const uint8_t conversations_mapped[12];

#define CONVERSATION_TEXT_SIZE 128u

/* "tcp 192.0.2.10:22 with [2001:db8::1]:40000": this machine's end first. */
const char *conversations_text(const struct conversation *conversation,
			       char text[CONVERSATION_TEXT_SIZE]);

#endif
