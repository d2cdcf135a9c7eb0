// SPDX-License-Identifier: GPL-2.0-only
/* Captures: every link type, byte order and resolution, cut off anywhere. */
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
#include "user/packet/headers.h"
#include "user/packet/host.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* The beginning of an IPv4 and of an IPv6 packet: more is not looked at. */
#define IP4 "45000014000000004011"
#define IP6 "6000000000003b40"

/* ---- what becomes of link types ------------------------------------------------------------------ */

static const struct written {
	long type; /* LINKTYPE_... */
	const char *packet;
	size_t length; /* on the wire; 0: all is there */
	const char *frame;
	size_t frame_length; /* 0: all is there */
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
	{ 12, IP4, 0, "0000000000000000000000000800" IP4, 0 }, /* as some systems number it */
	{ 101, "", 0, "0000000000000000000000000800", 0 },
	{ 101, "", 40, "0000000000000000000000000800", 54 },
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
		struct capture_bytes bytes = { 0 }, frame = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		capture_bytes_header(&bytes, 0xa1b2c3d4, (int)written[i].type, i % 2);
		capture_bytes_packet(&bytes, 1, 0, written[i].packet, (uint32_t)written[i].length,
				     i % 2);
		capture_bytes_save(&bytes, capture_file_path, bytes.count);
		capture_bytes_hex(&frame, written[i].frame);
		capture = capture_file_open();
		assert_true(capture_file_next(capture, &packet));
		assert_int_equal(packet.number, 1);
		assert_int_equal(packet.captured, frame.count);
		assert_memory_equal(packet.frame, frame.list, frame.count);
		assert_int_equal(packet.length,
				 written[i].frame_length ? written[i].frame_length : frame.count);
		assert_int_equal(packet.raw_captured, capture_bytes_hex_size(written[i].packet));
		assert_true(packet.matches);
		assert_false(capture_file_next(capture, &packet));
		capture_close(capture);
	}
}

static void times_are_nanoseconds(void **unused)
{
	static const struct {
		uint32_t magic;
		bool big_endian;
		uint32_t seconds;
		uint64_t time;
	} cases[] = {
		{ 0xa1b2c3d4, false, 1700000000, 1700000000000007000u },
		{ 0xa1b2c3d4, true, 1700000000, 1700000000000007000u },
		{ 0xa1b23c4d, false, 1700000000, 1700000000000000007u },
		{ 0xa1b23c4d, true, 1700000000, 1700000000000000007u },
		/* after 2038-01-19 */
		{ 0xa1b2c3d4, false, 2147483648, 2147483648000007000u },
		{ 0xa1b2c3d4, true, 4294967295, 4294967295000007000u },
		{ 0xa1b23c4d, false, 4294967295, 4294967295000000007u },
		{ 0xa1b23c4d, true, 2147483648, 2147483648000000007u },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture_bytes bytes = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		capture_bytes_header(&bytes, cases[i].magic, 1, cases[i].big_endian);
		capture_bytes_packet(&bytes, cases[i].seconds, 7, IP4, 0, cases[i].big_endian);
		capture = capture_file_of(&bytes);
		assert_true(capture_file_next(capture, &packet));
		assert_int_equal(packet.time, cases[i].time);
		assert_int_equal(capture_has_nanoseconds(capture), cases[i].magic == 0xa1b23c4d);
		capture_close(capture);
	}
}

/* ---- what is no capture, or damaged -------------------------------------------------------------- */

static char *refusal(const struct capture_bytes *bytes)
{
	struct capture *capture = NULL;
	struct diags diags = { 0 };
	char *text;

	capture_bytes_save(bytes, capture_file_path, bytes->count);
	assert_true(capture_open(capture_file_path, "replay test", &capture, &diags) < 0);
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
	struct capture_bytes radio = { 0 };
	autofree char *text = NULL;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture_bytes bytes = { 0 };
		autofree char *said = NULL;

		capture_bytes_hex(&bytes, cases[i].bytes);
		said = refusal(&bytes);
		assert_non_null(strstr(said, cases[i].why));
		assert_non_null(strstr(said, cases[i].hint));
		assert_int_equal(capture_is_one(capture_file_path), i == 3);
	}
	capture_bytes_header(&radio, 0xa1b2c3d4, 127, false);
	text = refusal(&radio);
	assert_non_null(strstr(text, "link type, IEEE802_11_RADIO (127)"));
	assert_false(capture_is_one("/nonexistent"));
}

