// SPDX-License-Identifier: GPL-2.0-only
/* Captures in pcapng: resolutions, several interfaces and sections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "tests/lib/capture_bytes.h"
#include "tests/lib/capture_file.h"
#include "user/base/cleanup.h"
#include "user/packet/capture.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* The beginning of an IPv4 packet: more is not looked at. */
#define IP4 "45000014000000004011"

static void pcapng_is_read(void **unused)
{
	static const struct {
		int resolution; /* if_tsresol */
		uint64_t time;
	} cases[] = { { 6, 5000000u }, { 9, 5000u }, { 0x80 | 10, 4882812u } };

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture_bytes bytes = { 0 };
		struct capture_packet packet;
		struct capture *capture;

		capture_bytes_pcapng(&bytes, cases[i].resolution, 5000,
				     "0102030405060708090a0b0c0800" IP4);
		capture_bytes_save(&bytes, capture_file_path, bytes.count);
		assert_true(capture_is_one(capture_file_path));
		capture = capture_file_open();
		assert_true(capture_file_next(capture, &packet));
		assert_int_equal(packet.captured, 24);
		/* 5,000 of 2^-10 s is a little below 5 s: libpcap rounds */
		if (cases[i].resolution == (0x80 | 10))
			assert_int_equal(packet.time / 1000000, 4882);
		else
			assert_int_equal(packet.time, cases[i].time);
		capture_close(capture);
	}
}

#define ETHERNET_IP4 "0102030405060708090a0b0c0800" IP4

/* Each interface has a resolution of its own; simple packets have no time. */
static void pcapng_of_several_interfaces_is_read(void **unused)
{
	static const uint64_t times[] = { 1000000000u, 2000000000u, 3000000000u, 4000000000u, 0 };
	struct capture_bytes bytes = { 0 };
	struct capture_packet packet;
	struct capture *capture;

	(void)unused;
	capture_bytes_section(&bytes);
	capture_bytes_interface(&bytes, 1, 0, -1);
	capture_bytes_interface(&bytes, 1, 0, 9);
	capture_bytes_enhanced(&bytes, 0, 1000000, ETHERNET_IP4, 0);
	capture_bytes_enhanced(&bytes, 1, 2000000000, ETHERNET_IP4, 60);
	capture_bytes_interface(&bytes, 1, 0, 0x80 | 20);
	capture_bytes_enhanced(&bytes, 2, 3u << 20, ETHERNET_IP4, 0);
	/* a section begins anew: its first interface is another one */
	capture_bytes_section(&bytes);
	capture_bytes_interface(&bytes, 1, 0, 3);
	capture_bytes_enhanced(&bytes, 0, 4000, ETHERNET_IP4, 0);
	capture_bytes_simple(&bytes, ETHERNET_IP4);
	capture = capture_file_of(&bytes);
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_true(capture_file_next(capture, &packet));
		assert_int_equal(packet.number, i + 1);
		assert_int_equal(packet.time, times[i]);
		assert_int_equal(packet.captured, 24);
		assert_int_equal(packet.length, i == 1 ? 60 : 24);
	}
	assert_false(capture_file_next(capture, &packet));
	assert_true(capture_has_nanoseconds(capture));
	capture_close(capture);
}

/* libpcap wants them alike. The file is not damaged, and what stands before is read. */
static void pcapng_of_unlike_interfaces_is_read_up_to_there(void **unused)
{
	static const struct {
		int type;
		uint32_t snaplen;
		const char *why, *hint;
	} cases[] = {
		{ 101, 128, "a type 101 different", "taken apart: docs/replay.md" },
		{ 1, 96, "a snapshot length 96 different", "editcap -F nsecpcap FILE OTHER" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture_bytes bytes = { 0 };
		struct capture_packet packet;
		struct diags diags = { 0 };
		struct capture *capture;
		autofree char *text = NULL;

		capture_bytes_section(&bytes);
		capture_bytes_interface(&bytes, 1, 128, 6);
		capture_bytes_enhanced(&bytes, 0, 7, ETHERNET_IP4, 0);
		capture_bytes_interface(&bytes, cases[i].type, cases[i].snaplen, 6);
		capture_bytes_enhanced(&bytes, 1, 7, IP4, 0);
		capture = capture_file_of(&bytes);
		assert_true(capture_file_next(capture, &packet));
		assert_true(capture_next(capture, &packet, &diags) < 0);
		text = diag_text_all(&diags);
		assert_non_null(strstr(text, "packet 2: "));
		assert_non_null(strstr(text, cases[i].why));
		assert_non_null(strstr(text, cases[i].hint));
		diags_clear(&diags);
		capture_close(capture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcapng_is_read),
		cmocka_unit_test(pcapng_of_several_interfaces_is_read),
		cmocka_unit_test(pcapng_of_unlike_interfaces_is_read_up_to_there),
	};

	return cmocka_run_group_tests(tests, capture_file_begin, capture_file_end);
}
