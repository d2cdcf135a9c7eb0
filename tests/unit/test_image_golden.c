/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies and what they compile to: tests/golden/image/NAME.yaml with the image in NAME.image, as text.
 * GOLDEN_UPDATE=1 writes the images anew: read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/policy/policy.h"

#define FOLDER "tests/golden/image/"

static const char *const directions[] = { "in", "out" };

static void add_settings(struct text *out, const struct settings *settings)
{
	text_format(out, "flags %#x\ntimeouts", settings->flags);
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		text_format(out, " %u", settings->timeouts[i]);
	text_add(out, "\n");
}

/* The rule's name, and the list's roles behind it. */
static void add_slot(struct text *out, const struct image *image, unsigned int slot)
{
	const struct listing_header *listing = image->listing;

	for (uint32_t i = 0; i < listing->row_count; i++)
		if (listing_rows(listing)[i].slot == slot)
			text_add(out, listing_string(listing, listing_rows(listing)[i].name));
}

static void add_entry(struct text *out, const struct image *image, uint16_t entry)
{
	const struct generation *generation = image->generation;
	uint32_t list, first;

	if (!(entry & ENTRY_LIST)) {
		add_slot(out, image, entry);
		return;
	}
	list = generation->lists[entry & ~ENTRY_LIST];
	first = list & LIST_FIRST_MASK;
	text_format(out, "list %u:", entry & ~ENTRY_LIST);
	for (uint32_t i = 0; i <= list >> LIST_LENGTH_SHIFT; i++) {
		uint16_t candidate = generation->candidates[first + i];

		text_add(out, " ");
		add_slot(out, image, candidate & CANDIDATE_SLOT_MASK);
		text_format(out, "%s%s%s", candidate & CANDIDATE_DESTINATION ? "/d" : "",
			    candidate & CANDIDATE_SOURCE ? "/s" : "",
			    candidate & CANDIDATE_EXTRA ? "/x" : "");
	}
}

/* Neighbours with the same entry in one line. */
static void add_tuples(struct text *out, const struct image *image)
{
	for (size_t i = 0; i < image->tuple_count;) {
		const struct image_tuple *first = &image->tuples[i], *last = first;

		while (++i < image->tuple_count) {
			const struct image_tuple *next = &image->tuples[i];

			if (next->key.direction != first->key.direction ||
			    next->key.protocol != first->key.protocol ||
			    next->key.port != last->key.port + 1 || next->entry != first->entry)
				break;
			last = next;
		}
		text_format(out, "%s %u %u", directions[first->key.direction], first->key.protocol,
			    first->key.port);
		if (last != first)
			text_format(out, "-%u", last->key.port);
		text_add(out, " = ");
		add_entry(out, image, first->entry);
		text_add(out, "\n");
	}
}

static void add_prefixes(struct text *out, const struct image *image)
{
	char printed[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < image->prefix4_count; i++) {
		const struct prefix4 *prefix = &image->prefixes4[i];

		inet_ntop(AF_INET, &prefix->address, printed, sizeof(printed));
		text_format(out, "set %u %s/%u\n", prefix->set, printed,
			    prefix->length - PREFIX_SET_BITS);
	}
	for (size_t i = 0; i < image->prefix6_count; i++) {
		const struct prefix6 *prefix = &image->prefixes6[i];

		inet_ntop(AF_INET6, prefix->address, printed, sizeof(printed));
		text_format(out, "set %u %s/%u\n", prefix->set, printed,
			    prefix->length - PREFIX_SET_BITS);
	}
}

static void add_peers(struct text *out, const struct image *image, const struct rule_scope *scope)
{
	text_format(out, "\tpeers at %u:", scope->peers);
	for (const struct peer_range *range = &image->generation->peers[scope->peers]; range->last;
	     range++)
		text_format(out, " %u-%u", range->first, range->last);
	text_add(out, "\n");
}

/* What a rule asks more. */
static void add_extra(struct text *out, const struct rule_extra *extra)
{
	assert_int_equal(extra->reserved, 0);
	if (!extra->interval && !extra->flags)
		return;
	text_format(out, "\tinterval %llu tolerance %llu flags %#x\n",
		    (unsigned long long)extra->interval, (unsigned long long)extra->tolerance,
		    extra->flags);
}

