// SPDX-License-Identifier: GPL-2.0-only
/* From a gate in the kernel, or a policy's tree, to a report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/kernel/drift.h"
#include "user/kernel/flows.h"
#include "user/kernel/netns.h"
#include "user/kernel/state.h"
#include "user/kernel/upgrade.h"
#include "user/verb/common.h"

#define REMOVED "(removed)"

static char *collect_protocol(uint8_t protocol)
{
	const char *name = policy_protocol_name(protocol);

	return name && *name ? strdup(name) : text_print("%u", protocol);
}

/* The name of a namespace that is no more may have been given to another one: then its cookie. */
static char *collect_label(const struct stamp *stamp, const struct report_gate *report)
{
	bool is_dead = true;

	for (size_t i = 0; i < report->interface_count; i++)
		is_dead = is_dead && !report->interfaces[i].xdp_program;
	if (stamp->netns_cookie <= 1)
		return strdup(stamp->interfaces[0].name);
	if (*stamp->netns && !is_dead)
		return text_print("%s/%s", stamp->netns, stamp->interfaces[0].name);
	return text_print("netns-%llu/%s", (unsigned long long)stamp->netns_cookie,
			  stamp->interfaces[0].name);
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
};

static bool collect_has(const struct report_gate *report, const char *name, uint8_t direction)
{
	for (size_t i = 0; i < report->rule_count; i++)
		if (strcmp(report->rules[i].name, name) == 0 &&
		    (uint8_t)report->rules[i].direction == direction)
			return true;
	return false;
}

/* A rule's ports, and whose they are where they aren't the destination's. */
static char *collect_ports(const char *ports, const char *port_of)
{
	if (!strcmp(port_of, "source") || !strcmp(port_of, "either"))
		return text_print("%s (%s)", ports, port_of);
	return strdup(ports);
}

/* Was there memory for all of it? The protocol is the caller's to look at: "(removed)" has none. */
static bool collect_is_whole(const struct report_rule *rule)
{
	return rule->name && rule->ports && rule->peers && rule->limit && rule->payload &&
	       rule->from && rule->to && rule->note;
}

static int collect_row(struct collector *collector, const struct listing_header *listing,
		       const struct listing_row *row, bool reserve)
{
	struct report_gate *report = collector->report;
	const char *name = listing_string(listing, row->name);
	struct report_rule *rule;

	if (reserve && collect_has(report, name, row->direction))
		return 0;
	rule = array_add(&report->rules, &report->rule_count);
	if (!rule)
		return -ENOMEM;
	rule->name = strdup(name);
	rule->direction = (enum direction)row->direction;
	rule->protocol = collect_protocol(row->protocol);
	rule->ports = collect_ports(listing_string(listing, row->ports),
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
	return rule->protocol && collect_is_whole(rule) ? 0 : -ENOMEM;
}

static int collect_rules(struct collector *collector, const struct listing_header *listing,
			 bool reserve)
{
	for (uint32_t i = 0; listing && i < listing->row_count; i++) {
		int error = collect_row(collector, listing, &listing_rows(listing)[i], reserve);

		if (error)
			return error;
	}
	return 0;
}

/* What rules counted that neither policy has any more: one row a direction, where there is any. */
static int collect_removed(struct collector *collector)
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
		if (!collect_is_whole(rule))
			return -ENOMEM;
	}
	return 0;
}

static int collect_policy(const struct gate *gate, const struct gate_counts *counts,
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
	error = collect_rules(&collector, live, false);
	if (!error)
		error = collect_rules(&collector, former, true);
	return error ? error : collect_removed(&collector);
}

static int collect_interfaces(const struct gate *gate, struct report_gate *report)
{
	cleanup(netns_return) int left = -1;
	struct diags ignored = { 0 };
	int error;

	/* a clsact filter shows only in its own namespace */
	if (gate->stamp.netns_cookie != netns_cookie() && *gate->stamp.netns)
		left = netns_visit(gate->stamp.netns, &ignored);
	diags_clear(&ignored);
	report->interface_count = gate->stamp.interface_count;
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		const struct stamp_interface *stamp = &gate->stamp.interfaces[i];
		struct report_interface *interface = &report->interfaces[i];
		struct gate_attachment attachment;

		error = gate_read_attachment(gate, i, &attachment);
		if (error)
			return error;
		memcpy(interface->name, attachment.name, sizeof(interface->name));
		interface->facing = (enum facing)stamp->facing;
		interface->xdp = (enum xdp_mode)stamp->xdp;
		interface->tc = attachment.tc;
		interface->is_lost = attachment.is_lost;
		interface->xdp_link = attachment.xdp_link;
		interface->xdp_program = attachment.xdp_program;
		interface->tc_link = attachment.tc_link;
		interface->tc_program = attachment.tc_program;
	}
	return 0;
}

