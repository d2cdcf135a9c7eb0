// SPDX-License-Identifier: GPL-2.0-only
/* What a rule says, and what the settings say, in the policy language's words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/text.h"
#include "user/image/diff.h"
#include "user/policy/policy.h"

#define PROTOCOL_ICMP 1
#define PROTOCOL_ICMPV6 58
#define MEMBERS_SHOWN 8u /* of a group */
#define NANOSECONDS 1000000000ull

int diff_add_field(struct diff_field **fields, size_t *count, const char *name, char *was, char *is,
		   enum diff_reach reach)
{
	struct diff_field *field = array_add(fields, count);

	if (!field) {
		free(was);
		free(is);
		return -ENOMEM;
	}
	*field = (struct diff_field){ name, was, is, reach };
	return 0;
}

void diff_fields_free(struct diff_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(fields[i].was);
		free(fields[i].is);
	}
	free(fields);
}

/* ---- addresses ----------------------------------------------------------------------------------- */

static uint32_t fields_set(const struct diff_side *side, const struct listing_row *row, bool from)
{
	const struct rule_scope *scope = &side->image->generation->scopes[row->slot];

	return from ? scope->from : scope->to;
}

/* As the rule wrote it, and who that is where it is a group's name. */
static char *fields_addresses(const struct diff_side *side, const struct listing_row *row,
			      bool from)
{
	const char *written = listing_string(side->image->listing, from ? row->from : row->to);
	uint32_t set = fields_set(side, row, from);
	/* each takes two characters or more: others than these can't be what was written */
	autofree char *members = image_members_text(side->image, set, strlen(written) / 2);
	autofree char *few = image_members_text(side->image, set, MEMBERS_SHOWN);

	if (!members || !few)
		return NULL;
	if (strcmp(members, written) == 0)
		return take_pointer(&members);
	return text_print("%s (%s)", written, few);
}

/* Is everything of one side's set in the other's? */
static bool fields_is_inside(const struct diff_side *inner, uint32_t inner_set,
			     const struct diff_side *outer, uint32_t outer_set)
{
	if (outer_set == SET_ANY)
		return true;
	if (inner_set == SET_ANY)
		return false;
	for (int family = 0; family < 2; family++) {
		for (size_t i = 0; i < inner->range_counts[family]; i++) {
			const struct image_range *range = &inner->ranges[family][i];
			const struct image_range *found;

			if (range->set != inner_set)
				continue;
			found = image_ranges_find(outer->ranges[family],
						  outer->range_counts[family], outer_set,
						  range->first);
			if (!found || found->last < range->last)
				return false;
		}
	}
	return true;
}

static enum diff_reach fields_reach(const struct diff_side *was, uint32_t was_set,
				    const struct diff_side *is, uint32_t is_set)
{
	bool wider = fields_is_inside(was, was_set, is, is_set);
	bool narrower = fields_is_inside(is, is_set, was, was_set);

	if (wider)
		return narrower ? DIFF_REACH_SAME : DIFF_REACH_WIDER;
	return narrower ? DIFF_REACH_NARROWER : DIFF_REACH_OTHER;
}

static int fields_add_addresses(const struct diff_side *was, const struct listing_row *was_row,
				const struct diff_side *is, const struct listing_row *is_row,
				bool from, struct diff_rule *rule)
{
	char *was_words = was_row ? fields_addresses(was, was_row, from) : NULL;
	char *is_words = is_row ? fields_addresses(is, is_row, from) : NULL;
	enum diff_reach reach = DIFF_REACH_UNASKED;

	if ((was_row && !was_words) || (is_row && !is_words)) {
		free(was_words);
		free(is_words);
		return -ENOMEM;
	}
	if (was_row && is_row) {
		reach = fields_reach(was, fields_set(was, was_row, from), is,
				     fields_set(is, is_row, from));
		/* the words may be cut short: what the sets hold decides as well */
		if (strcmp(was_words, is_words) == 0 && reach == DIFF_REACH_SAME) {
			free(was_words);
			free(is_words);
			return 0;
		}
	}
	return diff_add_field(&rule->fields, &rule->field_count, from ? "from" : "to", was_words,
			      is_words, reach);
}

