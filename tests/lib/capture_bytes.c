// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/capture_bytes.h"

static void add(struct capture_bytes *bytes, const void *from, size_t size)
{
	assert_true(bytes->count + size <= sizeof(bytes->list));
	memcpy(bytes->list + bytes->count, from, size);
	bytes->count += size;
}

void capture_bytes_hex(struct capture_bytes *bytes, const char *text)
{
	for (; *text; text += 2) {
		const char digits[3] = { text[0], text[1], '\0' };
		const uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

		add(bytes, &byte, 1);
	}
}

void capture_bytes_number(struct capture_bytes *bytes, uint32_t number, size_t size,
			  bool big_endian)
{
	for (size_t i = 0; i < size; i++) {
		const size_t shift = 8 * (big_endian ? size - 1 - i : i);
		const uint8_t byte = (uint8_t)(number >> shift);

		add(bytes, &byte, 1);
	}
}

void capture_bytes_save(const struct capture_bytes *bytes, const char *path, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes->list, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

size_t capture_bytes_hex_size(const char *text)
{
	return strlen(text) / 2;
}

void capture_bytes_header(struct capture_bytes *bytes, uint32_t magic, int type, bool big_endian)
{
	capture_bytes_number(bytes, magic, 4, big_endian);
	capture_bytes_number(bytes, 2, 2, big_endian);
	capture_bytes_number(bytes, 4, 2, big_endian);
	capture_bytes_number(bytes, 0, 4, big_endian);
	capture_bytes_number(bytes, 0, 4, big_endian);
	capture_bytes_number(bytes, 65535, 4, big_endian);
	capture_bytes_number(bytes, (uint32_t)type, 4, big_endian);
}

/* `length` on the wire; 0: as many as there are. */
void capture_bytes_packet(struct capture_bytes *bytes, uint32_t seconds, uint32_t fraction,
			  const char *packet, uint32_t length, bool big_endian)
{
	capture_bytes_number(bytes, seconds, 4, big_endian);
	capture_bytes_number(bytes, fraction, 4, big_endian);
	capture_bytes_number(bytes, (uint32_t)capture_bytes_hex_size(packet), 4, big_endian);
	capture_bytes_number(bytes, length ? length : (uint32_t)capture_bytes_hex_size(packet), 4,
			     big_endian);
	capture_bytes_hex(bytes, packet);
}

/* Section header, an interface, and one enhanced packet: draft-ietf-opsawg-pcapng. */
void capture_bytes_pcapng(struct capture_bytes *bytes, int resolution, uint32_t low,
			  const char *packet)
{
	const uint32_t size = (uint32_t)capture_bytes_hex_size(packet), padded = (size + 3) & ~3u;

	capture_bytes_hex(bytes, "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000");
	capture_bytes_number(bytes, 1, 4, false);
	capture_bytes_number(bytes, 32, 4, false);
	capture_bytes_number(bytes, 1, 4, false); /* Ethernet */
	capture_bytes_number(bytes, 0, 4, false);
	capture_bytes_number(bytes, 9, 2, false); /* if_tsresol, one byte, padded; end of options */
	capture_bytes_number(bytes, 1, 2, false);
	capture_bytes_number(bytes, (uint32_t)resolution, 4, false);
	capture_bytes_number(bytes, 0, 4, false);
	capture_bytes_number(bytes, 32, 4, false);
	capture_bytes_number(bytes, 6, 4, false);
	capture_bytes_number(bytes, 32 + padded, 4, false);
	capture_bytes_number(bytes, 0, 4, false);
	capture_bytes_number(bytes, 0, 4, false);
	capture_bytes_number(bytes, low, 4, false);
	capture_bytes_number(bytes, size, 4, false);
	capture_bytes_number(bytes, size, 4, false);
	capture_bytes_hex(bytes, packet);
	for (uint32_t i = size; i < padded; i++)
		capture_bytes_number(bytes, 0, 1, false);
	capture_bytes_number(bytes, 32 + padded, 4, false);
}