/* What stands above the policy, and how long it stands. */
static void collect_state(const struct state *state, struct report_gate *report)
{
	uint64_t boot = state_now();
	struct timespec now;
	uint64_t date;

	clock_gettime(CLOCK_REALTIME, &now);
	date = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	report->policy_mode = state->live == SLOT_NONE    ? "none" :
			      state->mode == MODE_MONITOR ? "monitor" :
							    "enforce";
	/* as the programs read it, whatever somebody has written there */
	report->mode = state->emergency & EMERGENCY_BLOCK ? "block" :
		       state->emergency                   ? "open" :
							    report->policy_mode;
	report->keeps_session = state->session != 0;
	if (state->is_pending) {
		report->confirm_left = state->moment > boot ? state->moment - boot : 0;
		report->confirm_deadline = date + report->confirm_left;
	}
	if (state->was_rolled_back) {
		report->rolled_back_at = date - (boot - state->moment);
		report->has_expired = state->has_expired;
	}
}

static int collect_once(const struct gate *gate, uint64_t word, bool looks_for_drift,
			struct report_gate *report)
{
	cleanup(gate_free_counts) struct gate_counts counts = { 0 };
	struct state state = state_unpack(word);
	size_t flows = 0;
	int error = gate_read_counts(gate, &counts);

	if (!error)
		error = collect_policy(gate, &counts, &state, report);
	if (!error)
		error = flows_count(gate, &flows);
	/* a policy that somebody has written over: nobody knows its flows, but the rest is shown */
	if (error == -EPROTO || error == -ENOENT)
		error = 0;
	if (!error && looks_for_drift)
		error = drift_find(gate, word, &report->drifted);
	if (!error)
		error = collect_interfaces(gate, report);
	if (error)
		return error;
	report->label = collect_label(&gate->stamp, report);
	report->netns = *gate->stamp.netns ? strdup(gate->stamp.netns) : NULL;
	if (!report->label || (*gate->stamp.netns && !report->netns))
		return -ENOMEM;
	report->hooks = (enum hooks)gate->stamp.hooks;
	collect_state(&state, report);
	report->created_at = gate->stamp.created_at;
	report->has_drift = report->drifted != 0;
	report->has_other_programs = upgrade_is_due(gate);
	memcpy(report->programs, gate->stamp.version, sizeof(report->programs));
	memcpy(report->outcomes, counts.outcomes, sizeof(report->outcomes));
	report->flows_entries = flows;
	report->flows_max = 2ull * gate->stamp.flows_max;
	return 0;
}

static int collect_gate(const struct gate *gate, const char *what, bool looks_for_drift,
			struct report_gate *report, struct diags *diags)
{
	int error = 0;

	/* an apply in the middle of it changes the word: then once more */
	for (int attempt = 0; attempt < 10; attempt++) {
		cleanup(report_gate_free) struct report_gate read = { 0 };
		uint64_t word = state_settled(gate->word);

		error = collect_once(gate, word, looks_for_drift, &read);
		if (error && word == state_settled(gate->word))
			break;
		if (error || word != state_settled(gate->word))
			continue;
		*report = read;
		read = (struct report_gate){ 0 };
		return 0;
	}
	diag_system(diags, error ? -error : EAGAIN, what, "cannot read %s", gate->directory);
	diag_hint(diags, "try again");
	return error ? error : -EAGAIN;
}

int common_collect(const struct gate *gate, const char *what, struct report_gate *report,
		   struct diags *diags)
{
	return collect_gate(gate, what, false, report, diags);
}

void common_gates_free(struct common_gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		report_gate_free(&gates->list[i]);
	free(gates->list);
	*gates = (struct common_gates){ 0 };
}

static int collect_add(struct common_gates *gates, const struct gate *gate, const char *what,
		       struct diags *diags)
{
	cleanup(report_gate_free) struct report_gate report = { 0 };
	struct report_gate *place;
	int error = collect_gate(gate, what, gates->looks_for_drift, &report, diags);

	if (error)
		return error;
	place = array_add(&gates->list, &gates->count);
	if (!place)
		return diag_system(diags, ENOMEM, what, "cannot list the gates");
	*place = report;
	report = (struct report_gate){ 0 };
	return 0;
}

static int collect_add_report(const struct gate *gate, const char *what, void *data,
			      struct diags *diags)
{
	return collect_add(data, gate, what, diags);
}

static int collect_compare(const void *one, const void *two)
{
	return strcmp(((const struct report_gate *)one)->label,
		      ((const struct report_gate *)two)->label);
}

int common_collect_all(const char *interface, const char *what, struct common_gates *gates,
		       struct diags *diags)
{
	int error = common_each_gate(interface, what, collect_add_report, gates, diags);

	if (!error && gates->count)
		qsort(gates->list, gates->count, sizeof(*gates->list), collect_compare);
	return error;
}

char *common_gate_label(const struct gate *gate)
{
	struct report_gate report = { 0 };

	collect_interfaces(gate, &report);
	return collect_label(&gate->stamp, &report);
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
		rule->protocol = collect_protocol(said->protocol);
		rule->ports = collect_ports(said->ports_text, port_of[said->port_of]);
		rule->peers = strdup(said->peers_text ? said->peers_text : "");
		rule->limit = policy_limit_text(&said->limit);
		rule->payload = policy_payload_text(said);
		rule->from = strdup(said->from.text);
		rule->to = strdup(said->to.text);
		rule->note = strdup(said->note ? said->note : "");
		if (!rule->protocol || !collect_is_whole(rule))
			return -ENOMEM;
	}
	return 0;
}
