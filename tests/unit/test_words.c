// SPDX-License-Identifier: GPL-2.0-only
/* Packets in words: what is read, what is refused and where, and the bytes that they become. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/frame.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/packet/wire.h"
#include "user/packet/hex.h"
#include "user/policy/expect.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static int parse(const char *text, struct policy_expectation *line, struct diags *diags)
{
	struct source *source = source_new("packet", text, strlen(text));
	const struct place place = {
		.source = source, .line = 1, .column = 1, .length = strlen(text)
	};
	int error;

	assert_non_null(source);
	error = expect_parse(&place, text, line, diags);
	source_release(source);
	return error;
}

static struct words_packet packet_of(const char *text)
{
	struct policy_expectation line;
	struct words_packet packet;
	struct diags diags = { 0 };

	if (parse(text, &line, &diags))
		fail_msg("%s: %s", text, diags.list[0].why);
	packet = line.packet;
	expect_free_line(&line);
	return packet;
}

/* ---- words and back ------------------------------------------------------------------------------ */

/* NULL: as they stand. */
static const struct sample {
	const char *words, *canonical;
} samples[] = {
	{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061",
	  "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 flags=S" },
	{ "out tcp [2001:db8::10]:5061 > [2001:db8::7]:40000 flags=SA", NULL },
	{ "in tcp 198.51.100.7:0 > 192.0.2.10:65535 flags=none", NULL },
	{ "in tcp 198.51.100.7:1 > 192.0.2.10:2 flags=FSRPAUEW", NULL },
	{ "in tcp 198.51.100.7:1 > 192.0.2.10:2 flags=.",
	  "in tcp 198.51.100.7:1 > 192.0.2.10:2 flags=A" },
	{ " in\tudp  198.51.100.7:1 >\n192.0.2.10:2 ", "in udp 198.51.100.7:1 > 192.0.2.10:2" },
	{ "in 17 198.51.100.7:1 > 192.0.2.10:2", "in udp 198.51.100.7:1 > 192.0.2.10:2" },
	{ "in gre 198.51.100.7 > 192.0.2.10", "in 47 198.51.100.7 > 192.0.2.10" },
	{ "in 253 [2001:db8::1] > 2001:db8::2", "in 253 2001:db8::1 > 2001:db8::2" },
	{ "in sctp 198.51.100.7:1 > 192.0.2.10:2", NULL },
	{ "in sctp 198.51.100.7:1 > 192.0.2.10:2 chunk=0", NULL },
	{ "in icmp 198.51.100.7 > 192.0.2.10",
	  "in icmp 198.51.100.7 > 192.0.2.10 type=echo-request echo=1" },
	{ "in icmp 198.51.100.7 > 192.0.2.10 type echo-reply echo=77",
	  "in icmp 198.51.100.7 > 192.0.2.10 type=echo-reply echo=77" },
	{ "in icmp 198.51.100.7 > 192.0.2.10 type=200 code=3", NULL },
	{ "in icmpv6 fe80::1 > ff02::1 type=134",
	  "in icmpv6 fe80::1 > ff02::1 type=nd-router-advert" },
	{ "in icmpv6 fe80::1 > ff02::1 type=nd-router-advert ttl=64", NULL },
	{ "in icmp 203.0.113.1 > 192.0.2.10 type=3 code=4 about udp 192.0.2.10:1 > 198.51.100.7:2",
	  "in icmp 203.0.113.1 > 192.0.2.10 type=destination-unreachable code=4 about udp "
	  "192.0.2.10:1 > 198.51.100.7:2" },
	{ "in arp 192.0.2.1 > 192.0.2.10", NULL },
	{ "in arp 192.0.2.1 > 192.0.2.10 vlan=7 len=64", NULL },
	{ "in udp 198.51.100.7:1 > 192.0.2.10:2 vlan=7 vlan=4095", NULL },
	{ "in udp 198.51.100.7:1 > 192.0.2.10:2 len=1514 vlan=1",
	  "in udp 198.51.100.7:1 > 192.0.2.10:2 vlan=1 len=1514" },
	{ "in udp 198.51.100.7:1 > 192.0.2.10:2 frag=0+ id=9", NULL },
	{ "in udp 198.51.100.7:1 > 192.0.2.10:2 ttl=1 payload=00ff", NULL },
	{ "in udp 198.51.100.7:1 > 192.0.2.10:2 wait=1h",
	  "in udp 198.51.100.7:1 > 192.0.2.10:2 wait=3600s" },
};

