/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SSH session that the caller works in. sshd names both ends in SSH_CONNECTION; sudo, su and doas
 * take that away from who they start, but not from the shell that they were started from. Where there is
 * no shell in between, sshd itself has the connection open. Inside tmux or screen the variable is that of
 * another day: who is attached now sits at a terminal that the server has open.
 */
#ifndef USER_HOST_SESSION_H
#define USER_HOST_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "user/host/conversations.h"

/* Grown by array_add(). */
struct sessions {
	struct conversation *list;
	size_t count;
};

/*
 * Reads "CLIENT PORT SERVER PORT". IPv4 in IPv6 is IPv4, what follows a % in an address is dropped. False:
 * it names no ends ("UNKNOWN 65535 ..."), or is something else. Pure.
 */
bool session_parse(const char *value, struct conversation *session);

/*
 * All that may be it, each once: those at terminals that an ancestor has open besides its own, the one
 * used last first; then those of the environments of this process and its ancestors, the nearest first. In front
 * of all, in the same order, the same with the inode of a socket that an sshd above one of them has open.
 * If there is none of either: the sockets of ancestors that are sshd, by inode and without a family.
 * Whether one still stands is for conversations_read() to see. -ENOMEM, or 0.
 */
int session_find(struct sessions *sessions);
void session_free(struct sessions *sessions);

#endif