/* Whole packets are read; then the damage is told, with the packet's number. */
static void a_cut_off_file_is_read_up_to_there(void **unused)
{
	struct capture_bytes bytes = { 0 };
	size_t ends[4];

	(void)unused;
	capture_bytes_header(&bytes, 0xa1b2c3d4, 1, false);
	ends[0] = bytes.count;
	for (size_t i = 1; i < COUNT(ends); i++) {
		capture_bytes_packet(&bytes, 1, 0, "0102030405060708090a0b0c0800" IP4, 0, false);
		ends[i] = bytes.count;
	}
	for (size_t size = ends[0]; size <= bytes.count; size++) {
		struct capture_packet packet;
		struct diags diags = { 0 };
		struct capture *capture;
		uint64_t packets = 0;
		int got;

		capture_bytes_save(&bytes, capture_file_path, size);
		capture = capture_file_open();
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

/* A generator of its own: the same files on every machine. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

#define DAMAGED 3000

/* Whatever its bytes are, a file is read to some end, and nothing is read that isn't there. */
static void damage_is_no_crash(void **unused)
{
	static const int types[] = { 1, 101, 113, 276, 0 };
	const struct host host = { 0 };
	uint32_t random = 1;

	(void)unused;
	for (int i = 0; i < DAMAGED; i++) {
		struct capture_bytes bytes = { 0 };
		struct capture *capture = NULL;
		struct capture_packet packet;
		struct diags diags = { 0 };

		if (i % 2)
			capture_bytes_pcapng(&bytes, 6, 7, "0102030405060708090a0b0c86dd" IP6);
		else
			capture_bytes_header(&bytes, 0xa1b2c3d4, types[i % 5], false);
		for (int j = 0; j < 3 && !(i % 2); j++)
			capture_bytes_packet(&bytes, 1, 0, "0102030405060708090a0b0c0800" IP4, 0,
					     false);
		for (uint32_t j = next_random(&random) % 6; j > 0; j--)
			bytes.list[next_random(&random) % bytes.count] =
				(uint8_t)next_random(&random);
		capture_bytes_save(&bytes, capture_file_path,
				   bytes.count - next_random(&random) % 40);
		if (!capture_open(capture_file_path, "replay test", &capture, &diags)) {
			while (capture_next(capture, &packet, &diags) == 1) {
				uint8_t *exact = malloc(packet.captured ? packet.captured : 1);

				memcpy(exact, packet.frame, packet.captured);
				assert_true(packet.captured <= packet.length);
				headers_length(exact, packet.captured, packet.length, true);
				host_direction(&host, exact, packet.captured);
				free(exact);
			}
		}
		capture_close(capture);
		diags_clear(&diags);
	}
}

/* ---- filter ----------------------------------------------------------------------------------- */

static void two_packets(struct capture_bytes *bytes, uint32_t magic)
{
	capture_bytes_header(bytes, magic, 1, false);
	capture_bytes_packet(bytes, 1700000000, 7, "0102030405060708090a0b0c0800" IP4, 1514, false);
	capture_bytes_packet(bytes, 1700000000, 3, "0102030405060708090a0b0c86dd" IP6, 0, false);
	capture_bytes_save(bytes, capture_file_path, bytes->count);
}

static void a_filter_says_what_matches(void **unused)
{
	struct capture_bytes bytes = { 0 };
	struct capture_packet packet;
	struct diags diags = { 0 };
	struct capture *capture;
	autofree char *text = NULL;

	(void)unused;
	two_packets(&bytes, 0xa1b2c3d4);
	capture = capture_file_open();
	assert_int_equal(capture_filter(capture, "ip6", &diags), 0);
	assert_true(capture_file_next(capture, &packet));
	assert_false(packet.matches);
	assert_true(capture_file_next(capture, &packet));
	assert_true(packet.matches);
	capture_close(capture);
	capture = capture_file_open();
	assert_true(capture_filter(capture, "port nowhere", &diags) < 0);
	text = diag_text_all(&diags);
	assert_non_null(strstr(text, "the filter 'port nowhere': "));
	assert_non_null(strstr(text, "man pcap-filter"));
	assert_int_equal(diags_exit_status(&diags), 1);
	diags_clear(&diags);
	capture_close(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types_become_ethernet),
		cmocka_unit_test(times_are_nanoseconds),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_cut_off_file_is_read_up_to_there),
		cmocka_unit_test(damage_is_no_crash),
		cmocka_unit_test(a_filter_says_what_matches),
	};

	return cmocka_run_group_tests(tests, capture_file_begin, capture_file_end);
}
