// SPDX-License-Identifier: GPL-2.0-only
/* A capture in chunks, as replay takes it: what each keeps, where it ends, and by which clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/capture_bytes.h"
#include "tests/lib/capture_file.h"
#include "user/packet/chunk.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define SECOND 1000000000ull
#define YEAR (366 * 86400 * SECOND)
#define ENHANCED_SIZE 32u /* of a packet's block in pcapng without the packet */

/* UDP over IPv4 over Ethernet: 42 bytes of headers decide. */
#define UDP_IP4                                                                                    \
	"0200000000010200000000020800"                                                             \
	"4500001c0000000040110000c6336407c000020a"                                                 \
	"9c400d9600080000"
#define UDP_SIZE 42u

static struct chunk chunk;

/* ---- a capture ----------------------------------------------------------------------------------- */

static FILE *begun;

static void add(const struct capture_bytes *bytes)
{
	assert_int_equal(fwrite(bytes->list, 1, bytes->count, begun), bytes->count);
}

/* pcapng: times of 64 bits, nanoseconds. */
static void begin(void)
{
	struct capture_bytes bytes = { 0 };

	capture_bytes_section(&bytes);
	capture_bytes_interface(&bytes, 1, 0, 9);
	begun = fopen(capture_file_path, "w");
	assert_non_null(begun);
	add(&bytes);
}

static void packet(uint64_t time, const char *hex, uint32_t length)
{
	struct capture_bytes bytes = { 0 };

	capture_bytes_enhanced(&bytes, 0, time, hex, length);
	add(&bytes);
}

static struct capture *end(void)
{
	assert_int_equal(fclose(begun), 0);
	return capture_file_open();
}

static int read_chunk(struct capture *capture, struct chunk_clock *clock)
{
	struct diags diags = { 0 };
	int ended = chunk_read(&chunk, capture, clock, &diags);

	diags_clear(&diags);
	return ended;
}

/* ---- the clock ----------------------------------------------------------------------------------- */

/* All of it is one chunk. */
static void read_times(struct chunk_clock *clock, const uint64_t *times, size_t count)
{
	struct capture *capture;

	begin();
	for (size_t i = 0; i < count; i++)
		packet(times[i], UDP_IP4, 0);
	capture = end();
	clock->capture_begins = true;
	assert_int_equal(read_chunk(capture, clock), 1);
	assert_int_equal(chunk.count, count);
	capture_close(capture);
}

static void expect_moments(uint64_t first, const uint64_t *after, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(chunk.packets[i].now, first + after[i]);
}

static void what_goes_back_is_the_same_moment(void **unused)
{
	static const uint64_t times[] = { 100, 107, 103, 107, 108, 0, 110 };
	static const uint64_t after[] = { 0, 7, 7, 7, 8, 8, 10 };
	struct chunk_clock clock = { 0 };

	(void)unused;
	read_times(&clock, times, COUNT(times));
	expect_moments(SECOND, after, COUNT(after));
	assert_int_equal(clock.passed, 10);
}

static void captures_go_on_where_the_last_one_ended(void **unused)
{
	static const uint64_t first[] = { 1000, 1010 }, later[] = { 1015, 1020 },
			      earlier[] = { 7, 9, 8 };
	struct chunk_clock clock = { 0 };

	(void)unused;
	read_times(&clock, first, COUNT(first));
	read_times(&clock, later, COUNT(later));
	expect_moments(SECOND, (const uint64_t[]){ 15, 20 }, 2);
	read_times(&clock, earlier, COUNT(earlier));
	expect_moments(SECOND, (const uint64_t[]){ 20, 22, 22 }, 3);
	assert_int_equal(clock.passed, 22);
}

/* No moment is before the one in front of it, however far a capture's clock goes. */
static void no_clock_overflows(void **unused)
{
	struct chunk_clock clock = { 0 };
	uint64_t times[290], before = 0;

	(void)unused;
	/* 580 years a capture: the last time is not far below 2^64 */
	for (size_t i = 0; i < COUNT(times); i++)
		times[i] = i * 2 * YEAR;
	for (int captures = 0; captures < 4; captures++) {
		read_times(&clock, times, COUNT(times));
		for (size_t i = 0; i < chunk.count; i++) {
			assert_true(chunk.packets[i].now >= before);
			assert_true(chunk.packets[i].now - before <= YEAR);
			before = chunk.packets[i].now;
		}
	}
	assert_int_equal(before, UINT64_MAX / 2);
}

