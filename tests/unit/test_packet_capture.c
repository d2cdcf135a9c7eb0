// SPDX-License-Identifier: GPL-2.0-only
/* Captures, read and written: every link type, byte order and resolution, cut off anywhere. */
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

#include "user/base/cleanup.h"
#include "user/packet/capture.h"
#include "user/packet/writer.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define FILE_MAX 4096

/* The beginning of an IPv4 and of an IPv6 packet: more is not looked at. */
#define IP4 "45000014000000004011"
#define IP6 "6000000000003b40"

static char directory[] = "/tmp/edgegate-capture-XXXXXX";
static char path[64], kept[64];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/capture", directory);
	snprintf(kept, sizeof(kept), "%s/kept", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	unlink(kept);
	return rmdir(directory);
}

/* ---- files, byte by byte ------------------------------------------------------------------------ */

struct bytes {
	uint8_t list[FILE_MAX];
	size_t count;
};

static void add(struct bytes *bytes, const void *from, size_t size)
{
	assert_true(bytes->count + size <= sizeof(bytes->list));
	memcpy(bytes->list + bytes->count, from, size);
	bytes->count += size;
}

static void add_hex(struct bytes *bytes, const char *text)
{
	for (; *text; text += 2) {
		const char digits[3] = { text[0], text[1], '\0' };
		const uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

		add(bytes, &byte, 1);
	}
}

static void add_number(struct bytes *bytes, uint32_t number, size_t size, bool big_endian)
{
	for (size_t i = 0; i < size; i++) {
		const size_t shift = 8 * (big_endian ? size - 1 - i : i);
		const uint8_t byte = (uint8_t)(number >> shift);

		add(bytes, &byte, 1);
	}
}

