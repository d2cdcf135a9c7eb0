// SPDX-License-Identifier: GPL-2.0-only
/* Whose packets go out: spec section 4, `replay --host`; and the guess where nobody says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "tests/lib/frame.h"
#include "user/base/text.h"
#include "user/packet/host.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void add(struct host *host, const char *address, unsigned int bits)
{
	struct host_prefix prefix = { .family = strchr(address, ':') ? 6 : 4, .bits = bits };

	assert_int_equal(
		inet_pton(prefix.family == 6 ? AF_INET6 : AF_INET, address, prefix.address), 1);
	assert_int_equal(host_add(host, &prefix), 0);
}

/* Each is written for the direction that it has. 192.0.2.0/25 and 2001:db8::/33 are the host's. */
static const char *const directions[] = {
	"out tcp 192.0.2.10:1 > 198.51.100.7:2 syn",
	"out tcp 192.0.2.127:1 > 198.51.100.7:2 syn",
	"in tcp 192.0.2.128:1 > 198.51.100.7:2 syn",
	"in tcp 198.51.100.7:2 > 192.0.2.10:1 syn",
	"in tcp 198.51.100.7:2 > 198.51.100.8:1 syn",
	/* from and to the host */
	"in tcp 192.0.2.10:1 > 192.0.2.11:2 syn",
	"out udp [2001:db8:7fff::1]:1 > [2001:db9::1]:2",
	"in udp [2001:db8:8000::1]:1 > [2001:db9::1]:2",
	"out udp 192.0.2.10:1 > 198.51.100.7:2 tag=8100",
	"out udp [2001:db8::1]:1 > [2001:db9::1]:2 tag=88a8 tag=8100",
	"out 47 192.0.2.10 > 198.51.100.7 options=01010101",
	"out udp 192.0.2.10:1 > 198.51.100.7:2 id=7 offset=64",
	/* a third tag is not looked through */
	"in udp 192.0.2.10:1 > 198.51.100.7:2 tag=88a8 tag=88a8 tag=8100",
	/* frames without an address */
	"in eth 01:80:c2:00:00:02 8809 data=110",
	"in udp 192.0.2.10:1 > 198.51.100.7:2 version=5",
	/* who asks for an address by DHCP has none */
	"out udp 0.0.0.0:68 > 255.255.255.255:67 data=300",
	"out udp 0.0.0.0:68 > 255.255.255.255:67 data=300 options=01010101",
	"in udp 0.0.0.0:67 > 255.255.255.255:68 data=300",
	"in tcp 0.0.0.0:68 > 255.255.255.255:67 syn",
	"in udp 0.0.0.0:68 > 255.255.255.255:67 data=300 offset=64",
	"in udp 198.51.100.7:68 > 198.51.100.8:67 data=300",
};

static void packets_from_the_host_go_out(void **unused)
{
	struct host host = { 0 };

	(void)unused;
	add(&host, "192.0.2.0", 25);
	add(&host, "2001:db8::", 33);
	for (size_t i = 0; i < COUNT(directions); i++) {
		static struct frame_bytes frame;
		enum direction direction;

		frame_write(directions[i], &frame);
		direction = host_direction(&host, frame.bytes, (uint32_t)frame.length);
		if (direction != (frame.out ? DIRECTION_OUT : DIRECTION_IN))
			fail_msg("%s", directions[i]);
		/* never a byte behind what is there; and what isn't there is nobody's */
		for (uint32_t captured = 0; captured < frame.length; captured++) {
			uint8_t *cut = test_malloc(captured ? captured : 1);

			memcpy(cut, frame.bytes, captured);
			if (captured < 34)
				assert_int_equal(host_direction(&host, cut, captured),
						 DIRECTION_IN);
			else
				host_direction(&host, cut, captured);
			test_free(cut);
		}
	}
	host_free(&host);
}

