/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bad news. Rooms below verb/ never print: they add to a `struct diags` and return a negative
 * errno.
 * There are two kinds: "your policy is wrong" has a place in a text, "the system said no" has an
 * errno and what we were doing. A verb prints them all (user/verb/print_diags) and exits with
 * diags_exit_status().
 *
 * Printed form, on standard error (a warning says "warning: " before its why):
 *
 *	edgegate: edge.yaml:7:5: unknown key 'protocl'          <- place or what failed: why
 *	   7 |     protocl: tcp                                 <- only with a place
 *	     |     ^~~~~~~
 *	did you mean 'protocol'?                                <- what to do
 */
#ifndef USER_BASE_DIAG_H
#define USER_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A text that was read whole. Whoever loads it (user/base/source.h) holds it, and every diag with a
 * place in it does too, so that bad news can be printed when the policy is gone. One that was not
 * made by source.h has 0 holders, is not counted, and must outlive the places into it.
 */
struct source {
	char *name; /* as the user gave it; "standard input"; a shipped policy's name */
	char *text; /* NUL-terminated behind `size` bytes */
	size_t size;
	unsigned int holders;
	unsigned long long device; /* of the regular file that it was read from, else 0 */
	unsigned long long inode;  /* with `device`: who the file is, whatever its name */
};

/* A stretch of a source. Zero `source`: no place. Zero `line`: the source as a whole. */
struct place {
	const struct source *source;
	unsigned int line;   /* from 1; a line ends with LF, CR LF or CR */
	unsigned int column; /* from 1, in characters */
	size_t offset;       /* bytes from the start of the text */
	size_t length;       /* bytes; the underline ends at the line's end */
};

enum diag_kind {
	DIAG_WARNING, /* changes no exit status */
	DIAG_SYSTEM,  /* exit status 1 */
	DIAG_USAGE,   /* 2: wrong usage */
	DIAG_POLICY,  /* 2: a wrong or missing policy */
};

struct diag {
	enum diag_kind kind;
	struct place place; /* all but DIAG_USAGE may have one */
	char *what;         /* what failed, where there is no place; "apply to eth0" */
	char *why;          /* one line, no full stop */
	char *hint;         /* what to do; one line */
};

/*
 * More than this many help nobody: further ones are counted, not kept. An error takes the place of
 * the last warning.
 */
#define DIAGS_KEPT 20

struct diags {
	struct diag *list;
	size_t count;
	size_t dropped;
	bool failed;          /* something other than a warning was added */
	enum diag_kind worst; /* of those that failed: the one with the highest exit status */
	bool last_dropped;    /* so a hint for it is to be dropped too */
};

/* Frees what `diags` holds, not itself; zero-initialised is empty. */
void diags_clear(struct diags *diags);

/* Appends what `from` holds to `to`; `from` is empty afterwards. */
void diags_move(struct diags *to, struct diags *from);

/*
 * Add one. `why` and `hint` are printf formats: diag_hint() sets or replaces the hint of the one
 * added last. All return -EINVAL (policy, usage) so that `return diag_policy(...)` reads well;
 * diag_system() returns -error.
 */
int diag_policy(struct diags *diags, const struct place *place, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
int diag_usage(struct diags *diags, const char *what, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * `error` is a positive errno; its text ends the line, and is all of it where `why` is NULL or "".
 * 0: `why` says it all, and -EINVAL is returned.
 */
int diag_system(struct diags *diags, int error, const char *what, const char *why, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diags *diags, const struct place *place, const char *what, const char *why,
		  ...) __attribute__((format(printf, 4, 5)));
void diag_hint(struct diags *diags, const char *hint, ...) __attribute__((format(printf, 2, 3)));
/* Where the one added last is, which had no place; what failed is not printed then: `why` says it. */
void diag_place(struct diags *diags, const struct place *place);

/* 0, 1 or 2: spec section 4. */
int diags_exit_status(const struct diags *diags);

/*
 * The printed form of one, and of all (with a last line about those that were not kept); the
 * caller's to free. Nothing in it but printable characters and line ends, whatever the text or the
 * user's words held. NULL: no memory. In user/base/diag_text.c.
 */
char *diag_text(const struct diag *diag);
char *diag_text_all(const struct diags *diags);

#endif
