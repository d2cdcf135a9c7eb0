/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The certificate and its key, looked at before they are served: a server that nobody can talk to
 * should not start.
 */
#ifndef USER_SERVE_TLS_H
#define USER_SERVE_TLS_H

#include <time.h>

#include "user/base/diag.h"
#include "user/serve/drop.h"

/* PEM, owned: free(), and auth_wipe() for the key. */
struct tls_pair {
	char *certificate, *key;
};

/*
 * Reads both. -errno with a diag: they can't be read, were given the other way round, don't belong
 * together, or others, or `user`, who serves, may read a key, in whichever of the files. A warning:
 * a certificate of the chain has expired, or isn't valid yet, at `now`.
 */
int tls_read(const char *certificate, const char *key, const struct drop_user *user, time_t now,
	     struct tls_pair *pair, struct diags *diags);
void tls_free(struct tls_pair *pair);

#endif
