/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells systemd, where it asks (sd_notify(3)), that connections are taken from now on. */
#ifndef USER_SERVE_READY_H
#define USER_SERVE_READY_H

/*
 * A socket that leads there, made while sockets may be made; the caller's. -1: nobody asks, or it
 * can't be reached.
 */
int ready_open(void);

/* To be said last, when nothing can fail any more; `status`: a line for people, without its end. */
void ready_say(int socket, const char *status);

#endif