/* Sender 192.0.2.10, whom it asks for is the byte. */
static void arp_goes_by_its_sender(void **unused)
{
	static struct frame_bytes frame;
	struct host host = { 0 };

	(void)unused;
	add(&host, "192.0.2.10", 32);
	frame_write("in arp", &frame);
	memcpy(frame.bytes + 28, "\xc0\x00\x02\x0a", 4);
	assert_int_equal(host_direction(&host, frame.bytes, 42), DIRECTION_OUT);
	/* an announcement: for its own address */
	memcpy(frame.bytes + 38, "\xc0\x00\x02\x0a", 4);
	assert_int_equal(host_direction(&host, frame.bytes, 42), DIRECTION_OUT);
	memcpy(frame.bytes + 28, "\xc0\x00\x02\x0b", 4);
	assert_int_equal(host_direction(&host, frame.bytes, 42), DIRECTION_IN);
	assert_int_equal(host_direction(&host, frame.bytes, 41), DIRECTION_IN);
	host_free(&host);
}

/* The guess for these packets, as "192.0.2.10 2001:db8::10". */
static void expect_guess(const char *expected, const char *const *words, size_t count)
{
	static struct frame_bytes frame;
	struct host_guess *guess = host_guess_new();
	struct host host = { 0 };
	autotext struct text got = { 0 };

	assert_non_null(guess);
	for (size_t i = 0; i < count; i++) {
		frame_write(words[i], &frame);
		host_guess_add(guess, frame.bytes, (uint32_t)frame.length);
	}
	assert_int_equal(host_guess_end(guess, &host), 0);
	for (size_t i = 0; i < host.count; i++) {
		char one[INET6_ADDRSTRLEN];

		assert_non_null(inet_ntop(host.list[i].family == 6 ? AF_INET6 : AF_INET,
					  host.list[i].address, one, sizeof(one)));
		text_format(&got, "%s%s", i ? " " : "", one);
	}
	assert_string_equal(got.length ? got.bytes : "", expected);
	host_guess_free(guess);
	host_free(&host);
}
#define GUESS(expected, ...)                                                                       \
	expect_guess(expected, (const char *const[]){ __VA_ARGS__ },                               \
		     COUNT(((const char *const[]){ __VA_ARGS__ })))

static void the_guess_is_who_takes_part_most(void **unused)
{
	(void)unused;
	GUESS("192.0.2.10", "in tcp 198.51.100.7:1 > 192.0.2.10:2 syn",
	      "in tcp 198.51.100.8:1 > 192.0.2.10:2 syn", "out udp 192.0.2.10:1 > 198.51.100.9:2");
	GUESS("192.0.2.10 2001:db8::10", "in tcp 198.51.100.7:1 > 192.0.2.10:2 syn",
	      "in tcp 198.51.100.8:1 > 192.0.2.10:2 syn",
	      "in tcp [2001:db8::7]:1 > [2001:db8::10]:2 syn tag=8100",
	      "out tcp [2001:db8::10]:1 > [2001:db8::8]:2 syn");
	/* of two who always talk to each other, the one that was talked to */
	GUESS("192.0.2.10", "in tcp 198.51.100.7:1 > 192.0.2.10:2 syn",
	      "out tcp 192.0.2.10:2 > 198.51.100.7:1 syn ack",
	      "in tcp 198.51.100.7:1 > 192.0.2.10:2 ack");
	/* multicast and broadcast are nobody's */
	GUESS("192.0.2.10", "in udp 192.0.2.10:1 > 224.0.0.251:2",
	      "in udp 192.0.2.11:1 > 224.0.0.251:2", "in udp 192.0.2.12:1 > 224.0.0.251:2");
	GUESS("192.0.2.10", "in udp 0.0.0.0:68 > 255.255.255.255:67",
	      "in udp 0.0.0.0:68 > 255.255.255.255:67", "out udp 192.0.2.10:1 > 255.255.255.255:2");
	/* link-local only where there is no other */
	GUESS("2001:db8::10", "in icmpv6 fe80::1 > fe80::2 type=135",
	      "in icmpv6 fe80::2 > fe80::1 type=136",
	      "in tcp [2001:db8::7]:1 > [2001:db8::10]:2 syn");
	GUESS("fe80::2", "in icmpv6 fe80::1 > fe80::2 type=135");
	GUESS("", "in arp", "in eth 01:80:c2:00:00:02 8809 data=110");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_from_the_host_go_out),
		cmocka_unit_test(arp_goes_by_its_sender),
		cmocka_unit_test(the_guess_is_who_takes_part_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