static void save(const struct bytes *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes->list, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static size_t hex_size(const char *text)
{
	return strlen(text) / 2;
}

static void add_header(struct bytes *bytes, uint32_t magic, int type, bool big_endian)
{
	add_number(bytes, magic, 4, big_endian);
	add_number(bytes, 2, 2, big_endian);
	add_number(bytes, 4, 2, big_endian);
	add_number(bytes, 0, 4, big_endian);
	add_number(bytes, 0, 4, big_endian);
	add_number(bytes, 65535, 4, big_endian);
	add_number(bytes, (uint32_t)type, 4, big_endian);
}

/* `length` on the wire; 0: as many as there are. */
static void add_packet(struct bytes *bytes, uint32_t seconds, uint32_t fraction, const char *packet,
		       uint32_t length, bool big_endian)
{
	add_number(bytes, seconds, 4, big_endian);
	add_number(bytes, fraction, 4, big_endian);
	add_number(bytes, (uint32_t)hex_size(packet), 4, big_endian);
	add_number(bytes, length ? length : (uint32_t)hex_size(packet), 4, big_endian);
	add_hex(bytes, packet);
}

/* Section header, an interface, and one enhanced packet: draft-ietf-opsawg-pcapng. */
static void add_pcapng(struct bytes *bytes, int resolution, uint32_t low, const char *packet)
{
	const uint32_t size = (uint32_t)hex_size(packet), padded = (size + 3) & ~3u;

	add_hex(bytes, "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000");
	add_number(bytes, 1, 4, false);
	add_number(bytes, 32, 4, false);
	add_number(bytes, 1, 4, false); /* Ethernet */
	add_number(bytes, 0, 4, false);
	add_number(bytes, 9, 2, false); /* if_tsresol, one byte, padded; end of options */
	add_number(bytes, 1, 2, false);
	add_number(bytes, (uint32_t)resolution, 4, false);
	add_number(bytes, 0, 4, false);
	add_number(bytes, 32, 4, false);
	add_number(bytes, 6, 4, false);
	add_number(bytes, 32 + padded, 4, false);
	add_number(bytes, 0, 4, false);
	add_number(bytes, 0, 4, false);
	add_number(bytes, low, 4, false);
	add_number(bytes, size, 4, false);
	add_number(bytes, size, 4, false);
	add_hex(bytes, packet);
	for (uint32_t i = size; i < padded; i++)
		add_number(bytes, 0, 1, false);
	add_number(bytes, 32 + padded, 4, false);
}

static struct capture *open_it(void)
{
	struct capture *capture = NULL;
	struct diags diags = { 0 };

	assert_int_equal(capture_open(path, "replay test", &capture, &diags), 0);
	return capture;
}

static bool next(struct capture *capture, struct capture_packet *packet)
{
	struct diags diags = { 0 };
	int got = capture_next(capture, packet, &diags);

	assert_true(got >= 0);
	return got;
}

/* ---- what becomes of link types ------------------------------------------------------------------ */

static const struct written {
	int type; /* LINKTYPE_... */
	const char *packet;
	uint32_t length; /* on the wire; 0: all is there */
	const char *frame;
	uint32_t frame_length; /* 0: all is there */
} written[] = {
	{ 1, "0102030405060708090a0b0c0800" IP4, 0, "0102030405060708090a0b0c0800" IP4, 0 },
	{ 1, "0102030405060708090a0b0c0800" IP4, 1514, "0102030405060708090a0b0c0800" IP4, 1514 },
	{ 1, "", 0, "", 0 },
	{ 1, "01020304", 60, "01020304", 60 },
	/* bare IP; IPv4 and IPv6 by name */
	{ 101, IP4, 0, "0000000000000000000000000800" IP4, 0 },
	{ 101, IP6, 0, "00000000000000000000000086dd" IP6, 0 },
	{ 101, IP6, 1500, "00000000000000000000000086dd" IP6, 1514 },
	{ 101, "70", 0, "000000000000000000000000080070", 0 },
	{ 228, IP4, 0, "0000000000000000000000000800" IP4, 0 },
	{ 229, IP6, 0, "00000000000000000000000086dd" IP6, 0 },
	/* cooked v1: type, kind of device, length of its address, address, protocol */
	{ 113, "0000000100060708090a0b0c00000800" IP4, 0, "0000000000000708090a0b0c0800" IP4, 0 },
	{ 113, "0000000100060708090a0b0c00000800" IP4, 1516, "0000000000000708090a0b0c0800" IP4,
	  1514 },
	{ 113, "00040304000000000000000000000800" IP4, 0, "0000000000000000000000000800" IP4, 0 },
	{ 113, "0001000100060708090a0b0c00000004424203", 0, "0000000000000708090a0b0c0003424203",
	  0 },
	{ 113, "0000000100060708090a0b0c000008", 0, "", 14 },
	/* cooked v2: protocol, device, its kind, type, length of its address, address */
	{ 276, "86dd000000000002000100060708090a0b0c0000" IP6, 0,
	  "0000000000000708090a0b0c86dd" IP6, 0 },
	{ 276, "86dd000000000002000100060708090a0b0c0000" IP6, 1520,
	  "0000000000000708090a0b0c86dd" IP6, 1514 },
	{ 276, "0800000000000002030404000000000000000000" IP4, 0,
	  "0000000000000000000000000800" IP4, 0 },
	{ 276, "08000000000000020304040000000000000000", 60, "", 54 },
	/* BSD's loopback, of either byte order */
	{ 0, "02000000" IP4, 0, "0000000000000000000000000800" IP4, 0 },
	{ 0, "0000001e" IP6, 64, "00000000000000000000000086dd" IP6, 74 },
	{ 108, "00000018" IP6, 0, "00000000000000000000000086dd" IP6, 0 },
};

static void link_types_become_ethernet(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(written); i++) {
		struct bytes bytes = { 0 }, frame = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		add_header(&bytes, 0xa1b2c3d4, written[i].type, i % 2);
		add_packet(&bytes, 1, 0, written[i].packet, written[i].length, i % 2);
		save(&bytes, bytes.count);
		add_hex(&frame, written[i].frame);
		capture = open_it();
		assert_true(next(capture, &packet));
		print_message("case %zu\n", i);
		assert_int_equal(packet.number, 1);
		assert_int_equal(packet.captured, frame.count);
		assert_memory_equal(packet.frame, frame.list, frame.count);
		assert_int_equal(packet.length,
				 written[i].frame_length ? written[i].frame_length : frame.count);
		assert_int_equal(packet.raw_captured, hex_size(written[i].packet));
		assert_true(packet.matches);
		assert_false(next(capture, &packet));
		capture_close(capture);
	}
}

