/* SPDX-License-Identifier: GPL-2.0-only */
/* A listing outlives its writer: what is read back is checked, whatever has become of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

static const char text[] =
	"policy: listed\n"
	"description: what is shown\n"
	"rules:\n"
	"  - {name: web-in, direction: in, protocol: tcp, ports: 443, note: hello}\n"
	"  - {name: dns-out, direction: out, protocol: udp, ports: [53, 853],\n"
	"     port-of: either, to: 192.0.2.0/24}\n"
	"  - {name: gre-in, direction: in, protocol: 47}\n";

static void compile(struct image *image)
{
	const struct image_running running = { .applied_at = 1359676800 };
	struct diags diags = { 0 };
	struct policy *policy = NULL;

	assert_return_code(policy_parse("listed", text, strlen(text), &policy, &diags), 0);
	assert_return_code(image_compile(policy, &running, image, &diags), 0);
	policy_free(policy);
	diags_clear(&diags);
}

/* Reads all that readers read of a listing that is said to be whole. */
static size_t read_all(const struct listing_header *listing)
{
	size_t sum = strlen(listing_string(listing, listing->policy)) +
		     strlen(listing_string(listing, listing->description));

	for (uint32_t i = 0; i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		const uint32_t strings[] = { row->name, row->ports, row->port_of,
					     row->from, row->to,    row->note };

		for (size_t n = 0; n < sizeof(strings) / sizeof(*strings); n++)
			sum += strlen(listing_string(listing, strings[n]));
		assert_true(row->slot < RULE_SLOTS);
		assert_true(row->direction < DIRECTION_COUNT);
	}
	return sum;
}

static void it_says_what_the_policy_says(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	const struct listing_header *listing;
	const struct listing_row *row;

	(void)state;
	compile(&image);
	listing = image.listing;
	assert_true(listing_check(listing, listing->size));
	assert_int_equal(listing->row_count, 3);
	assert_int_equal(listing->applied_at, 1359676800);
	assert_string_equal(listing_string(listing, listing->policy), "listed");
	assert_string_equal(listing_string(listing, listing->description), "what is shown");
	row = listing_find(listing, "dns-out");
	assert_ptr_equal(row, &listing_rows(listing)[1]);
	assert_int_equal(row->direction, DIRECTION_OUT);
	assert_int_equal(row->protocol, 17);
	assert_string_equal(listing_string(listing, row->ports), "53, 853");
	assert_string_equal(listing_string(listing, row->port_of), "either");
	assert_string_equal(listing_string(listing, row->from), "any");
	assert_string_equal(listing_string(listing, row->to), "192.0.2.0/24");
	assert_string_equal(listing_string(listing, row->note), "");
	row = listing_find(listing, "gre-in");
	assert_int_equal(row->port_of, 0);
	assert_string_equal(listing_string(listing, row->ports), "");
	assert_null(listing_find(listing, "dns"));
	assert_null(listing_find(listing, ""));
	assert_true(read_all(listing) > 50);
}

static struct listing_header *copy_of(const struct listing_header *listing, size_t size)
{
	struct listing_header *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, listing, size);
	return copy;
}

/* Cut at every byte, with the size that is left and with the size that it says. */
static void one_that_is_cut_is_refused(void **state)
{
	cleanup(image_free) struct image image = { 0 };

	(void)state;
	compile(&image);
	for (size_t size = 0; size < image.listing->size; size++) {
		struct listing_header *copy = copy_of(image.listing, size);

		assert_false(listing_check(copy, size));
		if (size >= sizeof(*copy)) {
			copy->size = (uint32_t)size;
			if (listing_check(copy, size))
				read_all(copy);
		}
		free(copy);
	}
}

static void one_that_is_wrong_is_refused(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	struct listing_header *copy;
	struct listing_row *rows;
	size_t size;

	(void)state;
	compile(&image);
	size = image.listing->size;
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		copy = copy_of(image.listing, size);                                               \
		rows = (struct listing_row *)(copy + 1);                                           \
		(void)rows;                                                                        \
		assert_true(listing_check(copy, size));                                            \
		change;                                                                            \
		assert_false(listing_check(copy, size));                                           \
		free(copy);                                                                        \
	} while (0)
	REFUSED(copy->magic++);
	REFUSED(copy->size--);
	REFUSED(copy->size++);
	REFUSED(copy->row_count = (uint32_t)(size / sizeof(*rows)) + 1);
	REFUSED(copy->row_count = UINT32_MAX);
	REFUSED(copy->row_count = 0x20000000);
	REFUSED(copy->policy = (uint32_t)size);
	REFUSED(copy->description = UINT32_MAX);
	REFUSED(rows[0].name = (uint32_t)size);
	REFUSED(rows[2].ports = (uint32_t)size + 1);
	REFUSED(rows[2].port_of = UINT32_MAX);
	REFUSED(rows[1].from = (uint32_t)size);
	REFUSED(rows[1].to = (uint32_t)size);
	REFUSED(rows[1].note = (uint32_t)size);
	REFUSED(rows[0].slot = RULE_SLOTS);
	REFUSED(rows[0].slot = UINT16_MAX);
	REFUSED(rows[2].direction = DIRECTION_COUNT);
	/* the last string has no end */
	REFUSED(((char *)copy)[size - 1] = 'x');
