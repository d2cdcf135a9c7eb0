// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry. A family stands in the output also where it has no line; a line stands there from the start, at
 * 0, so that the first event is a rise. No label holds what strangers choose: no address, no port of a packet.
 */
#include <stdio.h>
#include <string.h>

#include "user/report/metrics.h"
#include "user/report/metrics_counts.h"

/* ---- tables ------------------------------------------------------------------------------------------ */

static void flows(struct metrics_writer *writer, const struct report_gate *gate)
{
	metrics_label(writer, "gate", gate->label);
	metrics_number(writer, gate->flows_entries);
}

static void flows_max(struct metrics_writer *writer, const struct report_gate *gate)
{
	metrics_label(writer, "gate", gate->label);
	metrics_number(writer, gate->flows_max);
}

static void families_tables(struct metrics_writer *writer, const struct report_gate *gate, bool max)
{
	for (size_t i = 0; gate->tables_known && i < REPORT_TABLES; i++) {
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "map", gate->tables[i].name);
		metrics_number(writer, max ? gate->tables[i].max : gate->tables[i].entries);
	}
}

static void map_entries(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_tables(writer, gate, false);
}

static void map_max_entries(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_tables(writer, gate, true);
}

static void map_live_entries(struct metrics_writer *writer, const struct report_gate *gate)
{
	static const char *const maps[REPORT_FAMILIES] = { "flows4", "flows6" };

	for (int family = 0; family < REPORT_FAMILIES; family++) {
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "map", maps[family]);
		metrics_number(writer, gate->flows_of[family]);
	}
}

/* ---- what is in force --------------------------------------------------------------------------------- */

static void gate_info(struct metrics_writer *writer, const struct report_gate *gate)
{
	metrics_label(writer, "gate", gate->label);
	metrics_label(writer, "policy", gate->policy ? gate->policy : "");
	metrics_label(writer, "mode", gate->mode);
	metrics_number(writer, 1);
}

/* A number of a gate that has no other label. */
static void families_number(struct metrics_writer *writer, const struct report_gate *gate,
			    uint64_t value)
{
	metrics_label(writer, "gate", gate->label);
	metrics_number(writer, value);
}

static void gate_created(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_number(writer, gate, gate->created_at);
}

static void policy_applied(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_number(writer, gate, gate->applied_at);
}

static void policy_drift(struct metrics_writer *writer, const struct report_gate *gate)
{
	if (gate->drift_known)
		families_number(writer, gate, gate->has_drift);
}

static void programs_current(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_number(writer, gate, !gate->has_other_programs);
}

static void confirm_pending(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_number(writer, gate, gate->confirm_deadline != 0);
}

static void confirm_deadline(struct metrics_writer *writer, const struct report_gate *gate)
{
	families_number(writer, gate, gate->confirm_deadline / 1000);
}

static void confirm_left(struct metrics_writer *writer, const struct report_gate *gate)
{
	metrics_label(writer, "gate", gate->label);
	metrics_real(writer, (double)gate->confirm_left / 1000);
}

static void rolled_back(struct metrics_writer *writer, const struct report_gate *gate)
{
	static const char *const by[] = { "command", "deadline" };

	for (int i = 0; i < 2; i++) {
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "by", by[i]);
		metrics_number(writer, gate->rolled_back_at && gate->has_expired == (i == 1));
	}
}

static void emergency(struct metrics_writer *writer, const struct report_gate *gate)
{
	static const char *const kinds[] = { "block", "open" };

	for (int i = 0; i < 2; i++) {
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "kind", kinds[i]);
		metrics_number(writer, strcmp(gate->mode, kinds[i]) == 0);
	}
}

/* ---- interfaces --------------------------------------------------------------------------------------- */

/* Two interfaces of a gate can have one name: one of them was moved away, and the other renamed since. */
static bool families_is_known(const struct report_gate *gate, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(gate->interfaces[i].name, gate->interfaces[at].name) == 0)
			return true;
	return false;
}

static void interface_info(struct metrics_writer *writer, const struct report_gate *gate)
{
	for (size_t i = 0; i < gate->interface_count; i++) {
		const struct report_interface *interface = &gate->interfaces[i];
		const char *tc = report_tc_kind(interface->tc);

		if (families_is_known(gate, i))
			continue;
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "interface", interface->name);
		metrics_label(writer, "facing", report_facing(interface->facing));
		metrics_label(writer, "xdp", report_xdp_mode(interface->xdp));
		metrics_label(writer, "tc", tc ? tc : "");
		metrics_number(writer, 1);
	}
}

static void interface_attached(struct metrics_writer *writer, const struct report_gate *gate)
{
	for (size_t i = 0; i < gate->interface_count; i++) {
		if (families_is_known(gate, i))
			continue;
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "interface", gate->interfaces[i].name);
		metrics_number(writer, !gate->interfaces[i].is_lost);
	}
}

static void filters_ahead(struct metrics_writer *writer, const struct report_gate *gate)
{
	for (size_t i = 0; i < gate->interface_count; i++) {
		if (families_is_known(gate, i) || !gate->interfaces[i].ahead_known)
			continue;
		metrics_label(writer, "gate", gate->label);
		metrics_label(writer, "interface", gate->interfaces[i].name);
		metrics_number(writer, gate->interfaces[i].ahead_count);
	}
}