/* ---- what a chunk keeps ---------------------------------------------------------------------------- */

static void a_chunk_has_its_end(void **unused)
{
	struct chunk_clock clock = { 0 };
	struct capture *capture;

	(void)unused;
	begin();
	for (unsigned int i = 0; i < 2 * CHUNK_PACKETS + 1; i++)
		packet(i, UDP_IP4, 0);
	capture = end();
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(read_chunk(capture, &clock), 0);
		assert_int_equal(chunk.count, CHUNK_PACKETS);
		assert_int_equal(chunk.packets[0].number, i * CHUNK_PACKETS + 1);
	}
	assert_int_equal(read_chunk(capture, &clock), 1);
	assert_int_equal(chunk.count, 1);
	assert_int_equal(chunk.packets[0].number, 2 * CHUNK_PACKETS + 1);
	capture_close(capture);
}

/* Where packets are kept as they stand in the file, large ones end a chunk earlier. */
static void a_chunk_is_no_larger_than_it_may_be(void **unused)
{
	enum { SIZE = 65536, PACKETS = 100 };
	struct chunk_clock clock = { 0 };
	struct capture_bytes header = { 0 };
	static uint8_t bytes[SIZE];
	struct capture *capture;
	unsigned int seen = 0;
	int ended = 0;

	(void)unused;
	capture_bytes_number(&header, 6, 4, false);
	capture_bytes_number(&header, ENHANCED_SIZE + SIZE, 4, false);
	capture_bytes_number(&header, 0, 4, false);
	capture_bytes_number(&header, 0, 4, false);
	capture_bytes_number(&header, 0, 4, false);
	capture_bytes_number(&header, SIZE, 4, false);
	capture_bytes_number(&header, SIZE, 4, false);
	begin();
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct capture_bytes trailer = { 0 };

		bytes[SIZE - 1] = (uint8_t)i;
		add(&header);
		assert_int_equal(fwrite(bytes, 1, SIZE, begun), SIZE);
		capture_bytes_number(&trailer, ENHANCED_SIZE + SIZE, 4, false);
		add(&trailer);
	}
	capture = end();
	chunk.raw = true;
	for (unsigned int chunks = 1; !ended; chunks++) {
		ended = read_chunk(capture, &clock);
		assert_true(ended >= 0);
		assert_true(chunk.used <= CHUNK_BYTES + SIZE);
		assert_true(chunks <= 2);
		for (size_t i = 0; i < chunk.count; i++) {
			const uint8_t *raw = chunk.bytes + chunk.packets[i].raw;

			assert_int_equal(chunk.packets[i].raw_captured, SIZE);
			assert_int_equal(raw[SIZE - 1], seen++);
		}
	}
	assert_int_equal(seen, PACKETS);
	chunk.raw = false;
	capture_close(capture);
}

/* Of what it had, not of what is left; and what isn't decided by what is there is known. */
static void what_was_cut_off_is_known(void **unused)
{
	struct chunk_clock clock = { 0 };
	struct capture *capture;

	(void)unused;
	begin();
	for (uint32_t size = 0; size <= UDP_SIZE; size++) {
		char hex[2 * UDP_SIZE + 1] = UDP_IP4;

		hex[2 * size] = '\0';
		packet(size, hex, 1514);
	}
	packet(UDP_SIZE, UDP_IP4, 0);
	capture = end();
	assert_int_equal(read_chunk(capture, &clock), 1);
	assert_int_equal(chunk.count, UDP_SIZE + 2);
	for (uint32_t size = 0; size <= UDP_SIZE; size++) {
		assert_int_equal(chunk.packets[size].cut, size < UDP_SIZE);
		assert_int_equal(chunk.packets[size].kept, size);
		assert_int_equal(chunk.packets[size].length, 1514);
	}
	assert_int_equal(chunk.packets[UDP_SIZE + 1].length, UDP_SIZE);
	capture_close(capture);
}

static int free_chunk(void **state)
{
	free(chunk.bytes);
	return capture_file_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_back_is_the_same_moment),
		cmocka_unit_test(captures_go_on_where_the_last_one_ended),
		cmocka_unit_test(no_clock_overflows),
		cmocka_unit_test(a_chunk_has_its_end),
		cmocka_unit_test(a_chunk_is_no_larger_than_it_may_be),
		cmocka_unit_test(what_was_cut_off_is_known),
	};

	return cmocka_run_group_tests(tests, capture_file_begin, free_chunk);
}
