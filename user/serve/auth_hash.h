/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a password's hash one that can be checked, and in a bounded time? */
#ifndef USER_SERVE_AUTH_HASH_H
#define USER_SERVE_AUTH_HASH_H

/* For auth_hash_check(): what says less may still take more on a slow machine. */
#define AUTH_HASH_SECONDS 1.0

enum auth_hash {
	AUTH_HASH_GOOD,
	AUTH_HASH_UNKNOWN, /* none of a method that is taken */
	AUTH_HASH_BROKEN,  /* cut off, or changed: no password can fit it */
	AUTH_HASH_DEAR,    /* takes too long or too much memory, or fewer rounds than there are */
	AUTH_HASH_FAILED,  /* errno: it could not be tried */
};

/*
 * Of `hash` as in crypt(5): $6$ and $5$ up to 500,000 rounds, $2a$, $2b$ and $2y$ up to a cost of 12, $y$ and $gy$ up to
 * 32 MiB: a quarter of a second each, on a machine of 2020. `seconds`: a child of ours reckons it
 * once, for so much of a processor's time at most, and looks whether the C library makes a hash of that form; 0: it isn't
 * tried.
 */
enum auth_hash auth_hash_check(const char *hash, double seconds);

/* Characters at its beginning that say what it costs; 0: it is none. */
int auth_hash_prefix(const char *hash);

#endif