static void words_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct words_packet packet = packet_of(samples[i].words), again;
		autofree char *text = words_text(&packet), *second = NULL;

		assert_string_equal(text,
				    samples[i].canonical ? samples[i].canonical : samples[i].words);
		again = packet_of(text);
		second = words_text(&again);
		assert_string_equal(second, text);
	}
}

/* What the headers can't carry back: time, and what words leave to the bytes. */
static void bytes_say_what_the_words_said(void **state)
{
	static uint8_t bytes[WIRE_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct words_packet packet = packet_of(samples[i].words), read;
		size_t least, size = wire_write(&packet, bytes, &least);
		autofree char *text = NULL, *back = NULL;

		assert_true(size >= 14);
		assert_true(wire_read(bytes, size, packet.direction, &read));
		packet.length = read.length = 0;
		packet.wait = 0;
		packet.payload_size = 0;
		text = words_text(&packet);
		back = words_text(&read);
		assert_string_equal(back, text);
		/* any head of it can be read without harm */
		for (size_t cut = 0; cut < size && cut < 200; cut++) {
			autofree uint8_t *head = malloc(cut + 1);

			memcpy(head, bytes, cut);
			wire_read(head, cut, POLICY_IN, &read);
		}
	}
}

/* The same but for identification, sequence numbers, windows and the fill of what nobody reads. */
static bool wire_same(const uint8_t *ours, const uint8_t *theirs, size_t size)
{
	struct words_packet one, other;
	uint8_t frame[2][256] = { 0 };
	autofree char *text = NULL, *second = NULL;

	memcpy(frame[0] + 14, ours, size);
	memcpy(frame[1] + 14, theirs, size);
	for (size_t i = 0; i < 2; i++) {
		frame[i][12] = ours[0] >> 4 == 4 ? 0x08 : 0x86;
		frame[i][13] = ours[0] >> 4 == 4 ? 0x00 : 0xdd;
	}
	assert_true(wire_read(frame[0], size + 14, POLICY_IN, &one));
	assert_true(wire_read(frame[1], size + 14, POLICY_IN, &other));
	one.id = other.id = 0;
	text = words_text(&one);
	second = words_text(&other);
	return !strcmp(text, second);
}

/* The same frames as those of the tests' own words, which were written by somebody else. */
static void bytes_are_those_of_other_words(void **state)
{
	static const struct pair {
		const char *ours, *theirs;
	} pairs[] = {
		{ "in tcp 198.51.100.7:40000 > 192.0.2.10:5061",
		  "in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn" },
		{ "in tcp [2001:db8::7]:40000 > [2001:db8::10]:5061 flags=FA",
		  "in tcp [2001:db8::7]:40000 > [2001:db8::10]:5061 fin ack" },
		{ "in udp 198.51.100.7:1 > 192.0.2.10:2 payload=0011",
		  "in udp 198.51.100.7:1 > 192.0.2.10:2 data=x0011" },
		{ "in icmp 198.51.100.7 > 192.0.2.10 echo=5 ",
		  "in icmp 198.51.100.7 > 192.0.2.10 type=8 echo=5 data=0" },
		{ "in sctp 198.51.100.7:1 > 192.0.2.10:2",
		  "in sctp 198.51.100.7:1 > 192.0.2.10:2 chunk=1 data=0" },
	};
	static uint8_t bytes[WIRE_SIZE_MAX];
	static struct frame_bytes frame;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct words_packet packet = packet_of(pairs[i].ours);
		size_t least, size = wire_write(&packet, bytes, &least);

		frame_write(pairs[i].theirs, &frame);
		assert_int_equal(size, frame.length);
		/* behind the Ethernet header, without what both choose freely */
		assert_true(wire_same(bytes + 14, frame.bytes + 14, size - 14));
	}
}

/* ---- what is refused ------------------------------------------------------------------------------ */

#define SOUND "in tcp 192.0.2.1:1 > 192.0.2.10:2 " /* the 34 characters in front of what is wrong */

