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

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_SIMPLE 3u
#define BLOCK_ENHANCED 6u
#define OPTION_RESOLUTION 9u /* if_tsresol */

static uint32_t padded(size_t size)
{
	return ((uint32_t)size + 3) & ~3u;
}

static void capture_bytes_padding(struct capture_bytes *bytes, size_t size)
{
	capture_bytes_number(bytes, 0, padded(size) - size, false);
}

void capture_bytes_section(struct capture_bytes *bytes)
{
	capture_bytes_number(bytes, BLOCK_SECTION, 4, false);
	capture_bytes_number(bytes, 28, 4, false);
	capture_bytes_number(bytes, 0x1a2b3c4d, 4, false);
	capture_bytes_number(bytes, 1, 4, false); /* version 1.0 */
	capture_bytes_hex(bytes, "ffffffffffffffff");
	capture_bytes_number(bytes, 28, 4, false);
}

void capture_bytes_interface(struct capture_bytes *bytes, int type, uint32_t snaplen,
			     int resolution)
{
	const uint32_t size = resolution < 0 ? 20 : 32;

	capture_bytes_number(bytes, BLOCK_INTERFACE, 4, false);
	capture_bytes_number(bytes, size, 4, false);
	capture_bytes_number(bytes, (uint32_t)type, 4, false);
	capture_bytes_number(bytes, snaplen, 4, false);
	if (resolution >= 0) {
		capture_bytes_number(bytes, OPTION_RESOLUTION, 2, false);
		capture_bytes_number(bytes, 1, 2, false);
		capture_bytes_number(bytes, (uint32_t)resolution, 4, false);
		capture_bytes_number(bytes, 0, 4, false); /* the end of options */
	}
	capture_bytes_number(bytes, size, 4, false);
}

void capture_bytes_enhanced(struct capture_bytes *bytes, uint32_t interface, uint64_t ticks,
			    const char *packet, uint32_t length)
{
	const size_t size = capture_bytes_hex_size(packet);

	capture_bytes_number(bytes, BLOCK_ENHANCED, 4, false);
	capture_bytes_number(bytes, 32 + padded(size), 4, false);
	capture_bytes_number(bytes, interface, 4, false);
	capture_bytes_number(bytes, (uint32_t)(ticks >> 32), 4, false);
	capture_bytes_number(bytes, (uint32_t)ticks, 4, false);
	capture_bytes_number(bytes, (uint32_t)size, 4, false);
	capture_bytes_number(bytes, length ? length : (uint32_t)size, 4, false);
	capture_bytes_hex(bytes, packet);
	capture_bytes_padding(bytes, size);
	capture_bytes_number(bytes, 32 + padded(size), 4, false);
}

void capture_bytes_simple(struct capture_bytes *bytes, const char *packet)
{
	const size_t size = capture_bytes_hex_size(packet);

	capture_bytes_number(bytes, BLOCK_SIMPLE, 4, false);
	capture_bytes_number(bytes, 16 + padded(size), 4, false);
	capture_bytes_number(bytes, (uint32_t)size, 4, false);
	capture_bytes_hex(bytes, packet);
	capture_bytes_padding(bytes, size);
	capture_bytes_number(bytes, 16 + padded(size), 4, false);
}

void capture_bytes_pcapng(struct capture_bytes *bytes, int resolution, uint32_t low,
			  const char *packet)
{
	capture_bytes_section(bytes);
	capture_bytes_interface(bytes, 1, 0, resolution);
	capture_bytes_enhanced(bytes, 0, low, packet, 0);
}
