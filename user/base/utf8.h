/* SPDX-License-Identifier: GPL-2.0-only */
/* UTF-8 without locales: what a character is, and how wide a terminal draws it. */
#ifndef USER_BASE_UTF8_H
#define USER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character that begins at `bytes`: gives its length in bytes, 0 where there is none or it is
 * not UTF-8 (cut short, overlong, a surrogate, past U+10FFFF). `character` may be NULL.
 */
size_t utf8_decode(const char *bytes, size_t size, uint32_t *character);

/* Columns that a terminal gives to a printable character: 0, 1 or 2. */
unsigned int utf8_width(uint32_t character);

/*
 * Is this one that must not reach a terminal raw: controls, what ends a line, and what turns the
 * direction of writing (so that a line shows something else than it says).
 */
bool utf8_is_control(uint32_t character);

#endif
