/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small parsers of what users write. An input is a letter and a text: `a` address or prefix,
 * `d` duration, `n` number, `g` --group NAME=MEMBERS over the default policy, `t` text for a terminal,
 * `w` a word that may be the name of something.
 *
 * What is taken means the same when it is written in its plainest form and read again; what is
 * refused says why.
 */
#include <ctype.h>
#include <errno.h>

#include "tests/fuzz/oracle.h"
#include "user/base/duration.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/base/utf8.h"
#include "user/policy/address.h"
#include "user/policy/icmp_type.h"
#include "user/policy/policy.h"
#include "user/policy/protocol.h"

static void try_address(const char *text)
{
	struct policy_prefix prefix = { 0 }, again = { 0 };
	struct address_fault fault;
	char printed[ADDRESS_TEXT_SIZE];

	address_is_meant(text);
	if (address_parse(text, &prefix, &fault)) {
		require(*fault.why && memchr(fault.why, '\0', sizeof(fault.why)) &&
				memchr(fault.hint, '\0', sizeof(fault.hint)),
			"it doesn't say why");
		require(!prefix.family, "refused, and written");
		return;
	}
	require(address_is_meant(text), "an address that looks like a name");
	require((prefix.family == 4 && prefix.bits <= 32) ||
			(prefix.family == 6 && prefix.bits <= 128),
		"/%u", prefix.bits);
	for (size_t bit = prefix.bits; bit < 128; bit++)
		require(!(prefix.address[bit / 8] & 0x80 >> bit % 8), "host bit %zu", bit);
	address_print(&prefix, printed);
	require(!address_parse(printed, &again, &fault), "printed as %s", printed);
	require(!address_compare(&prefix, &again) && !memcmp(&prefix, &again, sizeof(prefix)),
		"%s is another one", printed);
	require(address_contains(&prefix, &again), "not in itself");
	if (!prefix.bits)
		return;
	again.bits--;
	again.address[again.bits / 8] &= (uint8_t) ~(0x80 >> again.bits % 8);
	require(address_contains(&again, &prefix) && !address_contains(&prefix, &again),
		"in what is larger");
	require(address_compare(&again, &prefix) < 0, "what is larger stands before");
}

/* What a duration that is taken comes to, however large. */
static double duration_roughly(const char *text)
{
	double total = 0;

	while (*text) {
		char *unit;
		double number = strtod(text, &unit);

		total += number * (*unit == 'd' ? 86400 :
				   *unit == 'h' ? 3600 :
				   *unit == 'm' ? 60 :
						  1);
		text = unit + 1;
	}
	return total;
}

static void try_duration(const char *text)
{
	uint64_t seconds = 7, again = 0;
	char plain[32];
	int error = duration_parse(text, UINT64_MAX, &seconds);

	if (error) {
		require(error == -EINVAL || error == -ERANGE, "error %d", error);
		require(seconds == 7, "refused, and written");
		return;
	}
	require(isdigit((unsigned char)*text) && strspn(text, "0123456789dhms") == strlen(text),
		"taken");
	require(duration_roughly(text) < (double)seconds * 1.001 + 1, "%llu seconds",
		(unsigned long long)seconds);
	snprintf(plain, sizeof(plain), "%llus", (unsigned long long)seconds);
	require(!duration_parse(plain, UINT64_MAX, &again) && again == seconds, "%s", plain);
	require(!duration_parse(text, seconds, &again), "as much as may be");
	if (seconds)
		require(duration_parse(text, seconds - 1, &again) == -ERANGE, "more than may be");
}

static void try_number(const char *text)
{
	uint64_t value = 7, again;
	char plain[32];
	int error = number_parse(text, UINT64_MAX, &value);

	if (error) {
		require(error == -EINVAL || error == -ERANGE, "error %d", error);
		require(value == 7, "refused, and written");
		require(error == -EINVAL || strlen(text) >= 20, "a small one is too large");
		return;
	}
	snprintf(plain, sizeof(plain), "%llu", (unsigned long long)value);
	require(!strcmp(plain, text), "taken for %s", plain);
	if (value)
		require(number_parse(text, value - 1, &again) == -ERANGE, "more than may be");
}

