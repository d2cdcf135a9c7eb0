// SPDX-License-Identifier: GPL-2.0-only
/* Rules and what they have counted, of a gate in the kernel or of a policy's tree, to a report. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/verb/common.h"
#include "user/verb/common_rules.h"

#define REMOVED "(removed)"

static char *rules_protocol(uint8_t protocol)
{
	const char *name = policy_protocol_name(protocol);

	return name && *name ? strdup(name) : text_print("%u", protocol);
}

static void count_subtract(struct count *from, const struct count *what)
{
	from->packets -= what->packets;
	from->bytes -= what->bytes;
}

static void rule_count_subtract(struct rule_count *from, const struct rule_count *what)
{
	count_subtract(&from->forward, &what->forward);
	count_subtract(&from->reply, &what->reply);
	from->payload_mismatches -= what->payload_mismatches;
}

static void rule_count_add(struct rule_count *to, const struct rule_count *what)
{
	to->forward.packets += what->forward.packets;
	to->forward.bytes += what->forward.bytes;
	to->reply.packets += what->reply.packets;
	to->reply.bytes += what->reply.bytes;
	to->payload_mismatches += what->payload_mismatches;
}

/* While a report is made. `unnamed` is what no kept rule has counted, by direction. */
struct collector {
	const struct rule_count *counts; /* by slot */
	struct report_gate *report;
	struct rule_count unnamed[DIRECTION_COUNT];
	uint32_t places[RULE_SLOTS]; /* of the slot's rule in the report, from 1; 0: none yet */
};

/* Slots go by name: a row of the former policy whose rule the live one has too is that rule's. */
static bool rules_has(const struct collector *collector, const char *name,
		      const struct listing_row *row)
{
	const uint32_t place = collector->places[row->slot];
	const struct report_rule *rule = place ? &collector->report->rules[place - 1] : NULL;

	return rule && strcmp(rule->name, name) == 0 && (uint8_t)rule->direction == row->direction;
}

/* A rule's ports, and whose they are where they aren't the destination's. */
static char *rules_ports(const char *ports, const char *port_of)
{
	if (!strcmp(port_of, "source") || !strcmp(port_of, "either"))
		return text_print("%s (%s)", ports, port_of);
	return strdup(ports);
}

/* Was there memory for all of it? The protocol is the caller's to look at: "(removed)" has none. */
static bool rules_is_whole(const struct report_rule *rule)
{
	return rule->name && rule->ports && rule->peers && rule->limit && rule->payload &&
	       rule->from && rule->to && rule->note;
}

/* A rule's strings, in one block: of thousands of rules, nine each were a tenth of a scrape. */
static int rules_strings(const struct listing_header *listing, const struct listing_row *row,
			 struct report_rule *rule)
{
	autofree char *protocol = rules_protocol(row->protocol);
	autofree char *ports = rules_ports(listing_string(listing, row->ports),
					   listing_string(listing, row->port_of));
	const struct {
		char **to;
		const char *from;
	} strings[] = {
		{ &rule->name, listing_string(listing, row->name) },
		{ &rule->protocol, protocol },
		{ &rule->ports, ports },
		{ &rule->peers, listing_string(listing, row->peers) },
		{ &rule->limit, listing_string(listing, row->limit) },
		{ &rule->payload, listing_string(listing, row->payload) },
		{ &rule->from, listing_string(listing, row->from) },
		{ &rule->to, listing_string(listing, row->to) },
		{ &rule->note, listing_string(listing, row->note) },
	};
	const size_t count = sizeof(strings) / sizeof(*strings);
	size_t sizes[sizeof(strings) / sizeof(*strings)], size = 0;
	char *at;

	if (!protocol || !ports)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		size += sizes[i] = strlen(strings[i].from) + 1;
	at = rule->block = malloc(size);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		*strings[i].to = memcpy(at, strings[i].from, sizes[i]);
		at += sizes[i];
	}
	return 0;
}

static int rules_row(struct collector *collector, const struct listing_header *listing,
		     const struct listing_row *row, bool reserve)
{
	struct report_gate *report = collector->report;
	const char *name = listing_string(listing, row->name);
	struct report_rule *rule;

	if (reserve && rules_has(collector, name, row))
		return 0;
	rule = array_add(&report->rules, &report->rule_count);
	if (!rule)
		return -ENOMEM;
	collector->places[row->slot] = (uint32_t)report->rule_count;
	rule->direction = (enum direction)row->direction;
	rule->reserve = reserve;
	rule->counts = collector->counts[row->slot];
	rule_count_subtract(&rule->counts, &row->baseline);
	rule_count_subtract(&collector->unnamed[row->direction], &rule->counts);
	return rules_strings(listing, row, rule);
}

static int rules_rows(struct collector *collector, const struct listing_header *listing,
		      bool reserve)
{
	for (uint32_t i = 0; listing && i < listing->row_count; i++) {
		int error = rules_row(collector, listing, &listing_rows(listing)[i], reserve);

		if (error)
			return error;
	}
	return 0;
}

