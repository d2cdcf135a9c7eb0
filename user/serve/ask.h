/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the process that talks to the network and the one that reads gates: a question is a
 * number and what the former has counted, the answer a file in memory that nobody can change any
 * more. Neither can make the other do anything else: decision 010.
 */
#ifndef USER_SERVE_ASK_H
#define USER_SERVE_ASK_H

#include <stddef.h>
#include <stdint.h>

#define ASK_PATIENCE 60 /* seconds: who doesn't answer for so long is given up */

enum ask_document {
	ASK_PROMETHEUS,
	ASK_OPENMETRICS,
	ASK_STATS,
	ASK_STATUS,
	ASK_HISTORY,
	ASK_DOCUMENTS,
};

/*
 * What our code answers, each of them somewhere. What the library refuses by itself (400, 414, 431,
 * 505) it doesn't tell us.
 */
#define ASK_STATUSES(X) X(200) X(400) X(401) X(404) X(405) X(413) X(421) X(429) X(503)
enum ask_status {
#define ASK_STATUS_SYMBOL(status) ASK_STATUS_##status,
	ASK_STATUSES(ASK_STATUS_SYMBOL)
#undef ASK_STATUS_SYMBOL
		ASK_STATUS_COUNT,
};
/* 200 of ASK_STATUS_200. */
unsigned int ask_status_code(enum ask_status status);

struct ask {
	uint32_t document; /* enum ask_document */
	uint32_t reserved;
	uint64_t answers[ASK_STATUS_COUNT];
	uint64_t connections;
	uint64_t cut;
};

/* A pair of sockets, closed when a program is executed. 0 or negative errno. */
int ask_pair(int sockets[2]);

/*
 * Asks. 0 or negative errno: who answers is gone. An answer doesn't say what it answers: there must
 * be no other question that one is still owed for.
 */
int ask_send(int socket, const struct ask *question);

/*
 * The answer, without waiting. A descriptor of the document, the caller's, and its size; or a
 * negative errno: -EAGAIN: not yet; -ENODATA: it could not be made; anything else: who answers is
 * gone.
 */
int ask_take(int socket, size_t *size);

/* Both, and waits in between. As ask_take(), but for -ETIMEDOUT: no answer for ASK_PATIENCE. */
int ask(int socket, const struct ask *question, size_t *size);

/*
 * The other side. 1: a question has come; 0: none until the time was over; -EPIPE: nobody asks any
 * more.
 */
int ask_next(int socket, int milliseconds, struct ask *question);

/*
 * The document, or less than 0 where there is none. Its descriptor stays the caller's. 0 or
 * negative errno.
 */
int ask_answer(int socket, int document);

/* A document that is being written. */
int ask_begin(void);                                         /* a descriptor or negative errno */
int ask_write(const char *bytes, size_t size, int document); /* 0 or negative errno */
int ask_sink(const char *bytes, size_t size,
	     void *document); /* the same, of *(int *)document: for metrics_write() */
int ask_end(int document);    /* from now on it stays as it is; 0 or negative errno */

#endif