static void add_rows(struct text *out, const struct image *image)
{
	const struct listing_header *listing = image->listing;

	text_format(out, "policy \"%s\"\ndescription \"%s\"\nhash %016llx\n",
		    listing_string(listing, listing->policy),
		    listing_string(listing, listing->description), listing->policy_hash);
	for (uint32_t i = 0; i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		const struct rule_scope *scope = &image->generation->scopes[row->slot];

		text_format(out, "rule %s slot %u %s %u \"%s\" %s \"%s\" > \"%s\" note \"%s\"\n",
			    listing_string(listing, row->name), row->slot,
			    directions[row->direction], row->protocol,
			    listing_string(listing, row->ports),
			    row->port_of ? listing_string(listing, row->port_of) : "-",
			    listing_string(listing, row->from), listing_string(listing, row->to),
			    listing_string(listing, row->note));
		text_format(out, "\torder %u from %u to %u\n", scope->order, scope->from,
			    scope->to);
		if (scope->peers)
			add_peers(out, image, scope);
		add_extra(out, &image->generation->extras[row->slot]);
		assert_true(row->meaning != 0);
	}
}

static char *image_text(const struct image *image)
{
	autotext struct text out = { 0 };

	add_rows(&out, image);
	add_settings(&out, &image->generation->settings);
	add_tuples(&out, image);
	add_prefixes(&out, image);
	return text_take(&out);
}

/* The flat table is compiled from the tuples: it says the same, and nothing else. */
static void check_table(const struct image *image)
{
	uint16_t *table = calloc(TABLE_ENTRIES, sizeof(*table));

	assert_non_null(table);
	for (size_t i = 0; i < image->tuple_count; i++) {
		const struct tuple *key = &image->tuples[i].key;

		if (i) {
			const struct tuple *before = &image->tuples[i - 1].key;
			long is = (long)key->direction << 24 | (long)key->protocol << 16 |
				  key->port;
			long was = (long)before->direction << 24 | (long)before->protocol << 16 |
				   before->port;

			assert_true(was < is);
		}
		if (key->protocol == 6 || key->protocol == 17)
			table[(size_t)key->direction * 131072 + (key->protocol == 17) * 65536u +
			      key->port] = image->tuples[i].entry;
	}
	assert_memory_equal(table, image->generation->table, TABLE_ENTRIES * sizeof(*table));
	free(table);
}

static void compile(const char *path, struct image *image)
{
	const struct image_running running = { .applied_at = 7 };
	struct diags diags = { 0 };
	struct source *source = NULL;
	struct policy *policy = NULL;

	assert_return_code(source_read(path, 1 << 20, &source, &diags), 0);
	if (policy_parse(path, source->text, source->size, &policy, &diags) ||
	    image_compile(policy, &running, image, &diags)) {
		autofree char *errors = diag_text_all(&diags);

		fail_msg("%s: %s", path, errors);
		abort(); /* not reached */
	}
	source_release(source);
	policy_free(policy);
	diags_clear(&diags);
	assert_int_equal(image->listing->applied_at, 7);
	assert_true(listing_check(image->listing, image->listing->size));
}

static int check_golden(const char *path)
{
	autofree char *name = text_print("%.*s.image", (int)(strrchr(path, '.') - path), path);
	cleanup(image_free) struct image image = { 0 };
	cleanup(image_free) struct image again = { 0 };
	autofree char *got = NULL;

	compile(path, &image);
	check_table(&image);
	/* same text, same bytes */
	compile(path, &again);
	assert_int_equal(image.listing->size, again.listing->size);
	assert_memory_equal(image.listing, again.listing, image.listing->size);
	assert_memory_equal(image.generation, again.generation, sizeof(*image.generation));
	got = image_text(&image);
	return golden_matches(name, got);
}

static void policies_compile_to_these_images(void **state)
{
	glob_t found;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(glob(FOLDER "*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 10);
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !check_golden(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_compile_to_these_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