/* ---- programs ----------------------------------------------------------------------------------------- */

static void families_runs(struct metrics_writer *writer, const struct report_gate *gate, size_t at)
{
	const struct report_runs *runs = &gate->runs[at];

	metrics_label(writer, "gate", gate->label);
	metrics_label(writer, "interface", gate->interfaces[runs->interface].name);
	metrics_label(writer, "hook", report_hook(runs->hook));
	metrics_label(writer, "direction", report_direction(runs->direction));
}

static void program_runs(struct metrics_writer *writer, const struct report_gate *gate)
{
	for (size_t i = 0; i < gate->run_count; i++) {
		if (families_is_known(gate, gate->runs[i].interface))
			continue;
		families_runs(writer, gate, i);
		metrics_number(writer, gate->runs[i].count);
	}
}

static void program_run_seconds(struct metrics_writer *writer, const struct report_gate *gate)
{
	for (size_t i = 0; i < gate->run_count; i++) {
		if (families_is_known(gate, gate->runs[i].interface))
			continue;
		families_runs(writer, gate, i);
		metrics_real(writer, (double)gate->runs[i].nanoseconds / 1e9);
	}
}

/* ---- edgegate itself ---------------------------------------------------------------------------------- */

static void build_info(struct metrics_writer *writer, const struct metrics_self *self)
{
	metrics_label(writer, "version", self->version);
	metrics_label(writer, "libbpf", self->libbpf);
	metrics_number(writer, 1);
}

static void unreadable_gates(struct metrics_writer *writer, const struct metrics_self *self)
{
	metrics_number(writer, self->unreadable);
}

static void scrape_duration(struct metrics_writer *writer, const struct metrics_self *self)
{
	metrics_real(writer, self->seconds);
}

static void start_time(struct metrics_writer *writer, const struct metrics_self *self)
{
	if (self->serves)
		metrics_number(writer, self->started_at);
}

static void scrapes(struct metrics_writer *writer, const struct metrics_self *self)
{
	if (self->serves)
		metrics_number(writer, self->scrapes);
}

static void scrape_errors(struct metrics_writer *writer, const struct metrics_self *self)
{
	if (self->serves)
		metrics_number(writer, self->errors);
}

static void answers(struct metrics_writer *writer, const struct metrics_self *self)
{
	for (size_t i = 0; i < self->answer_count; i++) {
		char status[16];

		snprintf(status, sizeof(status), "%u", self->answers[i].status);
		metrics_label(writer, "code", status);
		metrics_number(writer, self->answers[i].count);
	}
}

static void connections(struct metrics_writer *writer, const struct metrics_self *self)
{
	if (self->serves)
		metrics_number(writer, self->connections);
}

static void connections_cut(struct metrics_writer *writer, const struct metrics_self *self)
{
	if (self->serves)
		metrics_number(writer, self->cut);
}

/* ---- the registry ------------------------------------------------------------------------------------- */

