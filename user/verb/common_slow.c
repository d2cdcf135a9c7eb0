// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/common_slow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/moment.h"
#include "user/kernel/drift.h"
#include "user/kernel/flows.h"

_Static_assert(REPORT_TABLES == GATE_TABLES, "all tables that are counted are reported");

double slow_clock(void)
{
	return moment_now();
}

static struct common_slow *slow_find(struct common_recent *recent, const struct gate *gate)
{
	struct common_slow *slow;

	for (size_t i = 0; i < recent->count; i++)
		if (strcmp(recent->list[i].directory, gate->directory) == 0)
			return &recent->list[i];
	slow = array_add(&recent->list, &recent->count);
	if (slow)
		memcpy(slow->directory, gate->directory, sizeof(slow->directory));
	return slow;
}

/*
 * Is it too old? Who looks ahead, between two questions, does so at half that age and only for so long: then
 * those who ask find it done.
 */
static bool slow_is_due(const struct common_recent *recent, double at, double kept)
{
	double now = slow_clock();

	if (now < recent->looks_ahead_until)
		kept /= 2;
	return at <= 0 || now - at >= kept;
}

static int slow_flows(const struct gate *gate, bool tables, struct common_slow *slow)
{
	struct gate_table found[GATE_TABLES] = { 0 };
	struct flows_counts flows = { 0 };
	int error = flows_count(gate, &flows);

	/* a policy that somebody has written over: nobody knows its flows, but the rest is shown */
	if (error == -EPROTO || error == -ENOENT)
		error = 0;
	if (!error && tables)
		error = gate_read_tables(gate, found);
	if (error)
		return error;
	slow->flows[0] = flows.ipv4;
	slow->flows[1] = flows.ipv6;
	for (size_t i = 0; i < GATE_TABLES; i++)
		slow->tables[i] =
			(struct report_table){ found[i].name, found[i].entries, found[i].max };
	slow->flows_at = slow_clock();
	return 0;
}

static int slow_drift(const struct gate *gate, uint64_t word, struct common_slow *slow)
{
	int error = drift_find(gate, word, NULL, &slow->drifted);

	if (!error)
		slow->drift_at = slow_clock();
	return error;
}

struct common_slow *common_slow_of(struct common_recent *recent, const struct gate *gate,
				   uint64_t word, struct common_slow *fresh)
{
	struct common_slow *slow = recent ? slow_find(recent, gate) : fresh;

	if (!slow)
		return NULL;
	if (slow->created_at != gate->stamp.created_at || slow->word != word) {
		slow->flows_at = slow->drift_at = 0;
		slow->unnamed.is_known = false;
	}
	slow->created_at = gate->stamp.created_at;
	slow->word = word;
	slow->is_seen = true;
	return slow;
}

int common_slow(const struct gate *gate, uint64_t word, const struct common_gates *how,
		struct common_slow *slow, struct report_gate *report)
{
	static const struct common_recent none;
	const struct common_recent *recent = how->recent ? how->recent : &none;
	int error = 0;

	if (slow_is_due(recent, slow->flows_at, SLOW_FLOWS_KEPT)) {
		/* heals what an apply changed in the moment between two looks */
		slow->unnamed.is_known = false;
		error = slow_flows(gate, how->looks_at_tables, slow);
	}
	if (!error && how->looks_for_drift && slow_is_due(recent, slow->drift_at, SLOW_DRIFT_KEPT))
		error = slow_drift(gate, word, slow);
	if (error)
		return error;
	report->flows_of[REPORT_IPV4] = slow->flows[0];
	report->flows_of[REPORT_IPV6] = slow->flows[1];
	report->flows_entries = slow->flows[0] + slow->flows[1];
	report->tables_known = how->looks_at_tables;
	memcpy(report->tables, slow->tables, sizeof(report->tables));
	report->drift_known = how->looks_for_drift;
	report->drifted = slow->drifted;
	report->has_drift = report->drifted != 0;
	return 0;
}

void common_recent_sweep(struct common_recent *recent)
{
	size_t kept = 0;

	for (size_t i = 0; i < recent->count; i++) {
		if (!recent->list[i].is_seen)
			continue;
		recent->list[kept] = recent->list[i];
		recent->list[kept++].is_seen = false;
	}
	recent->count = kept;
}

void common_recent_free(struct common_recent *recent)
{
	free(recent->list);
	*recent = (struct common_recent){ 0 };
}
