// SPDX-License-Identifier: GPL-2.0-only
/* Tuples that open and close: both lists are sorted, so one walk tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/text.h"
#include "user/image/diff.h"
#include "user/image/lookup.h"
#include "user/policy/policy.h"

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58
#define PROTOCOL_SCTP 132

void diff_ports_free(struct diff_ports *ports)
{
	free(ports->ports);
	free(ports->ranges);
}

/* Whose port a tuple's may be for some rule: CANDIDATE_DESTINATION, CANDIDATE_SOURCE. */
static uint16_t tuples_roles(const struct image *image, uint16_t entry)
{
	const uint16_t *list;
	uint16_t roles = 0;
	uint32_t count;

	if (!(entry & ENTRY_LIST))
		return CANDIDATE_DESTINATION;
	list = lookup_list(image->generation, entry, &count);
	for (uint32_t i = 0; i < count; i++)
		roles |= list[i];
	return roles & (CANDIDATE_DESTINATION | CANDIDATE_SOURCE);
}

static int tuples_add(struct diff_ports **list, size_t *count, const struct tuple *tuple,
		      bool is_source)
{
	struct diff_ports *ports = NULL;
	uint16_t(*range)[2];

	/* those of a direction and protocol come one after the other, the two roles mixed */
	for (size_t i = *count; !ports && i > 0 && i + 2 > *count; i--) {
		struct diff_ports *last = &(*list)[i - 1];

		if (last->direction == (enum direction)tuple->direction &&
		    last->protocol == tuple->protocol && last->is_source == is_source)
			ports = last;
	}
	if (!ports) {
		ports = array_add(list, count);
		if (!ports)
			return -ENOMEM;
		ports->direction = (enum direction)tuple->direction;
		ports->protocol = tuple->protocol;
		ports->is_source = is_source;
	}
	ports->tuples++;
	if (ports->range_count && ports->ranges[ports->range_count - 1][1] + 1 == tuple->port) {
		ports->ranges[ports->range_count - 1][1] = tuple->port;
		return 0;
	}
	range = array_add(&ports->ranges, &ports->range_count);
	if (!range)
		return -ENOMEM;
	(*range)[0] = (*range)[1] = tuple->port;
	return 0;
}

/* What `to` has and `from` hasn't. */
static int tuples_missing(const struct image *from, const struct image *to,
			  struct diff_ports **list, size_t *count, size_t *total)
{
	size_t at = 0;

	for (size_t i = 0; i < to->tuple_count; i++) {
		const struct image_tuple *tuple = &to->tuples[i];
		uint16_t roles = tuples_roles(to, tuple->entry);

		while (at < from->tuple_count &&
		       image_tuple_compare(&from->tuples[at].key, &tuple->key) < 0)
			at++;
		if (at < from->tuple_count &&
		    image_tuple_compare(&from->tuples[at].key, &tuple->key) == 0)
			roles &= (uint16_t)~tuples_roles(from, from->tuples[at].entry);
		for (uint16_t role = CANDIDATE_DESTINATION; role; role = (uint16_t)(role << 1)) {
			if (!(roles & role))
				continue;
			if (tuples_add(list, count, &tuple->key, role == CANDIDATE_SOURCE))
				return -ENOMEM;
			(*total)++;
		}
	}
	return 0;
}

static void tuples_range(const struct diff_ports *ports, size_t at, struct text *text)
{
	unsigned int first = ports->ranges[at][0], last = ports->ranges[at][1];
	bool is_icmp = ports->protocol == PROTOCOL_ICMP || ports->protocol == PROTOCOL_ICMPV6;
	const char *name;

	if (!is_icmp) {
		text_format(text, first == last ? "%u" : "%u-%u", first, last);
		return;
	}
	for (unsigned int type = first; type <= last; type++) {
		name = policy_icmp_type_name(ports->protocol, (uint8_t)type);
		text_add(text, type > first ? ", " : "");
		if (name && *name)
			text_add(text, name);
		else
			text_format(text, "%u", type);
	}
}

static bool tuples_has_words(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP ||
	       protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static int tuples_words(struct diff_ports *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autotext struct text text = { 0 };

		for (size_t n = 0; tuples_has_words(list[i].protocol) && n < list[i].range_count;
		     n++) {
			text_add(&text, n ? ", " : "");
			tuples_range(&list[i], n, &text);
		}
		list[i].ports = text_take(&text);
		if (!list[i].ports)
			return -ENOMEM;
	}
	return 0;
}

int diff_tuples(const struct image *before, const struct image *after, struct diff *diff)
{
	int error = tuples_missing(before, after, &diff->opens, &diff->open_count, &diff->opened);

	if (!error)
		error = tuples_missing(after, before, &diff->closes, &diff->close_count,
				       &diff->closed);
	if (!error)
		error = tuples_words(diff->opens, diff->open_count);
	return error ? error : tuples_words(diff->closes, diff->close_count);
}