/* What rules counted that neither policy has any more: one row a direction, where there is any. */
static int rules_removed(struct collector *collector)
{
	static const struct rule_count zero;

	for (int direction = 0; direction < DIRECTION_COUNT; direction++) {
		struct report_gate *report = collector->report;
		struct report_rule *rule;

		if (memcmp(&collector->unnamed[direction], &zero, sizeof(zero)) == 0)
			continue;
		rule = array_add(&report->rules, &report->rule_count);
		if (!rule)
			return -ENOMEM;
		rule->name = strdup(REMOVED);
		rule->direction = (enum direction)direction;
		rule->ports = strdup("");
		rule->peers = strdup("");
		rule->limit = strdup("");
		rule->payload = strdup("");
		rule->from = strdup("");
		rule->to = strdup("");
		rule->note = strdup("");
		rule->counts = collector->unnamed[direction];
		if (!rules_is_whole(rule))
			return -ENOMEM;
	}
	return 0;
}

/* The slots from the first to the last that a listing has, by direction; none: last < first. */
struct span {
	unsigned int first, last;
};

static void rules_span(const struct listing_header *listing, struct span spans[DIRECTION_COUNT])
{
	for (uint32_t i = 0; listing && i < listing->row_count; i++) {
		const unsigned int slot = listing_rows(listing)[i].slot;
		struct span *span = &spans[slot / RULE_SLOTS_PER_DIRECTION];

		span->first = slot < span->first ? slot : span->first;
		span->last = slot > span->last ? slot : span->last;
	}
}

/* Counters of rules that the two policies have; of the others what is kept is as good. */
static int rules_read_named(const struct gate *gate, const struct listing_header *live,
			    const struct listing_header *former, struct rule_count *counts)
{
	struct span spans[DIRECTION_COUNT] = { { RULE_SLOTS, 0 }, { RULE_SLOTS, 0 } };
	int error = 0;

	rules_span(live, spans);
	rules_span(former, spans);
	for (int i = 0; !error && i < DIRECTION_COUNT; i++)
		if (spans[i].first <= spans[i].last)
			error = gate_read_rule_counts(gate, spans[i].first,
						      spans[i].last - spans[i].first + 1, counts);
	return error;
}

static int rules_read(const struct gate *gate, const struct listing_header *live,
		      const struct listing_header *former, const struct common_unnamed *kept,
		      struct rule_count *counts)
{
	if (kept && kept->is_known)
		return rules_read_named(gate, live, former, counts);
	return gate_read_rule_counts(gate, 0, RULE_SLOTS, counts);
}

static int rules_policies(const struct listing_header *live, const struct listing_header *former,
			  struct report_gate *report)
{
	if (live) {
		report->policy = strdup(listing_string(live, live->policy));
		report->policy_hash = live->policy_hash;
		report->applied_at = live->applied_at;
		if (!report->policy)
			return -ENOMEM;
	}
	if (former) {
		report->former = strdup(listing_string(former, former->policy));
		if (!report->former)
			return -ENOMEM;
	}
	return 0;
}

int common_rules(const struct gate *gate, const struct state *state, struct common_unnamed *kept,
		 struct report_gate *report)
{
	autofree struct rule_count *counts = calloc(RULE_SLOTS, sizeof(*counts));
	struct collector collector = { .counts = counts, .report = report };
	autofree struct listing_header *live = NULL, *former = NULL;
	int error = counts ? gate_listing(gate, state->live, &live) : -ENOMEM;

	/* -EPROTO: somebody has written over it; what can be shown is shown all the same */
	if (!error || error == -EPROTO)
		error = gate_listing(gate, state->former, &former);
	if (error && error != -EPROTO)
		return error;
	error = rules_read(gate, live, former, kept, counts);
	if (!error)
		error = rules_policies(live, former, report);
	if (error)
		return error;
	for (unsigned int slot = 0; slot < RULE_SLOTS; slot++)
		rule_count_add(&collector.unnamed[slot / RULE_SLOTS_PER_DIRECTION], &counts[slot]);
	error = rules_rows(&collector, live, false);
	if (!error)
		error = rules_rows(&collector, former, true);
	if (!error && kept && kept->is_known)
		memcpy(collector.unnamed, kept->counts, sizeof(kept->counts));
	if (!error && kept && !kept->is_known) {
		memcpy(kept->counts, collector.unnamed, sizeof(kept->counts));
		kept->is_known = true;
	}
	return error ? error : rules_removed(&collector);
}

int common_describe(const struct policy *policy, struct report_gate *report)
{
	static const char *const port_of[] = { "", "source", "either" };

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *said = &policy->rules[i];
		struct report_rule *rule = array_add(&report->rules, &report->rule_count);

		if (!rule)
			return -ENOMEM;
		rule->name = strdup(said->name);
		rule->direction = (enum direction)said->direction;
		rule->protocol = rules_protocol(said->protocol);
		rule->ports = rules_ports(said->ports_text, port_of[said->port_of]);
		rule->peers = strdup(said->peers_text ? said->peers_text : "");
		rule->limit = policy_limit_text(&said->limit);
		rule->payload = policy_payload_text(said);
		rule->from = strdup(said->from.text);
		rule->to = strdup(said->to.text);
		rule->note = strdup(said->note ? said->note : "");
		if (!rule->protocol || !rules_is_whole(rule))
			return -ENOMEM;
	}
	return 0;
}
