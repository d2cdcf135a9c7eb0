/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom a request means. Who owns a name can let it lead to 127.0.0.1, and then a page of theirs, in
 * a browser on this machine, may read what is served there (DNS rebinding). It can't choose what
 * the browser writes into Host: that name.
 */
#ifndef USER_SERVE_REBIND_H
#define USER_SERVE_REBIND_H

#include <stdbool.h>

/*
 * Is a Host header (RFC 9110, 7.2) one that no stranger's name can be: an IP address (of IPv6 in
 * brackets), localhost or something below it, or this machine's own name; each with a port or
 * without? NULL: there is none (HTTP/1.0). `own`: that name, or "".
 */
bool rebind_allows(const char *host, const char *own);

#endif
