// SPDX-License-Identifier: GPL-2.0-only
/* Rule by rule, by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/diff.h"

static void diff_side_free(struct diff_side *side)
{
	free(side->ranges[0]);
	free(side->ranges[1]);
}

static int diff_side_read(struct diff_side *side, const struct image *image)
{
	side->image = image;
	if (image_ranges(image, 4, &side->ranges[0], &side->range_counts[0]))
		return -ENOMEM;
	return image_ranges(image, 6, &side->ranges[1], &side->range_counts[1]);
}

void diff_free(struct diff *diff)
{
	for (size_t i = 0; i < diff->rule_count; i++)
		diff_fields_free(diff->rules[i].fields, diff->rules[i].field_count);
	free(diff->rules);
	diff_fields_free(diff->settings, diff->setting_count);
	for (size_t i = 0; i < diff->open_count; i++)
		diff_ports_free(&diff->opens[i]);
	free(diff->opens);
	for (size_t i = 0; i < diff->close_count; i++)
		diff_ports_free(&diff->closes[i]);
	free(diff->closes);
	*diff = (struct diff){ 0 };
}

/* A rule that both have, by its places in the two policies. */
struct diff_common {
	uint32_t was;
	uint32_t is;
	uint32_t length; /* of the longest row of rules that ends here and kept its order */
	int32_t before;  /* the one in front of it in that row; -1: none */
	bool moved;
};

/*
 * Which rules have changed places: all but the longest row of those that stand in the same order as
 * before. `list` is in the new order.
 */
static void diff_find_moved(struct diff_common *list, size_t count)
{
	int32_t best = -1;

	for (size_t i = 0; i < count; i++) {
		list[i].length = 1;
		list[i].before = -1;
		list[i].moved = true;
		for (size_t n = 0; n < i; n++) {
			if (list[n].was > list[i].was || list[n].length < list[i].length)
				continue;
			list[i].length = list[n].length + 1;
			list[i].before = (int32_t)n;
		}
		if (best < 0 || list[i].length > list[best].length)
			best = (int32_t)i;
	}
	for (; best >= 0; best = list[best].before)
		list[best].moved = false;
}

static int diff_add_rule(struct diff *diff, enum diff_kind kind, const char *name,
			 struct diff_rule **rule)
{
	*rule = array_add(&diff->rules, &diff->rule_count);
	if (!*rule)
		return -ENOMEM;
	(*rule)->kind = kind;
	(*rule)->name = name;
	return 0;
}

/* A rule that both have: listed only where it is not the same. */
static int diff_common_rule(const struct diff_side *was, const struct diff_side *is,
			    const struct diff_common *common, struct diff *diff)
{
	const struct listing_row *was_row = &listing_rows(was->image->listing)[common->was];
	const struct listing_row *is_row = &listing_rows(is->image->listing)[common->is];
	struct diff_rule changed = { .kind = DIFF_CHANGED }, *rule;
	int error = diff_fields(was, was_row, is, is_row, &changed);

	if (!error && common->moved) {
		char *from = text_print("%u", common->was + 1);
		char *to = text_print("%u", common->is + 1);

		error = diff_add_field(&changed.fields, &changed.field_count, "place", from, to,
				       DIFF_REACH_UNASKED);
		if (!from || !to)
			error = -ENOMEM;
	}
	if (!error && changed.field_count) {
		error = diff_add_rule(diff, DIFF_CHANGED,
				      listing_string(is->image->listing, is_row->name), &rule);
		if (!error) {
			rule->fields = changed.fields;
			rule->field_count = changed.field_count;
			return 0;
		}
	}
	diff_fields_free(changed.fields, changed.field_count);
	return error;
}

/* Place of a rule; -1: there is none of that name. */
static int32_t diff_place(const struct listing_header *listing, const char *name)
{
	const struct listing_row *row = listing_find(listing, name);

	return row ? (int32_t)(row - listing_rows(listing)) : -1;
}

/* The new policy's rules in its order, each new, changed or passed over. */
static int diff_walk(const struct diff_side *was, const struct diff_side *is, struct diff *diff)
{
	const struct listing_header *listing = is->image->listing;
	autofree struct diff_common *common = calloc(listing->row_count + 1, sizeof(*common));
	size_t count = 0, next = 0;
	int error = 0;

	if (!common)
		return -ENOMEM;
	for (uint32_t i = 0; was && i < listing->row_count; i++) {
		int32_t place = diff_place(was->image->listing,
					   listing_string(listing, listing_rows(listing)[i].name));

		if (place >= 0)
			common[count++] = (struct diff_common){ .was = (uint32_t)place, .is = i };
	}
	diff_find_moved(common, count);
	for (uint32_t i = 0; !error && i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		struct diff_rule *rule;

		if (next < count && common[next].is == i) {
			error = diff_common_rule(was, is, &common[next++], diff);
			continue;
		}
		error = diff_add_rule(diff, DIFF_ADDED, listing_string(listing, row->name), &rule);
		if (!error)
			error = diff_fields(NULL, NULL, is, row, rule);
	}
	return error;
}

static int diff_gone(const struct diff_side *was, const struct image *after, struct diff *diff)
{
	const struct listing_header *listing = was->image->listing;
	int error = 0;

	for (uint32_t i = 0; !error && i < listing->row_count; i++) {
		const struct listing_row *row = &listing_rows(listing)[i];
		const char *name = listing_string(listing, row->name);
		struct diff_rule *rule;

		if (listing_find(after->listing, name))
			continue;
		error = diff_add_rule(diff, DIFF_REMOVED, name, &rule);
		if (!error)
			error = diff_fields(was, row, NULL, NULL, rule);
	}
	return error;
}

int diff_images(const struct image *before, const struct image *after, struct diff *diff)
{
	cleanup(diff_free) struct diff made = { 0 };
	cleanup(diff_side_free) struct diff_side was = { 0 }, is = { 0 };
	int error = diff_side_read(&is, after);

	if (!error && before)
		error = diff_side_read(&was, before);
	if (!error)
		error = diff_walk(before ? &was : NULL, &is, &made);
	if (!error && before)
		error = diff_gone(&was, after, &made);
	if (!error && before)
		error = diff_settings(before, after, &made);
	if (!error && before)
		error = diff_tuples(before, after, &made);
	if (error)
		return error;
	*diff = made;
	made = (struct diff){ 0 };
	return 0;
}