static void times_are_nanoseconds(void **unused)
{
	static const struct {
		uint32_t magic;
		bool big_endian;
		uint64_t time;
	} cases[] = {
		{ 0xa1b2c3d4, false, 1700000000000007000u },
		{ 0xa1b2c3d4, true, 1700000000000007000u },
		{ 0xa1b23c4d, false, 1700000000000000007u },
		{ 0xa1b23c4d, true, 1700000000000000007u },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes bytes = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		add_header(&bytes, cases[i].magic, 1, cases[i].big_endian);
		add_packet(&bytes, 1700000000, 7, IP4, 0, cases[i].big_endian);
		save(&bytes, bytes.count);
		capture = open_it();
		assert_true(next(capture, &packet));
		assert_int_equal(packet.time, cases[i].time);
		assert_int_equal(capture_has_nanoseconds(capture), i >= 2);
		capture_close(capture);
	}
}

static void pcapng_is_read(void **unused)
{
	static const struct {
		int resolution; /* if_tsresol */
		uint64_t time;
	} cases[] = { { 6, 5000000u }, { 9, 5000u }, { 0x80 | 10, 4882812u } };

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes bytes = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		add_pcapng(&bytes, cases[i].resolution, 5000, "0102030405060708090a0b0c0800" IP4);
		save(&bytes, bytes.count);
		assert_true(capture_is_one(path));
		capture = open_it();
		assert_true(next(capture, &packet));
		assert_int_equal(packet.captured, 24);
		/* 5,000 of 2^-10 s is a little below 5 s: libpcap rounds */
		if (cases[i].resolution == (0x80 | 10))
			assert_int_equal(packet.time / 1000000, 4882);
		else
			assert_int_equal(packet.time, cases[i].time);
		capture_close(capture);
	}
}

/* ---- what is no capture, or damaged -------------------------------------------------------------- */

static char *refusal(const struct bytes *bytes)
{
	struct capture *capture = NULL;
	struct diags diags = { 0 };
	char *text;

	save(bytes, bytes->count);
	assert_true(capture_open(path, "replay test", &capture, &diags) < 0);
	assert_null(capture);
	assert_int_equal(diags_exit_status(&diags), 1);
	text = diag_text_all(&diags);
	diags_clear(&diags);
	return text;
}

static void what_is_none_is_refused(void **unused)
{
	static const struct {
		const char *bytes;
		const char *why, *hint;
	} cases[] = {
		{ "", "it is no capture", "pcap or pcapng" },
		{ "706f6c6963793a2078", "it is no capture", "pcap or pcapng" },
		{ "1f8b0800000000000003", "it is no capture", "zcat" },
		{ "d4c3b2a1", "truncated", "pcap or pcapng" },
	};
	struct bytes radio = { 0 };
	autofree char *text = NULL;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes bytes = { 0 };
		autofree char *said = NULL;

		add_hex(&bytes, cases[i].bytes);
		said = refusal(&bytes);
		assert_non_null(strstr(said, cases[i].why));
		assert_non_null(strstr(said, cases[i].hint));
		assert_int_equal(capture_is_one(path), i == 3);
	}
	add_header(&radio, 0xa1b2c3d4, 127, false);
	text = refusal(&radio);
	assert_non_null(strstr(text, "link type, IEEE802_11_RADIO (127)"));
	assert_false(capture_is_one("/nonexistent"));
}

/* Whole packets are read; then the damage is told, with the packet's number. */
static void a_cut_off_file_is_read_up_to_there(void **unused)
{
	struct bytes bytes = { 0 };
	size_t ends[4];

	(void)unused;
	add_header(&bytes, 0xa1b2c3d4, 1, false);
	ends[0] = bytes.count;
	for (size_t i = 1; i < COUNT(ends); i++) {
		add_packet(&bytes, 1, 0, "0102030405060708090a0b0c0800" IP4, 0, false);
		ends[i] = bytes.count;
	}
	for (size_t size = ends[0]; size <= bytes.count; size++) {
		struct capture_packet packet;
		struct diags diags = { 0 };
		struct capture *capture;
		uint64_t packets = 0;
		int got;

		save(&bytes, size);
		capture = open_it();
		while ((got = capture_next(capture, &packet, &diags)) == 1)
			packets++;
		assert_int_equal(packets, (size - ends[0]) / (ends[1] - ends[0]));
		assert_int_equal(got < 0, (size - ends[0]) % (ends[1] - ends[0]) != 0);
		if (got < 0) {
			autofree char *text = diag_text_all(&diags);
			char number[32];

			snprintf(number, sizeof(number),
				 "packet %llu: ", (unsigned long long)packets + 1);
			assert_non_null(strstr(text, number));
		}
		diags_clear(&diags);
		capture_close(capture);
	}
}

