/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes: what is one, how it is printed, and what contains what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/policy/address.h"

static struct policy_prefix parse(const char *text)
{
	struct policy_prefix prefix = { 0 };
	struct address_fault fault;

	if (address_parse(text, &prefix, &fault))
		fail_msg("%s: %s", text, fault.why);
	return prefix;
}

static void addresses_are_printed_canonically(void **state)
{
	static const struct sample {
		const char *text;
		const char *printed;
		int family;
		unsigned int bits;
	} samples[] = {
		{ "192.0.2.1", "192.0.2.1", 4, 32 },
		{ "192.0.2.1/32", "192.0.2.1", 4, 32 },
		{ "192.0.2.0/24", "192.0.2.0/24", 4, 24 },
		{ "192.0.2.128/25", "192.0.2.128/25", 4, 25 },
		{ "0.0.0.0/0", "0.0.0.0/0", 4, 0 },
		{ "255.255.255.255", "255.255.255.255", 4, 32 },
		{ "2001:db8::10", "2001:db8::10", 6, 128 },
		{ "2001:DB8:0:0:0:0:0:10/128", "2001:db8::10", 6, 128 },
		{ "2001:db8::/32", "2001:db8::/32", 6, 32 },
		{ "::/0", "::/0", 6, 0 },
		{ "::", "::", 6, 128 },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201", 6, 128 },
		{ "fe80::/10", "fe80::/10", 6, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char printed[ADDRESS_TEXT_SIZE];
		struct policy_prefix prefix;

		prefix = parse(samples[i].text);
		address_print(&prefix, printed);
		assert_string_equal(printed, samples[i].printed);
		assert_int_equal(prefix.family, samples[i].family);
		assert_int_equal(prefix.bits, samples[i].bits);
	}
}

static void everything_else_is_refused(void **state)
{
	static const struct sample {
		const char *text;
		const char *why;
		const char *hint;
	} samples[] = {
		{ "", "is no address", "look like" },
		{ "192.0.2", "is no address", "look like" },
		{ "192.0.2.1.1", "is no address", "look like" },
		{ "192.0.2.256", "is no address", "look like" },
		{ "192.0.2.01", "is no address", "look like" },
		{ "0xc0.0.2.1", "is no address", "look like" },
		{ "3221225985", "is no address", "look like" },
		{ " 192.0.2.1", "is no address", "look like" },
		{ "192.0.2.1 ", "is no address", "look like" },
		{ "[2001:db8::1]", "is no address", "look like" },
		{ "2001:db8:::1", "is no address", "look like" },
		{ "2001:db8", "is no address", "look like" },
		{ "12345::", "is no address", "look like" },
		{ "1:2:3:4:5:6:7:8:9", "is no address", "look like" },
		{ "192.0.2.1:443", "is no address", "look like" },
		{ "fe80::1%eth0", "has a zone", "leave the %" },
		{ "fe80::1%eth0/64", "has a zone", "leave the %" },
		{ "192.0.2.0/33", "too large", "/0 to /32" },
		{ "2001:db8::/129", "too large", "/0 to /128" },
		{ "192.0.2.0/", "no number", "/0 to /32" },
		{ "192.0.2.0/-1", "no number", "/0 to /32" },
		{ "192.0.2.0/024", "no number", "/0 to /32" },
		{ "192.0.2.0/24/24", "no number", "/0 to /32" },
		{ "192.0.2.0/255.255.255.0", "no number", "/0 to /32" },
		{ "/24", "is no address", "look like" },
		{ "192.0.2.1/24", "has host bits set", "did you mean 192.0.2.0/24?" },
		{ "192.0.2.1/0", "has host bits set", "did you mean 0.0.0.0/0?" },
		{ "192.0.2.129/25", "has host bits set", "did you mean 192.0.2.128/25?" },
		{ "2001:db8::1/64", "has host bits set", "did you mean 2001:db8::/64?" },
		{ "2001:db8:ffff::/33", "has host bits set", "did you mean 2001:db8:8000::/33?" },
		{ "::ffff:192.0.2.1", "IPv4 address in an IPv6 one", "write 192.0.2.1" },
		{ "::ffff:192.0.2.0/120", "IPv4 address in an IPv6 one", "write 192.0.2.0/24" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct policy_prefix prefix = { .family = 4711 };
		struct address_fault fault = { 0 };

		assert_int_equal(address_parse(samples[i].text, &prefix, &fault), -EINVAL);
		assert_int_equal(prefix.family, 4711);
		if (!strstr(fault.why, samples[i].why) || !strstr(fault.hint, samples[i].hint))
			fail_msg("%s: %s; %s", samples[i].text, fault.why, fault.hint);
	}
}

static void long_texts_are_no_addresses(void **state)
{
	struct policy_prefix prefix;
	struct address_fault fault;
	char text[5000];

	(void)state;
	memset(text, ':', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(address_parse(text, &prefix, &fault), -EINVAL);
	memset(text, '1', sizeof(text) - 1);
	memcpy(text, "192.0.2.1/", 10);
	assert_int_equal(address_parse(text, &prefix, &fault), -EINVAL);
	assert_string_equal(fault.why, "this has a prefix length that is too large");
}

static void names_are_told_from_addresses(void **state)
{
	(void)state;
	assert_true(address_is_meant("192.0.2.1"));
	assert_true(address_is_meant("192.0.2"));
	assert_true(address_is_meant("10"));
	assert_true(address_is_meant("2001:db8::"));
	assert_true(address_is_meant("partners/24"));
	assert_false(address_is_meant("partners"));
	assert_false(address_is_meant("any"));
	assert_false(address_is_meant("10-net"));
	assert_false(address_is_meant("a.b"));
	assert_false(address_is_meant(""));
}

static void prefixes_contain_prefixes(void **state)
{
	static const struct sample {
		const char *outer;
		const char *inner;
		bool contains;
	} samples[] = {
		{ "192.0.2.0/24", "192.0.2.7", true },
		{ "192.0.2.0/24", "192.0.2.128/25", true },
		{ "192.0.2.0/24", "192.0.2.0/24", true },
		{ "192.0.2.0/24", "192.0.2.0/23", false },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.7", "192.0.2.0/24", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::/0", false },
		{ "::/0", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::/48", true },
		{ "2001:db8::/33", "2001:db8:8000::/48", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct policy_prefix outer = parse(samples[i].outer);
		struct policy_prefix inner = parse(samples[i].inner);

		if (address_contains(&outer, &inner) != samples[i].contains)
			fail_msg("%s, %s", samples[i].outer, samples[i].inner);
		/* what contains others stands before them */
		if (samples[i].contains)
			assert_true(address_compare(&outer, &inner) <= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_printed_canonically),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(long_texts_are_no_addresses),
		cmocka_unit_test(names_are_told_from_addresses),
		cmocka_unit_test(prefixes_contain_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
