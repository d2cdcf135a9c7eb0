// SPDX-License-Identifier: GPL-2.0-only
/* Rules and what they have counted, of a gate in the kernel or of a policy's tree, to a report. */
#include <errno.h>
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
	const struct gate_counts *counts;
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
	rule->name = strdup(name);
	rule->direction = (enum direction)row->direction;
	rule->protocol = rules_protocol(row->protocol);
	rule->ports = rules_ports(listing_string(listing, row->ports),
				  listing_string(listing, row->port_of));
	rule->peers = strdup(listing_string(listing, row->peers));
	rule->limit = strdup(listing_string(listing, row->limit));
	rule->payload = strdup(listing_string(listing, row->payload));
	rule->from = strdup(listing_string(listing, row->from));
	rule->to = strdup(listing_string(listing, row->to));
	rule->note = strdup(listing_string(listing, row->note));
	rule->reserve = reserve;
	rule->counts = collector->counts->rules[row->slot];
	rule_count_subtract(&rule->counts, &row->baseline);
	rule_count_subtract(&collector->unnamed[row->direction], &rule->counts);
	return rule->protocol && rules_is_whole(rule) ? 0 : -ENOMEM;
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

int common_rules(const struct gate *gate, const struct gate_counts *counts,
		 const struct state *state, struct report_gate *report)
{
	struct collector collector = { .counts = counts, .report = report };
	autofree struct listing_header *live = NULL, *former = NULL;
	int error = gate_listing(gate, state->live, &live);

	/* -EPROTO: somebody has written over it; what can be shown is shown all the same */
	if (!error || error == -EPROTO)
		error = gate_listing(gate, state->former, &former);
	if (error && error != -EPROTO)
		return error;
	for (unsigned int slot = 0; slot < RULE_SLOTS; slot++)
		rule_count_add(&collector.unnamed[slot / RULE_SLOTS_PER_DIRECTION],
			       &counts->rules[slot]);
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
	error = rules_rows(&collector, live, false);
	if (!error)
		error = rules_rows(&collector, former, true);
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
