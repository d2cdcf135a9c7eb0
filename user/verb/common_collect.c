// SPDX-License-Identifier: GPL-2.0-only
/* From a gate in the kernel to a report. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/state.h"
#include "user/kernel/upgrade.h"
#include "user/verb/common.h"
#include "user/verb/common_rules.h"
#include "user/verb/common_slow.h"

/* The name of a namespace that is no more may have been given to another one: then its cookie. */
static char *collect_label(const struct stamp *stamp, const struct report_gate *report)
{
	if (stamp->netns_cookie <= 1)
		return strdup(stamp->interfaces[0].name);
	if (*stamp->netns && !report->netns_is_lost)
		return text_print("%s/%s", stamp->netns, stamp->interfaces[0].name);
	return text_print("netns-%llu/%s", (unsigned long long)stamp->netns_cookie,
			  stamp->interfaces[0].name);
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

/* `how`: what else is asked for; its list isn't touched. */
static int collect_once(const struct gate *gate, uint64_t word, const struct common_gates *how,
			struct report_gate *report)
{
	const struct state state = state_unpack(word);
	struct common_slow fresh = { 0 };
	struct common_slow *slow = common_slow_of(how->recent, gate, word, &fresh);
	int error = slow ? gate_read_outcome_counts(gate, report->outcomes) : -ENOMEM;

	if (!error)
		error = common_rules(gate, &state, &slow->unnamed, report);
	if (!error)
		error = common_slow(gate, word, how, slow, report);
	if (!error)
		error = common_collect_interfaces(gate, how->stays, report);
	if (error)
		return error;
	report->label = collect_label(&gate->stamp, report);
	report->netns = *gate->stamp.netns ? text_cleaned(gate->stamp.netns) : NULL;
	if (!report->label || (*gate->stamp.netns && !report->netns))
		return -ENOMEM;
	text_clean(report->label);
	report->hooks = (enum hooks)gate->stamp.hooks;
	collect_state(&state, report);
	report->created_at = gate->stamp.created_at;
	report->netns_cookie = gate->stamp.netns_cookie;
	report->has_other_programs = upgrade_is_due(gate);
	memcpy(report->programs, gate->stamp.version, sizeof(report->programs));
	report->flows_max = 2ull * gate->stamp.flows_max;
	return 0;
}

static int collect_gate(const struct gate *gate, const char *what, const struct common_gates *how,
			struct report_gate *report, struct diags *diags)
{
	int error = 0;

	/* an apply in the middle of it changes the word: then once more */
	for (int attempt = 0; attempt < 10; attempt++) {
		cleanup(report_gate_free) struct report_gate read = { 0 };
		uint64_t word = gate_word(gate);

		error = collect_once(gate, word, how, &read);
		if (error && word == gate_word(gate))
			break;
		if (error || word != gate_word(gate))
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
	const struct common_gates how = { 0 };

	return collect_gate(gate, what, &how, report, diags);
}

void common_gates_free(struct common_gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		report_gate_free(&gates->list[i]);
	free(gates->list);
	report_unread_free(&gates->unread);
	*gates = (struct common_gates){ 0 };
}

static int collect_add(struct common_gates *gates, const struct gate *gate, const char *what,
		       struct diags *diags)
{
	cleanup(report_gate_free) struct report_gate report = { 0 };
	struct report_gate *place;
	int error = collect_gate(gate, what, gates, &report, diags);

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
	const struct report_gate *a = one, *b = two;
	int order = strcmp(a->label, b->label);

	/* cookies grow: the younger namespace stands first */
	return order ? order :
		       (a->netns_cookie < b->netns_cookie) - (a->netns_cookie > b->netns_cookie);
}

/*
 * Two namespaces can have had one name, one after the other, and without entering them nobody can tell
 * whose it is now: then all but one of the gates are called by their cookie. Those of one name stand together.
 */
static int collect_tell_apart(struct common_gates *gates)
{
	/* of a row of one name */
	const struct report_gate *first = NULL;

	for (size_t i = 0; i < gates->count; i++) {
		struct report_gate *gate = &gates->list[i];
		char *label;

		if (!first || !gate->netns || strcmp(gate->label, first->label) != 0) {
			first = gate;
			continue;
		}
		label = text_print("netns-%" PRIu64 "/%s", gate->netns_cookie,
				   strrchr(gate->label, '/') + 1);
		if (!label)
			return -ENOMEM;
		free(gate->label);
		gate->label = label;
	}
	return 0;
}

int common_collect_all(const char *interface, const char *what, struct common_gates *gates,
		       struct diags *diags)
{
	int error =
		common_each_gate(interface, what, collect_add_report, gates, &gates->unread, diags);

	if (!error && gates->count)
		qsort(gates->list, gates->count, sizeof(*gates->list), collect_compare);
	if (!error && gates->stays)
		error = collect_tell_apart(gates);
	if (error == -ENOMEM && !diags->failed)
		diag_system(diags, ENOMEM, what, "cannot list the gates");
	return error;
}

char *common_gate_label(const struct gate *gate, bool shown)
{
	cleanup(report_gate_free) struct report_gate report = { 0 };
	char *label;

	if (common_collect_interfaces(gate, false, &report))
		return NULL;
	label = collect_label(&gate->stamp, &report);
	if (label && shown)
		text_clean(label);
	return label;
}
