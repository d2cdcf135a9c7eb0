/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/ports.h"

#include <edgegate/abi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/policy/icmp_type.h"
#include "user/policy/protocol.h"

#define PORT_MAX 65535
#define TYPE_MAX 255

static int wrong_port(struct draft *draft, const struct yaml_node *item, int error)
{
	if (error == -ERANGE) {
		draft_error(draft, &item->place, "port '%s' is too large", item->text);
		diag_hint(draft->diags, "ports go from 1 to %d", PORT_MAX);
	} else {
		draft_error(draft, &item->place, "'%s' is no port", item->text);
		diag_hint(draft->diags, "write a number, 443, or a range, 50000-59999, without "
					"blanks");
	}
	return -EINVAL;
}

static int read_port(struct draft *draft, const struct yaml_node *item, struct policy_range *range)
{
	const char *dash = strchr(item->text, '-');
	size_t length = dash ? (size_t)(dash - item->text) : item->length;
	uint64_t first = 0, last = 0;
	int error = number_parse_part(item->text, length, PORT_MAX, &first);
	int last_error = dash ? number_parse(dash + 1, PORT_MAX, &last) : 0;

	/* "no number" says more than "too large" */
	if (last_error == -EINVAL || !error)
		error = last_error;
	if (error)
		return wrong_port(draft, item, error);
	if (!dash)
		last = first;
	if (first > last) {
		draft_error(draft, &item->place, "the range '%s' is backwards", item->text);
		diag_hint(draft->diags, "did you mean %u-%u?", (unsigned int)last,
			  (unsigned int)first);
		return -EINVAL;
	}
	if (!first) {
		draft_error(draft, &item->place, "there is no port 0");
		if (last)
			diag_hint(draft->diags, "did you mean 1-%u?", (unsigned int)last);
		else
			diag_hint(draft->diags, "ports go from 1 to %d; 1-%d is all of them",
				  PORT_MAX, PORT_MAX);
		return -EINVAL;
	}
	*range = (struct policy_range){ .first = first, .last = last };
	return 0;
}

static int read_type(struct draft *draft, const struct yaml_node *item, uint8_t protocol,
		     struct policy_range *range)
{
	struct suggestion nearest = { .word = item->text };
	uint64_t number = 0;
	uint8_t type = 0;
	int error = number_parse(item->text, TYPE_MAX, &number);

	if (error == -ERANGE) {
		draft_error(draft, &item->place, "ICMP type '%s' is too large", item->text);
		diag_hint(draft->diags, "types go from 0 to %d", TYPE_MAX);
		return -EINVAL;
	}
	if (error && icmp_type_find(protocol, item->text, &type)) {
		draft_error(draft, &item->place, "%s has no type '%s'", protocol_name(protocol),
			    item->text);
		icmp_type_suggest(protocol, &nearest);
		if (nearest.name)
			diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
		else
			diag_hint(draft->diags, "write a name like echo-request, or a number");
		return -EINVAL;
	}
	if (!error)
		type = number;
	*range = (struct policy_range){ .first = type, .last = type };
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct policy_range *a = left;
	const struct policy_range *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Sorts, and makes one of ranges that meet. */
static size_t merge(struct policy_range *ranges, size_t count)
{
	size_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), compare);
	for (size_t i = 0; i < count; i++) {
		struct policy_range *before = kept ? &ranges[kept - 1] : NULL;

		if (!before || ranges[i].first > before->last + 1)
			ranges[kept++] = ranges[i];
		else if (ranges[i].last > before->last)
			before->last = ranges[i].last;
	}
	return kept;
}

/* Ranges and the words that they stood in. */
struct list {
	struct policy_range *ranges;
	size_t count;
	struct text text;
};

static void free_list(struct list *list)
{
	free(list->ranges);
	text_free(&list->text);
}

static int read_item(struct draft *draft, const struct yaml_node *item, uint8_t protocol,
		     bool types, struct list *list)
{
	struct policy_range range = { 0 };
	struct policy_range *added;
	int error;

	if (item->kind != YAML_SCALAR) {
		draft_error(draft, &item->place, "a %s must be one value, not %s",
			    types ? "type" : "port", yaml_kind_name(item));
		diag_hint(draft->diags,
			  types ? "for example [echo-request]" : "for example [443, 50000-59999]");
		return -EINVAL;
	}
	error = types ? read_type(draft, item, protocol, &range) : read_port(draft, item, &range);
	if (error)
		return error;
	if (list->count)
		text_add(&list->text, ", ");
	text_add_bytes(&list->text, item->text, item->length);
	added = array_add(&list->ranges, &list->count);
	if (!added)
		return draft_no_memory(draft);
	*added = range;
	return 0;
}

/* One value or a list of them, into sorted ranges and their text. */
static int read_list(struct draft *draft, const struct yaml_node *node, uint8_t protocol,
		     bool types, struct list *list)
{
	int error = 0;

	if (node->kind != YAML_LIST)
		return read_item(draft, node, protocol, types, list);
	if (!node->count) {
		draft_error(draft, &node->place, "an empty list of %s", types ? "types" : "ports");
		diag_hint(draft->diags, types ? "for example [echo-request]" :
						"for example 443, or 1-65535 for all of them");
		return -EINVAL;
	}
	for (size_t i = 0; i < node->count; i++)
		error = read_item(draft, node->items[i], protocol, types, list) ?: error;
	return error;
}

static int take_list(struct draft *draft, struct list *list, struct policy_range **ranges,
		     size_t *count, char **text)
{
	*text = text_take(&list->text);
	if (!*text)
		return draft_no_memory(draft);
	*count = merge(list->ranges, list->count);
	*ranges = take_pointer(&list->ranges);
	return 0;
}

int ports_read(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule)
{
	struct list list cleanup(free_list) = { 0 };
	bool types = protocol_has_types(rule->protocol);
	int error = read_list(draft, node, rule->protocol, types, &list);

	return error ?: take_list(draft, &list, &rule->ports, &rule->port_count, &rule->ports_text);
}

int ports_read_peers(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule)
{
	struct list list cleanup(free_list) = { 0 };
	int error = read_list(draft, node, rule->protocol, false, &list);

	if (!error)
		error = take_list(draft, &list, &rule->peers, &rule->peer_count, &rule->peers_text);
	if (error || rule->peer_count <= PEER_RANGES_MAX)
		return error;
	draft_error(draft, &node->place, "more than %u ranges of peer ports", PEER_RANGES_MAX);
	diag_hint(draft->diags, "name wider ranges");
	return -EINVAL;
}

int ports_none(struct draft *draft, struct policy_rule *rule)
{
	rule->ports = calloc(1, sizeof(*rule->ports));
	rule->ports_text = strdup("");
	if (!rule->ports || !rule->ports_text)
		return draft_no_memory(draft);
	rule->port_count = 1;
	return 0;
}
