// SPDX-License-Identifier: GPL-2.0-only
#include "user/image/nearest_words.h"

#include <string.h>

#include "user/policy/policy.h"

#define MEMBERS_SHOWN 3u

/* Does a rule's address list name a group? An address has a colon, or nothing but digits, dots and a slash. */
static bool nearest_names_group(const char *written)
{
	while (*written) {
		size_t length = strcspn(written, ",");

		if (strcspn(written, ":,") == length && strspn(written, "0123456789./") < length)
			return true;
		written += length;
		written += strspn(written, ", ");
	}
	return false;
}

/* "from partners only: 198.51.100.0/24"; of those that the rule wrote out, no name stands in front. */
static void nearest_add_set(struct text *text, const struct image *image, const char *word,
			    uint32_t written_at, uint16_t set)
{
	const char *written = listing_string(image->listing, written_at);
	autofree char *members = image_members_text(image, set, MEMBERS_SHOWN);

	if (!members)
		text->failed = true;
	else if (nearest_names_group(written))
		text_format(text, "%s %s only: %s", word, written, members);
	else
		text_format(text, "%s %s only", word, members);
}

void nearest_words_rule(struct text *text, const struct image *image, const struct listing_row *row)
{
	const char *name = policy_protocol_name(row->protocol);
	const char *ports = listing_string(image->listing, row->ports);
	const char *port_of = listing_string(image->listing, row->port_of);

	text_format(text, "rule '%s' allows ", listing_string(image->listing, row->name));
	if (name && *name)
		text_add(text, name);
	else
		text_format(text, "protocol %u", row->protocol);
	if (*ports)
		text_format(text, " %s%s", ports,
			    strcmp(port_of, "source") == 0 ? " as the source's port" :
			    strcmp(port_of, "either") == 0 ? " at either end" :
							     "");
	text_add(text, row->direction == DIRECTION_IN ? " in" : " out");
}

char *nearest_words_difference(const struct image *image, const struct listing_row *row,
			       const struct nearest_difference *difference)
{
	const struct rule_scope *scope = &image->generation->scopes[row->slot];
	autotext struct text text = { 0 };
	const char *join = ", but ";

	nearest_words_rule(&text, image, row);
	if (difference->direction) {
		text_format(&text, "%snot %s", join, row->direction == DIRECTION_IN ? "out" : "in");
		join = " and ";
	}
	if (difference->from) {
		text_add(&text, join);
		nearest_add_set(&text, image, "from", row->from, scope->from);
		join = " and ";
	}
	if (difference->to) {
		text_add(&text, join);
		nearest_add_set(&text, image, "to", row->to, scope->to);
		join = " and ";
	}
	if (difference->peer)
		text_format(&text, "%swith port %s at the other end only", join,
			    listing_string(image->listing, row->peers));
	return text_take(&text);
}