static const struct refused {
	const char *words;
	unsigned int column; /* where the underline begins */
	const char *why, *hint;
} refusals[] = {
	{ "tcp 192.0.2.1:1 > 192.0.2.10:2", 1, "begins with 'in' or 'out', not 'tcp'",
	  "write it like" },
	{ "", 1, "begins with 'in' or 'out'", "write it like" },
	{ "in", 3, "a protocol is missing", "write tcp, udp" },
	{ "in tpc 192.0.2.1:1 > 192.0.2.10:2", 4, "'tpc' is no protocol", "did you mean 'tcp'" },
	{ "in 256 192.0.2.1 > 192.0.2.10", 4, "'256' is no protocol", "0 to 255" },
	{ "in tcp", 7, "an address is missing", "write it like 192.0.2.10:443" },
	{ "in tcp 192.0.2.1:1", 19, "'>' is missing", "SOURCE > DESTINATION" },
	{ "in tcp 192.0.2.1:1 192.0.2.10:2", 20, "'>' is missing", "SOURCE > DESTINATION" },
	{ "in tcp 192.0.2.1:1 >", 21, "an address is missing", "" },
	{ "in tcp 192.0.2.1 > 192.0.2.10:2", 8, "'192.0.2.1' has no port", "write 192.0.2.1:PORT" },
	{ "in tcp 2001:db8::1 > [2001:db8::2]:2", 8, "has no port", "write [2001:db8::1]:PORT" },
	{ "in tcp 192.0.2.1:65536 > 192.0.2.10:2", 8, "'65536' is no port", "0 to 65535" },
	{ "in tcp 192.0.2.1: > 192.0.2.10:2", 8, "'' is no port", "0 to 65535" },
	{ "in tcp 192.0.2.1:1 > [2001:db8::2]:2", 22, "one end is IPv4, the other IPv6",
	  "one family" },
	{ "in tcp 192.0.2.256:1 > 192.0.2.10:2", 8, "is no address", "addresses look like" },
	{ "in tcp edge:1 > 192.0.2.10:2", 8, "'edge' is no address", "addresses look like" },
	{ "in tcp 192.0.2.0/24 > 192.0.2.10:2", 8, "is a prefix", "one address of it" },
	{ "in icmp 192.0.2.1:8 > 192.0.2.10", 9, "has no ports", "leave ':8' out" },
	{ "in icmp 2001:db8::1 > 2001:db8::2", 21, "icmp is not carried by IPv6", "icmpv6 IPv6's" },
	{ "in arp 2001:db8::1 > 2001:db8::2", 33, "ARP is IPv4's", "neighbor discovery" },
	{ "in udp 192.0.2.1:1 > 192.0.2.10:2 flags=S", 35, "'flags' does not fit", "only TCP" },
	{ SOUND "flags=X", 35, "'X' is no TCP flag", "tcpdump" },
	{ SOUND "flags=", 35, "'flags' has no value", "flags=SA" },
	{ SOUND "flsgs=S", 35, "'flsgs=S' is nothing", "did you mean 'flags='" },
	{ SOUND "now", 35, "'now' is nothing", "" },
	{ SOUND "vlan=4096", 35, "'vlan' can't be '4096'", "0 to 4095" },
	{ SOUND "len=13", 35, "'len' can't be '13'", "14 to" },
	{ SOUND "frag=7", 35, "'frag' can't be '7'", "multiple of 8" },
	{ SOUND "frag=+", 35, "'frag' can't be '+'", "multiple of 8" },
	{ SOUND "id=65536", 35, "'id' can't be", "65535" },
	{ SOUND "wait=6", 35, "'wait' can't be '6'", "90s" },
	{ SOUND "payload=0", 35, "bytes in hex", "payload=0001" },
	{ SOUND "payload=0g", 35, "'g' is no hex digit", "payload=0001" },
	{ SOUND "type=8", 35, "'type' does not fit", "only icmp" },
	{ "in icmp 192.0.2.1 > 192.0.2.10 type=echo-requst", 32, "no type of icmp",
	  "echo-request" },
	{ "in icmp 192.0.2.1 > 192.0.2.10 type echo-requst", 37, "no type of icmp",
	  "echo-request" },
	{ "in icmp 192.0.2.1 > 192.0.2.10 about", 37, "a protocol is missing", "" },
	{ "in icmp 192.0.2.1 > 192.0.2.10 about udp 192.0.2.10:1 > 192.0.2.1:2 about udp", 69,
	  "'about' stands twice", "one packet" },
	{ SOUND "about udp", 35, "'about' does not fit", "ICMP errors" },
	{ SOUND "after", 40, "begins with 'in' or 'out'", "" },
	{ SOUND "after out", 44, "a protocol is missing", "" },
	{ SOUND "vlan=1 vlan=1 vlan=1 vlan=1 vlan=1", 63, "more than 4 VLAN tags", "" },
};