/* ---- the rest of a rule -------------------------------------------------------------------------- */

static char *fields_protocol(uint8_t protocol)
{
	const char *name = policy_protocol_name(protocol);

	return name && *name ? strdup(name) : text_print("%u", protocol);
}

/* "200/s, burst 400, per source"; "" without a limit. */
static char *fields_limit(const struct rule_extra *extra)
{
	uint64_t seconds = 1, count;

	if (!extra->interval)
		return strdup("");
	/* the largest count with this interval: the one that was written, but for some above 126,000/s */
	count = NANOSECONDS * LIMIT_TICKS / extra->interval;
	if (!count || NANOSECONDS * LIMIT_TICKS / count != extra->interval) {
		seconds = 60;
		count = seconds * NANOSECONDS * LIMIT_TICKS / extra->interval;
	}
	return text_print("%llu/%c, burst %llu, per %s", (unsigned long long)count,
			  seconds == 1 ? 's' : 'm',
			  (unsigned long long)(extra->tolerance / extra->interval + 1),
			  extra->flags & EXTRA_PER_SOURCE ? "source" : "rule");
}

static char *fields_payload(const struct rule_extra *extra)
{
	if (!(extra->flags & EXTRA_UDP_MEDIA))
		return strdup("");
	return text_print("udp-media, %s", extra->flags & EXTRA_ENFORCE ? "enforce" : "observe");
}

enum { WORD_DIRECTION, WORD_PROTOCOL, WORD_PORTS, WORD_PORT_OF, WORD_PEERS, WORDS_BEFORE };
enum { WORD_LIMIT, WORD_PAYLOAD, WORD_NOTE, WORDS_BEHIND };

/* Words that stand in front of the addresses, or behind them. "" where nothing is said. */
static char *fields_word(const struct diff_side *side, const struct listing_row *row, int word,
			 bool behind)
{
	const struct listing_header *listing = side->image->listing;
	const struct rule_extra *extra = &side->image->generation->extras[row->slot];

	if (behind)
		return word == WORD_LIMIT   ? fields_limit(extra) :
		       word == WORD_PAYLOAD ? fields_payload(extra) :
					      strdup(listing_string(listing, row->note));
	switch (word) {
	case WORD_DIRECTION:
		return strdup(policy_direction_name((enum policy_direction)row->direction));
	case WORD_PROTOCOL:
		return fields_protocol(row->protocol);
	case WORD_PORTS:
		return strdup(listing_string(listing, row->ports));
	case WORD_PORT_OF:
		return strdup(listing_string(listing, row->port_of));
	default:
		return strdup(listing_string(listing, row->peers));
	}
}

static int fields_add_word(const struct diff_side *was, const struct listing_row *was_row,
			   const struct diff_side *is, const struct listing_row *is_row, int word,
			   bool behind, struct diff_rule *rule)
{
	static const char *const names[2][WORDS_BEFORE] = {
		{ "direction", "protocol", "ports", "port-of", "peer-ports" },
		{ "limit", "payload", "note" },
	};
	autofree char *was_word = was_row ? fields_word(was, was_row, word, behind) : strdup("");
	autofree char *is_word = is_row ? fields_word(is, is_row, word, behind) : strdup("");
	uint8_t protocol = is_row ? is_row->protocol : was_row ? was_row->protocol : 0;
	const char *name = names[behind][word];

	if (!was_word || !is_word)
		return -ENOMEM;
	if (strcmp(was_word, is_word) == 0)
		return 0;
	if (!behind && word == WORD_PORTS &&
	    (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6))
		name = "types";
	return diff_add_field(&rule->fields, &rule->field_count, name,
			      *was_word ? take_pointer(&was_word) : NULL,
			      *is_word ? take_pointer(&is_word) : NULL, DIFF_REACH_UNASKED);
}