/* ---- filter, writing ----------------------------------------------------------------------------- */

static void two_packets(struct bytes *bytes, uint32_t magic)
{
	add_header(bytes, magic, 1, false);
	add_packet(bytes, 1700000000, 7, "0102030405060708090a0b0c0800" IP4, 1514, false);
	add_packet(bytes, 1700000000, 3, "0102030405060708090a0b0c86dd" IP6, 0, false);
	save(bytes, bytes->count);
}

static void a_filter_says_what_matches(void **unused)
{
	struct bytes bytes = { 0 };
	struct capture_packet packet;
	struct diags diags = { 0 };
	struct capture *capture;
	autofree char *text = NULL;

	(void)unused;
	two_packets(&bytes, 0xa1b2c3d4);
	capture = open_it();
	assert_int_equal(capture_filter(capture, "ip6", &diags), 0);
	assert_true(next(capture, &packet));
	assert_false(packet.matches);
	assert_true(next(capture, &packet));
	assert_true(packet.matches);
	capture_close(capture);
	capture = open_it();
	assert_true(capture_filter(capture, "port nowhere", &diags) < 0);
	text = diag_text_all(&diags);
	assert_non_null(strstr(text, "the filter 'port nowhere': "));
	assert_non_null(strstr(text, "man pcap-filter"));
	assert_int_equal(diags_exit_status(&diags), 1);
	diags_clear(&diags);
	capture_close(capture);
}

/* Same bytes as were read; and there is no file before it is whole. */
static void what_is_written_is_what_was_read(void **unused)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };

	(void)unused;
	for (size_t i = 0; i < COUNT(magics); i++) {
		uint8_t back[FILE_MAX];
		struct bytes bytes = { 0 };
		struct capture_packet packet;
		struct diags diags = { 0 };
		struct capture *capture;
		struct writer *writer;
		FILE *file;

		two_packets(&bytes, magics[i]);
		/* libpcap writes the longest snaplen of all */
		memcpy(bytes.list + 16, "\0\0\4\0", 4);
		unlink(kept);
		capture = open_it();
		assert_int_equal(writer_open(kept, capture, "test", &writer, &diags), 0);
		assert_int_equal(writer_takes(writer, capture, &diags), 0);
		while (next(capture, &packet))
			assert_int_equal(writer_add(writer, &packet, &diags), 0);
		assert_int_not_equal(access(kept, F_OK), 0);
		assert_int_equal(writer_finish(writer, &diags), 0);
		writer_close(writer);
		file = fopen(kept, "r");
		assert_non_null(file);
		assert_int_equal(fread(back, 1, sizeof(back), file), bytes.count);
		assert_memory_equal(back, bytes.list, bytes.count);
		fclose(file);
		/* given up: what stood there stays, and nothing beside it */
		assert_int_equal(writer_open(kept, capture, "test", &writer, &diags), 0);
		writer_close(writer);
		assert_int_equal(access(kept, F_OK), 0);
		capture_close(capture);
	}
}

static void what_cannot_be_written_is_said(void **unused)
{
	struct bytes bytes = { 0 };
	struct capture_packet packet;
	struct diags diags = { 0 };
	struct capture *capture;
	struct writer *writer;
	autofree char *text = NULL;
	int error = 0;

	(void)unused;
	two_packets(&bytes, 0xa1b2c3d4);
	capture = open_it();
	assert_true(writer_open("/nonexistent/kept", capture, "test", &writer, &diags) < 0);
	diags_clear(&diags);
	/* a device that is always full takes what the buffer holds, and no more */
	assert_int_equal(writer_open("/dev/full", capture, "test", &writer, &diags), 0);
	assert_true(next(capture, &packet));
	for (int i = 0; i < 1000000 && !error; i++)
		error = writer_add(writer, &packet, &diags);
	assert_true(error < 0);
	text = diag_text_all(&diags);
	assert_non_null(strstr(text, "packet 1: No space left on device"));
	diags_clear(&diags);
	writer_close(writer);
	capture_close(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types_become_ethernet),
		cmocka_unit_test(times_are_nanoseconds),
		cmocka_unit_test(pcapng_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_cut_off_file_is_read_up_to_there),
		cmocka_unit_test(a_filter_says_what_matches),
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(what_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
