// SPDX-License-Identifier: GPL-2.0-only
/* Captures that are written: what was read, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/capture_bytes.h"
#include "tests/lib/capture_file.h"
#include "user/base/cleanup.h"
#include "user/packet/capture.h"
#include "user/packet/writer.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* The beginning of an IPv4 and of an IPv6 packet: more is not looked at. */
#define IP4 "45000014000000004011"
#define IP6 "6000000000003b40"

static void two_packets(struct capture_bytes *bytes, uint32_t magic)
{
	capture_bytes_header(bytes, magic, 1, false);
	capture_bytes_packet(bytes, 1700000000, 7, "0102030405060708090a0b0c0800" IP4, 1514, false);
	capture_bytes_packet(bytes, 1700000000, 3, "0102030405060708090a0b0c86dd" IP6, 0, false);
	capture_bytes_save(bytes, capture_file_path, bytes->count);
}

/* Same bytes as were read; and there is no file before it is whole. */
static void what_is_written_is_what_was_read(void **unused)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };

	(void)unused;
	for (size_t i = 0; i < COUNT(magics); i++) {
		uint8_t back[CAPTURE_BYTES_MAX];
		struct capture_bytes bytes = { 0 };
		struct capture_packet packet;
		struct diags diags = { 0 };
		struct capture *capture;
		struct writer *writer;
		FILE *file;

		two_packets(&bytes, magics[i]);
		/* libpcap writes the longest snaplen of all */
		memcpy(bytes.list + 16, "\0\0\4\0", 4);
		unlink(capture_file_kept);
		capture = capture_file_open();
		assert_int_equal(writer_open(capture_file_kept, capture, "test", &writer, &diags),
				 0);
		assert_int_equal(writer_takes(writer, capture, &diags), 0);
		while (capture_file_next(capture, &packet))
			assert_int_equal(writer_add(writer, &packet, &diags), 0);
		assert_int_not_equal(access(capture_file_kept, F_OK), 0);
		assert_int_equal(writer_finish(writer, &diags), 0);
		writer_close(writer);
		file = fopen(capture_file_kept, "r");
		assert_non_null(file);
		assert_int_equal(fread(back, 1, sizeof(back), file), bytes.count);
		assert_memory_equal(back, bytes.list, bytes.count);
		fclose(file);
		/* given up: what stood there stays, and nothing beside it */
		assert_int_equal(writer_open(capture_file_kept, capture, "test", &writer, &diags),
				 0);
		writer_close(writer);
		assert_int_equal(access(capture_file_kept, F_OK), 0);
		capture_close(capture);
	}
}

static void what_cannot_be_written_is_said(void **unused)
{
	struct capture_bytes bytes = { 0 };
	struct capture_packet packet;
	struct diags diags = { 0 };
	struct capture *capture;
	struct writer *writer;
	autofree char *text = NULL;
	int error = 0;

	(void)unused;
	two_packets(&bytes, 0xa1b2c3d4);
	capture = capture_file_open();
	assert_true(writer_open("/nonexistent/kept", capture, "test", &writer, &diags) < 0);
	diags_clear(&diags);
	/* a device that is always full takes what the buffer holds, and no more */
	assert_int_equal(writer_open("/dev/full", capture, "test", &writer, &diags), 0);
	assert_true(capture_file_next(capture, &packet));
	for (int i = 0; i < 1000000 && !error; i++)
		error = writer_add(writer, &packet, &diags);
	assert_true(error < 0);
	text = diag_text_all(&diags);
	assert_non_null(strstr(text, "packet 1: No space left on device"));
	diags_clear(&diags);
	writer_close(writer);
	capture_close(capture);
}

/* pcapng may hold longer packets than a pcap: what can be kept is kept, and can be read. */
static void what_no_pcap_holds_is_cut(void **unused)
{
	enum { MOST = 262144 };
	static uint8_t longer[MOST + 100];
	struct capture_packet packet = { .number = 1, .raw = longer };
	struct capture_bytes bytes = { 0 };
	struct diags diags = { 0 };
	struct capture *capture;
	struct writer *writer;

	(void)unused;
	two_packets(&bytes, 0xa1b2c3d4);
	longer[MOST - 1] = 7;
	packet.raw_captured = packet.raw_length = sizeof(longer);
	capture = capture_file_open();
	assert_int_equal(writer_open(capture_file_kept, capture, "test", &writer, &diags), 0);
	capture_close(capture);
	assert_int_equal(writer_add(writer, &packet, &diags), 0);
	packet.raw_captured = 14;
	assert_int_equal(writer_add(writer, &packet, &diags), 0);
	assert_int_equal(writer_finish(writer, &diags), 0);
	writer_close(writer);
	assert_int_equal(rename(capture_file_kept, capture_file_path), 0);
	capture = capture_file_open();
	assert_true(capture_file_next(capture, &packet));
	assert_int_equal(packet.captured, MOST);
	assert_int_equal(packet.frame[MOST - 1], 7);
	assert_int_equal(packet.length, sizeof(longer));
	assert_true(capture_file_next(capture, &packet));
	assert_int_equal(packet.captured, 14);
	assert_false(capture_file_next(capture, &packet));
	capture_close(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(what_no_pcap_holds_is_cut),
		cmocka_unit_test(what_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, capture_file_begin, capture_file_end);
}
