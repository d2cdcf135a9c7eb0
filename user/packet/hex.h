/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes as people paste them: two hex digits each, with blanks or colons between them. */
#ifndef USER_PACKET_HEX_H
#define USER_PACKET_HEX_H

#include <stddef.h>
#include <stdint.h>

/* -EINVAL: not bytes in hex, none at all, or more than there is room for. */
int hex_read(const char *text, uint8_t *bytes, size_t room, size_t *size);

#endif