static void what_is_wrong_is_named_and_underlined(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct policy_expectation line;
		struct diags diags = { 0 };

		if (!parse(refusals[i].words, &line, &diags))
			fail_msg("'%s' was read", refusals[i].words);
		assert_int_equal(diags.count, 1);
		if (!strstr(diags.list[0].why, refusals[i].why) || !diags.list[0].hint ||
		    !strstr(diags.list[0].hint, refusals[i].hint) ||
		    diags.list[0].place.column != refusals[i].column)
			fail_msg("'%s': column %u: %s: %s", refusals[i].words,
				 diags.list[0].place.column, diags.list[0].why,
				 diags.list[0].hint ? diags.list[0].hint : "(no hint)");
		diags_clear(&diags);
	}
}

/* Nothing that is cut off or damaged is read past its end. */
static void damaged_words_do_no_harm(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < COUNT(samples) * 400; i++) {
		autofree char *text = strdup(samples[i % COUNT(samples)].words);
		size_t length = strlen(text);
		struct policy_expectation line = { 0 };
		struct diags diags = { 0 };

		random = random * 1664525u + 1013904223u;
		text[(random >> 8) % length] = "\0 >=[]:.after0x9S"[(random >> 24) % 18];
		if (!parse(text, &line, &diags))
			expect_free_line(&line);
		diags_clear(&diags);
	}
}

static void an_answer_opens_nothing(void **state)
{
	struct policy_expectation line;
	struct diags diags = { 0 };

	(void)state;
	assert_int_equal(parse("in tcp 198.51.100.7:5061 > 192.0.2.10:40000 after "
			       "out tcp 192.0.2.10:40000 > 198.51.100.7:5061",
			       &line, &diags),
			 0);
	assert_int_equal(line.before_count, 1);
	assert_int_equal(line.before[0].tcp_flags, WORDS_SYN);
	assert_int_equal(line.packet.tcp_flags, WORDS_ACK);
	expect_free_line(&line);
	/* the same port is not enough, and what is said stands */
	assert_int_equal(parse("in tcp 198.51.100.7:5061 > 192.0.2.10:40001 after "
			       "out tcp 192.0.2.10:40000 > 198.51.100.7:5061",
			       &line, &diags),
			 0);
	assert_int_equal(line.packet.tcp_flags, WORDS_SYN);
	expect_free_line(&line);
	assert_int_equal(parse("in tcp 198.51.100.7:5061 > 192.0.2.10:40000 flags=S after "
			       "out tcp 192.0.2.10:40000 > 198.51.100.7:5061",
			       &line, &diags),
			 0);
	assert_int_equal(line.packet.tcp_flags, WORDS_SYN);
	expect_free_line(&line);
}

static void hex_is_read_strictly(void **state)
{
	static const struct wrong_hex {
		const char *text;
		int error;
		size_t fault;
	} wrong[] = {
		{ "0011223344", -ERANGE, 8 }, { "00112233 4", -ERANGE, 9 }, { "0", -EINVAL, 1 },
		{ "00 0 0", -EINVAL, 4 },     { "0x00", -EINVAL, 1 },       { "00 g0", -EINVAL, 3 },
		{ "00 0g", -EINVAL, 4 },      { "", -ENODATA, 0 },          { " : ", -ENODATA, 3 },
		{ "0:0", -EINVAL, 1 },        { "00\xe4", -EINVAL, 2 },
	};
	const char *fault = NULL;
	uint8_t bytes[4];
	size_t size;

	(void)state;
	assert_int_equal(hex_read("00 fF:1a\n", bytes, sizeof(bytes), &size, &fault), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "\x00\xff\x1a", 3);
	assert_int_equal(hex_read("00112233", bytes, sizeof(bytes), &size, &fault), 0);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		int error = hex_read(wrong[i].text, bytes, sizeof(bytes), &size, &fault);

		if (error != wrong[i].error || fault != wrong[i].text + wrong[i].fault)
			fail_msg("'%s': %d at '%s'", wrong[i].text, error, fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_read_and_written),
		cmocka_unit_test(bytes_say_what_the_words_said),
		cmocka_unit_test(bytes_are_those_of_other_words),
		cmocka_unit_test(what_is_wrong_is_named_and_underlined),
		cmocka_unit_test(damaged_words_do_no_harm),
		cmocka_unit_test(an_answer_opens_nothing),
		cmocka_unit_test(hex_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