static void check_members(const struct policy *policy, const char *name, const char *members)
{
	bool found = false;

	for (size_t i = 0; i < policy->group_count; i++) {
		const struct policy_group *group = &policy->groups[i];

		if (strcmp(group->name, name) != 0)
			continue;
		found = true;
		require(group->members.any == !strcmp(members, "any"), "any?");
		require(group->members.any == !group->members.count, "%zu members",
			group->members.count);
		for (size_t n = 1; n < group->members.count; n++)
			require(address_compare(&group->members.list[n - 1],
						&group->members.list[n]) < 0,
				"not sorted, or one twice");
	}
	require(found, "a group that isn't there");
}

/* The policy is the shipped default: no file is read. */
static void try_group(char *text)
{
	struct policy_group_override override = { text, "" };
	struct policy *policy = NULL;
	struct diags diags = { 0 };
	char *equals = strchr(text, '='), *printed;
	int error;

	if (!equals)
		return;
	*equals = '\0';
	override.members = equals + 1;
	error = policy_load(NULL, 0, &override, 1, &policy, &diags);
	require(!error == !!policy && !error == !diags.failed, "error %d", error);
	if (policy)
		check_members(policy, override.name, override.members);
	for (size_t i = 0; i < diags.count; i++) {
		if (diags.list[i].kind == DIAG_WARNING)
			continue;
		require(diags.list[i].kind == DIAG_USAGE, "no fault of the user's");
		require(diags.list[i].hint && *diags.list[i].hint, "no advice: %s",
			diags.list[i].why);
	}
	printed = diag_text_all(&diags);
	require(printed, "nothing is printed");
	free(printed);
	policy_free(policy);
	diags_clear(&diags);
}

static void try_text(const char *bytes, size_t size)
{
	uint8_t *exact = oracle_copy(bytes, size, 0);
	struct text text = { 0 };
	char *printed;
	size_t length;

	text_add_printable(&text, (const char *)exact, size);
	oracle_free(exact, 0);
	printed = text_take(&text);
	require(printed, "nothing is printed");
	length = strlen(printed);
	for (size_t at = 0; at < length;) {
		uint32_t character = 0;
		size_t step = utf8_decode(printed + at, length - at, &character);

		require(step && !utf8_is_control(character), "U+%04X reaches the terminal",
			character);
		require(utf8_width(character) <= 2, "its width");
		at += step;
	}
	free(printed);
}

static void try_word(const char *text)
{
	static const uint8_t families[] = { PROTOCOL_ICMP, PROTOCOL_ICMPV6 };
	struct suggestion nearest = { .word = text };
	uint8_t number = 0;

	if (!protocol_find(text, &number)) {
		require(protocol_name(number), "a protocol without a name");
		require(!strcmp(protocol_name(number), text), "%s", protocol_name(number));
	}
	protocol_nearest(text);
	protocol_number_text(text);
	for (size_t i = 0; i < 2; i++) {
		if (!icmp_type_find(families[i], text, &number))
			require(icmp_type_name(families[i], number), "a type without a name");
		icmp_type_suggest(families[i], &nearest);
	}
	for (size_t i = 0; i < policy_builtin_count; i++)
		suggestion_offer(&nearest, policy_builtins[i].name);
	if (policy_builtin_find(text))
		require(nearest.name && !strcmp(nearest.name, text), "not the nearest to itself");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		exit(0);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'a':
		try_address(text);
		break;
	case 'd':
		try_duration(text);
		break;
	case 'n':
		try_number(text);
		break;
	case 'g':
		try_group(text);
		break;
	case 't':
		try_text(text, size - 1);
		break;
	case 'w':
		try_word(text);
		break;
	default:
		break;
	}
	free(text);
	return 0;
}
