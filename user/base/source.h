/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts that are read whole, and places in them. `struct source` is in diag.h. */
#ifndef USER_BASE_SOURCE_H
#define USER_BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/diag.h"

/* A copy of a text in memory, with one holder; NULL: no memory. */
struct source *source_new(const char *name, const char *text, size_t size);

/*
 * Read a file, or standard input where `path` is NULL. What is longer than `limit` bytes is refused
 * without reading more than that. Errors: a text that isn't there or can't be one is DIAG_POLICY,
 * what the system refuses is DIAG_SYSTEM.
 */
int source_read(const char *path, size_t limit, struct source **source, struct diags *diags);

/*
 * The same for a file that a text names at `place`, where errors stand. What isn't a regular file is
 * refused without opening it.
 */
int source_read_named(const char *path, const struct place *place, size_t limit,
		      struct source **source, struct diags *diags);

/* One holder more, one less; the last one frees it. NULL is fine. */
void source_hold(const struct source *source);
void source_release(const struct source *source);

/* Where the line of `offset` begins, and where its line end begins. */
size_t source_line_start(const struct source *source, size_t offset);
size_t source_line_end(const struct source *source, size_t offset);

/*
 * Turns offsets into lines and columns. It walks from the offset asked for last, so a text that is
 * asked about from front to back is walked once.
 */
struct source_cursor {
	const struct source *source;
	size_t offset;
	unsigned int line;
	unsigned int column;
};

void source_cursor_begin(struct source_cursor *cursor, const struct source *source);
struct place source_cursor_place(struct source_cursor *cursor, size_t offset, size_t length);

#endif
