/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes as people paste them: two hex digits each, with blanks or colons between them. */
#ifndef USER_PACKET_HEX_H
#define USER_PACKET_HEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * 0, or what is wrong, and *fault where: -EINVAL: that character is no second digit, or no digit at all;
 * -ERANGE: more bytes than there is room for; -ENODATA: there are none.
 */
int hex_read(const char *text, uint8_t *bytes, size_t room, size_t *size, const char **fault);

#endif
