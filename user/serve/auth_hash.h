/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a password's hash one that can be checked, and in a bounded time? */
#ifndef USER_SERVE_AUTH_HASH_H
#define USER_SERVE_AUTH_HASH_H

#include <stdbool.h>

/*
 * For auth_hash_check(): so long may one wrong password hold up everybody. Of a processor's time:
 * what else runs at the start doesn't count. Four times what the dearest that is taken needs on a
 * machine of 2020.
 */
#define AUTH_HASH_SECONDS 1.0

enum auth_hash {
	AUTH_HASH_GOOD,
	AUTH_HASH_UNKNOWN, /* none of a method that is taken */
	AUTH_HASH_BROKEN,  /* cut off, or changed: no password can fit it */
	AUTH_HASH_DEAR,    /* says that it takes too long or too much memory, or too little */
	AUTH_HASH_SLOW,    /* is taken elsewhere, but took longer than `seconds` here */
	AUTH_HASH_UNTRIED, /* it could not be tried */
};

/* Why one could not be tried. */
struct auth_hash_reason {
	int error;  /* a positive errno; EINVAL: the C library doesn't take it */
	int signal; /* if not 0: what ended the process that tried it, and `error` says nothing */
};

/*
 * Of `hash` as in crypt(5): $6$ and $5$ up to 500,000 rounds, $2a$, $2b$ and $2y$ up to a cost of
 * 12, $y$ and $gy$ up to 32 MiB: a quarter of a second each, on a machine of 2020. Its text alone
 * says whether it is whole, to the last bit. `seconds`: a child of ours reckons it once, for so
 * much of a processor's time at most; 0: it isn't tried. `reason` is written with AUTH_HASH_UNTRIED
 * only.
 */
enum auth_hash auth_hash_check(const char *hash, double seconds, struct auth_hash_reason *reason);

/* Do both cost the same, by what they say? */
bool auth_hash_costs_as(const char *hash, const char *other);

#endif