/* clang-format off: a table */
const struct metrics_family metrics_families[] = {
	{ "edgegate_rule_packets", METRICS_COUNTER, "", "gate, rule, direction, protocol, path",
	  "Packets that a rule let pass: path forward in its own direction, path reply the answers to them.",
	  metrics_rule_packets, NULL },
	{ "edgegate_rule_bytes", METRICS_COUNTER, "bytes", "gate, rule, direction, protocol, path",
	  "Bytes of the frames that a rule let pass, without FCS.", metrics_rule_bytes, NULL },
	{ "edgegate_payload_mismatches", METRICS_COUNTER, "", "gate, rule",
	  "Packets whose payload is not of the class that the rule names; of rules that name one.",
	  metrics_payload_mismatches, NULL },
	{ "edgegate_passed_packets", METRICS_COUNTER, "", "gate, direction, kind",
	  "Packets that passed as essential, by kind.", metrics_passed_packets, NULL },
	{ "edgegate_passed_bytes", METRICS_COUNTER, "bytes", "gate, direction, kind",
	  "Bytes of the frames that passed as essential, by kind.", metrics_passed_bytes, NULL },
	{ "edgegate_dropped_packets", METRICS_COUNTER, "", "gate, direction, reason",
	  "Packets that were dropped, by reason; in the modes monitor and open such that would have been.",
	  metrics_dropped_packets, NULL },
	{ "edgegate_dropped_bytes", METRICS_COUNTER, "bytes", "gate, direction, reason",
	  "Bytes of the frames that were dropped, by reason.", metrics_dropped_bytes, NULL },
	{ "edgegate_flows", METRICS_GAUGE, "", "gate",
	  "Conversations of the host that live now; counted at most every 10 seconds.", flows,
	  NULL },
	{ "edgegate_flows_max", METRICS_GAUGE, "", "gate",
	  "Conversations that there is room for, of both address families together.", flows_max,
	  NULL },
	{ "edgegate_map_entries", METRICS_GAUGE, "", "gate, map",
	  "Entries of a table, also of such that have timed out and give way to the next one.",
	  map_entries, NULL },
	{ "edgegate_map_live_entries", METRICS_GAUGE, "", "gate, map",
	  "Those of edgegate_flows, by the address family's table: near its edgegate_map_max_entries, conversations that stand still give way.",
	  map_live_entries, NULL },
	{ "edgegate_map_max_entries", METRICS_GAUGE, "", "gate, map",
	  "Entries that a table has room for; full, the least recently used one goes.",
	  map_max_entries, NULL },
	{ "edgegate_gate", METRICS_INFO, "", "gate, policy, mode",
	  "The policy in force and its mode: enforce, monitor, block, open, or none without a policy.",
	  gate_info, NULL },
	{ "edgegate_gate_created_timestamp_seconds", METRICS_GAUGE, "seconds", "gate",
	  "When the gate was made, and its counters began.", gate_created, NULL },
	{ "edgegate_policy_applied_timestamp_seconds", METRICS_GAUGE, "seconds", "gate",
	  "When the policy in force was applied; 0 without one.", policy_applied, NULL },
	{ "edgegate_policy_drift", METRICS_GAUGE, "", "gate",
	  "1 when the maps of the policy in force are no longer what was applied; looked for every minute.",
	  policy_drift, NULL },
	{ "edgegate_programs_current", METRICS_GAUGE, "", "gate",
	  "1 when the programs that are attached are those of this edgegate.", programs_current,
	  NULL },
	{ "edgegate_confirm_pending", METRICS_GAUGE, "", "gate",
	  "1 while an apply waits to be confirmed.", confirm_pending, NULL },
	{ "edgegate_confirm_deadline_timestamp_seconds", METRICS_GAUGE, "seconds", "gate",
	  "When the former policy comes back unless somebody confirms; 0 while nothing waits.",
	  confirm_deadline, NULL },
	{ "edgegate_confirm_left_seconds", METRICS_GAUGE, "seconds", "gate",
	  "Time until then; 0 while nothing waits.", confirm_left, NULL },
	{ "edgegate_rolled_back", METRICS_GAUGE, "", "gate, by",
	  "1 when the last apply was taken back, by a command or because nobody confirmed in time.",
	  rolled_back, NULL },
	{ "edgegate_emergency", METRICS_GAUGE, "", "gate, kind",
	  "1 while the gate is in this emergency state.", emergency, NULL },
	{ "edgegate_interface", METRICS_INFO, "", "gate, interface, facing, xdp, tc",
	  "An interface of the gate, and how its programs are attached.", interface_info, NULL },
	{ "edgegate_interface_attached", METRICS_GAUGE, "", "gate, interface",
	  "1 while all of the gate's programs are attached to the interface; 0: it is open.",
	  interface_attached, NULL },
	{ "edgegate_filters_ahead", METRICS_GAUGE, "", "gate, interface",
	  "Programs of others that run before ours at tc, and can let packets pass unjudged.",
	  filters_ahead, NULL },
	{ "edgegate_program_runs", METRICS_COUNTER, "", "gate, interface, hook, direction",
	  "Times that the kernel ran a program of the gate, since it was loaded; told while kernel.bpf_stats_enabled is on. Interfaces that share it are told of once, as the first of them.",
	  program_runs, NULL },
	{ "edgegate_program_run_seconds", METRICS_COUNTER, "seconds",
	  "gate, interface, hook, direction",
	  "What all processors spent in it; divided by the runs: what a packet costs.",
	  program_run_seconds, NULL },
	{ "edgegate_build", METRICS_INFO, "", "version, libbpf",
	  "The edgegate that tells all this.", NULL, build_info },
	{ "edgegate_unreadable_gates", METRICS_GAUGE, "", "",
	  "Gates that are there and could not be read: nothing else is told of them.", NULL,
	  unreadable_gates },
	{ "edgegate_scrape_duration_seconds", METRICS_GAUGE, "seconds", "",
	  "What reading all gates took this time.", NULL, scrape_duration },
	{ "edgegate_exporter_start_time_seconds", METRICS_GAUGE, "seconds", "",
	  "When the exporter began.", NULL, start_time },
	{ "edgegate_exporter_scrapes", METRICS_COUNTER, "", "",
	  "Times that the exporter read the gates for somebody.", NULL, scrapes },
	{ "edgegate_exporter_scrape_errors", METRICS_COUNTER, "", "",
	  "Of these, such in which a gate could not be read.", NULL, scrape_errors },
	{ "edgegate_exporter_responses", METRICS_COUNTER, "", "code",
	  "What the exporter answered, by status; not what is no request at all, which its library refuses.",
	  NULL, answers },
	{ "edgegate_exporter_connections", METRICS_GAUGE, "", "",
	  "Connections to the exporter that are open.", NULL, connections },
	{ "edgegate_exporter_connections_cut", METRICS_COUNTER, "", "",
	  "Connections that took too long, or gave way to newer ones.", NULL, connections_cut },
};
/* clang-format on */
const size_t metrics_family_count = sizeof(metrics_families) / sizeof(*metrics_families);
