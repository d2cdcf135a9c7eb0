/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may ask: users with passwords (RFC 7617), hashed as crypt(5) says, or bearers of a token (RFC
 * 6750), read from files that only their owner reads.
 */
#ifndef USER_SERVE_AUTH_H
#define USER_SERVE_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "user/base/diag.h"
#include "user/serve/budget.h"
#include "user/serve/drop.h"

#define AUTH_NAME_SIZE 256u /* of a name with its password or of a token: what a request can hold */

enum auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct auth_entry {
	char *name;   /* of a user; NULL for a token */
	char *secret; /* hash of the password, or the token */
	char *known;  /* "name:password" that has passed: its hash isn't reckoned again */
};

/* Zero-initialised lets everybody in. Owns its entries. */
struct auth {
	enum auth_kind kind;
	struct auth_entry *list;
	size_t count;
	struct budget budget; /* what reckoning hashes has cost, by who asked for it */
	uint64_t secret;      /* whose hash a name that is nobody's is given; 0: not drawn yet */
};

/*
 * Reads a file of lines NAME:HASH, or of tokens. -errno with a diag, also where others or `user`,
 * who serves, may read it; where a hash isn't whole, takes too long, or can't be tried; where a
 * name has two lines.
 */
int auth_read(const char *file, enum auth_kind kind, const struct drop_user *user,
	      struct auth *auth, struct diags *diags);
void auth_free(struct auth *auth);

/* Overwrites a string and frees it; NULL is none. */
void auth_wipe(char **secret);

enum auth_verdict {
	AUTH_YES,
	AUTH_NO,
	AUTH_LATER, /* too many wrong ones from that address just now: this one isn't looked at */
};

/*
 * By the request's Authorization header, or NULL, and where it came from. `now`: seconds of a
 * monotonic clock. May take as long as a hash takes.
 */
enum auth_verdict auth_allows(struct auth *auth, const char *header, const struct sockaddr *from,
			      double now);

/* Is it the same string? In a time that says nothing of where they differ. */
int auth_equal(const char *given, const char *secret);

/*
 * Decodes base64 into `size` bytes, with a NUL behind. The length; or -1: it is none, too long, or
 * has a NUL in it.
 */
int auth_decode(const char *text, char *bytes, size_t size);

/*
 * Reads a secret file whole, up to 64 KiB: the caller's, NULL with a diag. `what` it is for.
 * Refused where others than owner and group may read it, or others than the owner write it, or
 * where `user`, if not NULL, may read it.
 */
char *auth_read_file(const char *file, const struct drop_user *user, const char *what,
		     struct diags *diags);

/* The same of a file that everybody may read. */
char *auth_read_public(const char *file, const char *what, struct diags *diags);

#endif
