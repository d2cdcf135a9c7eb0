/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A string that is built piece by piece. A failure (no memory) sticks: the pieces after it are
 * ignored, and text_take() alone tells, so that a builder needs one check.
 */
#ifndef USER_BASE_TEXT_H
#define USER_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/cleanup.h"

/* Zero-initialised is empty. */
struct text {
	char *bytes; /* NUL-terminated, or NULL while empty */
	size_t length;
	size_t room;
	bool failed;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t size);
void text_add_repeated(struct text *text, char byte, size_t count);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_format_list(struct text *text, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/*
 * Adds one character such that it may go to a terminal: controls, and bytes that are not UTF-8,
 * become \x1b, \u202e. Gives the columns that it takes.
 */
unsigned int text_add_character(struct text *text, uint32_t character);
unsigned int text_add_stray_byte(struct text *text, unsigned char byte);

/* All of a string in that way. */
void text_add_printable(struct text *text, const char *bytes, size_t size);

/*
 * Makes a name that others chose fit for terminals and JSON, in place and never longer: each control, and
 * each byte that is not UTF-8, becomes '?'. For showing it only: it may not be the name any more.
 */
void text_clean(char *name);

/* A cleaned copy, the caller's. NULL: no memory. */
char *text_cleaned(const char *name);

/* The string, which is the caller's from now on, and never NULL but for want of memory. */
char *text_take(struct text *text);

void text_free(struct text *text);

/* printf into memory of its own; NULL: no memory. */
char *text_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define autotext cleanup(text_free)

#endif
