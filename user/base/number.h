/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text to number, strictly: decimal digits and nothing else. No sign, no space, no leading zero
 * (which some would read as octal), nothing behind it, no overflow.
 */
#ifndef USER_BASE_NUMBER_H
#define USER_BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* -EINVAL: not a number. -ERANGE: a number above `most`. */
int number_parse(const char *text, uint64_t most, uint64_t *value);

/* The same for the first `length` bytes of a text. */
int number_parse_part(const char *text, size_t length, uint64_t most, uint64_t *value);

#endif
