/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures that tests replay: one packet in each link type becomes one and the same Ethernet frame. */
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

#include "tests/lib/capture.h"

#define SNAPLEN 65535
#define HEX_MAX 128

/* The beginning of an IPv4 and of an IPv6 packet: more is not looked at. */
#define IP4 "45000014000000004011"
#define IP6 "6000000000003b40"

static const struct written {
	int type;
	const char *packet;
	const char *frame; /* that is read; NULL: an error */
} table[] = {
	{ DLT_EN10MB, "0102030405060708090a0b0c0800" IP4, "0102030405060708090a0b0c0800" IP4 },
	{ DLT_EN10MB, "", "" },
	{ DLT_RAW, IP4, "0000000000000000000000000800" IP4 },
	{ DLT_RAW, IP6, "00000000000000000000000086dd" IP6 },
	{ DLT_IPV4, IP4, "0000000000000000000000000800" IP4 },
	{ DLT_IPV6, IP6, "00000000000000000000000086dd" IP6 },
	/* type, kind of device, length of its address, address, protocol */
	{ DLT_LINUX_SLL, "0000000100060708090a0b0c00000800" IP4,
	  "0000000000000708090a0b0c0800" IP4 },
	{ DLT_LINUX_SLL, "00040304000000000000000000000800" IP4,
	  "0000000000000000000000000800" IP4 },
	{ DLT_LINUX_SLL, "0001000100060708090a0b0c00000004424203",
	  "0000000000000708090a0b0c0003424203" },
	{ DLT_LINUX_SLL, "0000000100060708090a0b0c000008", NULL },
	/* protocol, device, its kind, type, length of its address, address */
	{ DLT_LINUX_SLL2, "86dd000000000002000100060708090a0b0c0000" IP6,
	  "0000000000000708090a0b0c86dd" IP6 },
	{ DLT_LINUX_SLL2, "0800000000000002030404000000000000000000" IP4,
	  "0000000000000000000000000800" IP4 },
	{ DLT_LINUX_SLL2, "08000000000000020304040000000000000000", NULL },
	{ DLT_RAW, "", NULL },
};

static char path[] = "/tmp/edgegate-capture-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static size_t from_hex(const char *text, uint8_t *bytes)
{
	size_t size = strlen(text) / 2;

	for (size_t i = 0; i < size; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return size;
}

/* `count` times the same packet; of each, `cut` bytes were left out. */
static void write_file(int type, const char *packet, unsigned int count, unsigned int cut)
{
	pcap_t *pcap =
		pcap_open_dead_with_tstamp_precision(type, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *file = pcap_dump_open(pcap, path);
	struct pcap_pkthdr header = { .ts = { .tv_sec = 1359676800, .tv_usec = 123456789 } };
	uint8_t bytes[HEX_MAX];

	assert_non_null(file);
	header.caplen = (bpf_u_int32)from_hex(packet, bytes);
	header.len = header.caplen + cut;
	while (count--)
		pcap_dump((u_char *)file, &header, bytes);
	pcap_dump_close(file);
	pcap_close(pcap);
}

static void check_packet(const struct written *written, const struct capture_packet *packet,
			 unsigned int cut)
{
	uint8_t bytes[HEX_MAX];
	size_t size = from_hex(written->frame, bytes);

	if (packet->length != size || memcmp(packet->bytes, bytes, size) != 0)
		fail_msg("%s: %zu bytes, or others than %s", written->packet, packet->length,
			 written->frame);
	assert_int_equal(packet->wire_length, size + cut);
	assert_true(packet->time == 1359676800123456789u);
}

static void every_link_type_becomes_ethernet(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct capture_packet packet = { 0 };
		struct capture *capture = NULL;
		struct diags diags = { 0 };

		write_file(table[i].type, table[i].packet, 2, 0);
		assert_int_equal(capture_open(path, &capture, &diags), 0);
		if (!table[i].frame) {
			assert_true(capture_next(capture, &packet, &diags) < 0);
			assert_null(packet.bytes);
			assert_string_equal(diags.list[0].what, "read a capture");
		} else {
			assert_int_equal(capture_next(capture, &packet, &diags), 1);
			check_packet(&table[i], &packet, 0);
			assert_int_equal(capture_next(capture, &packet, &diags), 1);
			check_packet(&table[i], &packet, 0);
			assert_int_equal(capture_next(capture, &packet, &diags), 0);
			assert_false(diags.failed);
		}
		capture_close(capture);
		diags_clear(&diags);
	}
}

static void what_was_cut_off_is_known(void **state)
{
	static const struct written raw = { DLT_RAW, IP4, "0000000000000000000000000800" IP4 };
	struct capture_packet packet;
	struct capture *capture;
	struct diags diags = { 0 };

	(void)state;
	write_file(raw.type, raw.packet, 1, 1480);
	assert_int_equal(capture_open(path, &capture, &diags), 0);
	assert_int_equal(capture_next(capture, &packet, &diags), 1);
	check_packet(&raw, &packet, 1480);
	capture_close(capture);
}

static void expect_refusal(const char *file, const char *said)
{
	struct capture *capture = NULL;
	struct diags diags = { 0 };

	assert_true(capture_open(file, &capture, &diags) < 0);
	assert_null(capture);
	if (!strstr(diags.list[0].why, said))
		fail_msg("'%s', without '%s'", diags.list[0].why, said);
	diags_clear(&diags);
}

static void what_can_not_be_read_is_said(void **state)
{
	struct capture_packet packet;
	struct capture *capture;
	struct diags diags = { 0 };
	struct stat stat_buffer;

	(void)state;
	expect_refusal("/nowhere/at/all", "No such file");
	expect_refusal("/dev/null", "truncated");
	write_file(DLT_PPP, "00", 1, 0);
	expect_refusal(path, "its link type is");
	/* in the middle of the second packet */
	write_file(DLT_RAW, IP4, 2, 0);
	assert_int_equal(stat(path, &stat_buffer), 0);
	assert_int_equal(truncate(path, stat_buffer.st_size - 1), 0);
	assert_int_equal(capture_open(path, &capture, &diags), 0);
	assert_int_equal(capture_next(capture, &packet, &diags), 1);
	assert_true(capture_next(capture, &packet, &diags) < 0);
	assert_non_null(strstr(diags.list[0].why, path));
	capture_close(capture);
	diags_clear(&diags);
	capture_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_type_becomes_ethernet),
		cmocka_unit_test(what_was_cut_off_is_known),
		cmocka_unit_test(what_can_not_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
