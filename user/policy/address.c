/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/number.h"

#define SHOWN_MAX 80 /* of a user's words in a fault */

static unsigned int full_length(const struct policy_prefix *prefix)
{
	return prefix->family == 4 ? 32 : 128;
}

bool address_is_meant(const char *text)
{
	return *text && (strpbrk(text, ":/") || !text[strspn(text, "0123456789.")]);
}

/* Clears what is behind the prefix length; was there anything? */
static bool clear_host_bits(struct policy_prefix *prefix)
{
	unsigned int bytes = full_length(prefix) / 8;
	bool found = false;

	for (unsigned int i = prefix->bits / 8; i < bytes; i++) {
		uint8_t kept = i == prefix->bits / 8 ? (uint8_t) ~(0xff >> prefix->bits % 8) : 0;

		found |= prefix->address[i] & (uint8_t)~kept;
		prefix->address[i] &= kept;
	}
	return found;
}

static bool is_mapped(const struct policy_prefix *prefix)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return prefix->family == 6 && prefix->bits >= 96 &&
	       !memcmp(prefix->address, mapped, sizeof(mapped));
}

static int fault_in(struct address_fault *fault, const char *text, const char *why)
{
	if (strlen(text) <= SHOWN_MAX)
		snprintf(fault->why, sizeof(fault->why), "'%s' %s", text, why);
	else
		snprintf(fault->why, sizeof(fault->why), "this %s", why);
	return -EINVAL;
}

static int parse_length(const char *text, const char *length, struct policy_prefix *prefix,
			struct address_fault *fault)
{
	uint64_t bits;
	int error = number_parse(length, full_length(prefix), &bits);

	if (!error) {
		prefix->bits = bits;
		return 0;
	}
	snprintf(fault->hint, sizeof(fault->hint), "it goes from /0 to /%u", full_length(prefix));
	return fault_in(fault, text,
			error == -ERANGE ? "has a prefix length that is too large" :
					   "has a prefix length that is no number");
}

int address_parse(const char *text, struct policy_prefix *prefix, struct address_fault *fault)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct policy_prefix parsed = { 0 };
	char printed[ADDRESS_TEXT_SIZE];
	char address[INET6_ADDRSTRLEN] = "";

	*fault = (struct address_fault){ 0 };
	if (memchr(text, '%', length)) {
		snprintf(fault->hint, sizeof(fault->hint),
			 "leave the %% and the zone out: a gate has its interfaces anyway");
		return fault_in(fault, text, "has a zone");
	}
	if (length < sizeof(address))
		memcpy(address, text, length);
	if (inet_pton(AF_INET, address, parsed.address) == 1) {
		parsed.family = 4;
	} else if (inet_pton(AF_INET6, address, parsed.address) == 1) {
		parsed.family = 6;
	} else {
		snprintf(fault->hint, sizeof(fault->hint),
			 "addresses look like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32");
		return fault_in(fault, text, "is no address");
	}
	parsed.bits = full_length(&parsed);
	if (slash && parse_length(text, slash + 1, &parsed, fault))
		return -EINVAL;
	if (clear_host_bits(&parsed)) {
		address_print(&parsed, printed);
		snprintf(fault->hint, sizeof(fault->hint), "did you mean %s?", printed);
		return fault_in(fault, text, "has host bits set");
	}
	if (is_mapped(&parsed)) {
		struct policy_prefix inner = { .family = 4, .bits = parsed.bits - 96 };

		memcpy(inner.address, parsed.address + 12, 4);
		address_print(&inner, printed);
		snprintf(fault->hint, sizeof(fault->hint), "write %s", printed);
		return fault_in(fault, text, "is an IPv4 address in an IPv6 one: no packet has it");
	}
	*prefix = parsed;
	return 0;
}

void address_print(const struct policy_prefix *prefix, char text[ADDRESS_TEXT_SIZE])
{
	size_t length;

	inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->address, text,
		  ADDRESS_TEXT_SIZE);
	if (prefix->bits == full_length(prefix))
		return;
	length = strlen(text);
	snprintf(text + length, ADDRESS_TEXT_SIZE - length, "/%u", prefix->bits);
}

int address_compare(const void *left, const void *right)
{
	const struct policy_prefix *a = left;
	const struct policy_prefix *b = right;
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->address, b->address, sizeof(a->address));
	if (order)
		return order;
	return (a->bits > b->bits) - (a->bits < b->bits);
}

bool address_contains(const struct policy_prefix *outer, const struct policy_prefix *inner)
{
	struct policy_prefix cut = *inner;

	if (outer->family != inner->family || outer->bits > inner->bits)
		return false;
	cut.bits = outer->bits;
	clear_host_bits(&cut);
	return !memcmp(cut.address, outer->address, sizeof(cut.address));
}