#undef REFUSED
}

/* All its bytes are in order, but there is no room for the row that it promises. */
static void one_without_room_for_its_rows_is_refused(void **state)
{
	const size_t room = sizeof(struct listing_row) - 8;
	struct listing_header *block = calloc(1, sizeof(*block) + room);

	(void)state;
	assert_non_null(block);
	block->magic = LISTING_MAGIC;
	block->size = (uint32_t)(sizeof(*block) + room);
	assert_true(listing_check(block, block->size));
	block->row_count = 1;
	assert_false(listing_check(block, block->size));
	free(block);
}

/* What passes the check can be read, whatever it is. */
static void one_that_is_damaged_does_no_harm(void **state)
{
	cleanup(image_free) struct image image = { 0 };
	size_t whole = 0;

	(void)state;
	compile(&image);
	srand(20130201);
	for (int i = 0; i < 50000; i++) {
		struct listing_header *copy = copy_of(image.listing, image.listing->size);

		for (int times = 1 + rand() % 4; times > 0; times--)
			((uint8_t *)copy)[(size_t)rand() % image.listing->size] ^=
				(uint8_t)(1 + rand() % 255);
		if (listing_check(copy, image.listing->size)) {
			whole++;
			read_all(copy);
			listing_find(copy, "gre-in");
		}
		free(copy);
	}
	assert_in_range(whole, 1000, 49000);
}

/* The hash is of what judges packets: a note changes nothing, anything else does. */
static uint64_t hash_on(const char *rule, const char *more, uint64_t epoch)
{
	cleanup(image_free) struct image image = { 0 };
	const struct image_running running = { .epoch = epoch };
	autofree char *policy_text = text_print("policy: hashed\ngroups: {a: [192.0.2.1], "
						"b: [192.0.2.1]}\nrules:\n  - {%s}\n%s",
						rule, more);
	struct diags diags = { 0 };
	struct policy *policy = NULL;

	if (policy_parse("hashed", policy_text, strlen(policy_text), &policy, &diags))
		fail_msg("%s", diags.list[0].why);
	assert_return_code(image_compile(policy, &running, &image, &diags), 0);
	policy_free(policy);
	diags_clear(&diags);
	return image.listing->policy_hash;
}

static uint64_t hash_of(const char *rule, const char *more)
{
	return hash_on(rule, more, 0);
}

static void the_hash_is_of_what_judges(void **state)
{
	static const char *const same[] = {
		"name: r, direction: in, protocol: tcp, ports: 443, to: a, note: hello",
		"name: r, direction: in, protocol: 6, ports: [443], to: b",
		"name: r, direction: in, protocol: tcp, ports: 443, to: 192.0.2.1, port-of: destination",
	};
	static const char *const others[] = {
		"name: s, direction: in, protocol: tcp, ports: 443, to: a",
		"name: r, direction: out, protocol: tcp, ports: 443, to: a",
		"name: r, direction: in, protocol: udp, ports: 443, to: a",
		"name: r, direction: in, protocol: tcp, ports: 444, to: a",
		"name: r, direction: in, protocol: tcp, ports: [443, 444], to: a",
		"name: r, direction: in, protocol: tcp, ports: 443, to: a, port-of: either",
		"name: r, direction: in, protocol: tcp, ports: 443, to: 192.0.2.2",
		"name: r, direction: in, protocol: tcp, ports: 443, from: a",
		"name: r, direction: in, protocol: tcp, ports: 443",
		"name: r, direction: in, protocol: tcp, ports: 443, to: a, peer-ports: 1024-65535",
		"name: r, direction: in, protocol: tcp, ports: 443, to: a, limit: {rate: 5/s}",
		"name: r, direction: in, protocol: tcp, ports: 443, to: a, limit: {rate: 5/s, per: source}",
	};
	static const char base[] = "name: r, direction: in, protocol: tcp, ports: 443, to: a";
	uint64_t hash = hash_of(base, "");

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_int_equal(hash_of(same[i], ""), hash);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_not_equal(hash_of(others[i], ""), hash);
	assert_int_equal(hash_of(base, "description: x\n"), hash);
	/* on a gate that uses its marks, and on one that was made for shorter timeouts */
	assert_int_equal(hash_on(base, "", 86400), hash);
	assert_int_equal(hash_on(base, "", 60), hash);
	assert_int_not_equal(hash_of(base, "essentials: {arp: false}\n"), hash);
	assert_int_not_equal(hash_of(base, "flows: {timeouts: {udp: 4m}}\n"), hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_the_policy_says),
		cmocka_unit_test(one_that_is_cut_is_refused),
		cmocka_unit_test(one_that_is_wrong_is_refused),
		cmocka_unit_test(one_without_room_for_its_rows_is_refused),
		cmocka_unit_test(one_that_is_damaged_does_no_harm),
		cmocka_unit_test(the_hash_is_of_what_judges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