int diff_fields(const struct diff_side *was, const struct listing_row *was_row,
		const struct diff_side *is, const struct listing_row *is_row,
		struct diff_rule *rule)
{
	/* the same meaning in other words is no difference */
	bool same = was_row && is_row && was_row->meaning == is_row->meaning;
	int error = 0;

	for (int word = 0; !error && !same && word < WORDS_BEFORE; word++)
		error = fields_add_word(was, was_row, is, is_row, word, false, rule);
	if (!error && !same)
		error = fields_add_addresses(was, was_row, is, is_row, true, rule);
	if (!error && !same)
		error = fields_add_addresses(was, was_row, is, is_row, false, rule);
	for (int word = same ? WORD_NOTE : 0; !error && word < WORDS_BEHIND; word++)
		error = fields_add_word(was, was_row, is, is_row, word, true, rule);
	return error;
}

/* ---- settings ------------------------------------------------------------------------------------ */

static char *fields_duration(uint32_t seconds)
{
	static const struct {
		uint32_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	autotext struct text text = { 0 };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (seconds / units[i].seconds)
			text_format(&text, "%u%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
	return text_take(&text);
}

static int fields_add_setting(struct diff *diff, const char *name, char *was, char *is)
{
	if (was && is)
		return diff_add_field(&diff->settings, &diff->setting_count, name, was, is,
				      DIFF_REACH_UNASKED);
	free(was);
	free(is);
	return -ENOMEM;
}

int diff_settings(const struct image *before, const struct image *after, struct diff *diff)
{
	static const struct {
		const char *name;
		uint32_t flag;
		const char *words[2]; /* off, on */
	} switches[] = {
		{ "essentials.link-control", SETTING_LINK_CONTROL, { "false", "true" } },
		{ "essentials.arp", SETTING_ARP, { "false", "true" } },
		{ "essentials.neighbor-discovery", SETTING_NEIGHBOR_DISCOVERY, { "false", "true" } },
		{ "essentials.icmp-errors", SETTING_ICMP_ERRORS, { "false", "true" } },
		{ "essentials.ping", SETTING_PING, { "false", "true" } },
		{ "essentials.dhcp", SETTING_DHCP, { "false", "true" } },
		{ "fragments", SETTING_FRAGMENTS_TRACK, { "drop", "track" } },
	};
	static const char *const timeouts[TIMEOUT_COUNT] = {
		[TIMEOUT_TCP] = "flows.timeouts.tcp",
		[TIMEOUT_TCP_TRANSITORY] = "flows.timeouts.tcp-transitory",
		[TIMEOUT_UDP] = "flows.timeouts.udp",
		[TIMEOUT_ICMP] = "flows.timeouts.icmp",
		[TIMEOUT_OTHER] = "flows.timeouts.other",
	};
	const struct settings *was = &before->generation->settings;
	const struct settings *is = &after->generation->settings;
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(switches) / sizeof(*switches); i++)
		if ((was->flags ^ is->flags) & switches[i].flag)
			error = fields_add_setting(
				diff, switches[i].name,
				strdup(switches[i].words[(was->flags & switches[i].flag) != 0]),
				strdup(switches[i].words[(is->flags & switches[i].flag) != 0]));
	if (!error && before->flows_max != after->flows_max)
		error = fields_add_setting(diff, "flows.max", text_print("%u", before->flows_max),
					   text_print("%u", after->flows_max));
	for (size_t i = 0; !error && i < TIMEOUT_COUNT; i++)
		if (was->timeouts[i] != is->timeouts[i])
			error = fields_add_setting(diff, timeouts[i],
						   fields_duration(was->timeouts[i]),
						   fields_duration(is->timeouts[i]));
	return error;
}
