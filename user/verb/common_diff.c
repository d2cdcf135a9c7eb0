// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/image/diff.h"
#include "user/policy/policy.h"
#include "user/verb/common.h"
#include "user/verb/common_diff.h"

static struct report_diff_field *diff_fields_report(const struct diff_field *fields, size_t count)
{
	static const char *const reaches[] = {
		[DIFF_REACH_UNASKED] = NULL,  [DIFF_REACH_SAME] = "same",
		[DIFF_REACH_WIDER] = "wider", [DIFF_REACH_NARROWER] = "narrower",
		[DIFF_REACH_OTHER] = "other",
	};
	struct report_diff_field *list = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		list[i] = (struct report_diff_field){ fields[i].name, fields[i].was, fields[i].is,
						      reaches[fields[i].reach] };
	return list;
}

static struct report_diff_ports *diff_ports_report(const struct diff_ports *ports, size_t count)
{
	struct report_diff_ports *list = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		const char *name = policy_protocol_name(ports[i].protocol);

		list[i].direction = ports[i].direction;
		list[i].is_source = ports[i].is_source;
		list[i].ports = ports[i].ports;
		list[i].tuples = ports[i].tuples;
		if (name && *name)
			snprintf(list[i].protocol, sizeof(list[i].protocol), "%s", name);
		else
			snprintf(list[i].protocol, sizeof(list[i].protocol), "%u",
				 ports[i].protocol);
	}
	return list;
}

static int diff_rules_report(const struct diff *diff, struct report_diff *report)
{
	static const enum report_diff_kind kinds[] = {
		[DIFF_ADDED] = REPORT_DIFF_ADDED,
		[DIFF_REMOVED] = REPORT_DIFF_REMOVED,
		[DIFF_CHANGED] = REPORT_DIFF_CHANGED,
	};

	report->rules = calloc(diff->rule_count + 1, sizeof(*report->rules));
	for (size_t i = 0; report->rules && i < diff->rule_count; i++) {
		struct report_diff_rule *rule = &report->rules[report->rule_count++];

		rule->kind = kinds[diff->rules[i].kind];
		rule->name = diff->rules[i].name;
		rule->field_count = diff->rules[i].field_count;
		rule->fields = diff_fields_report(diff->rules[i].fields, rule->field_count);
		if (!rule->fields)
			return -ENOMEM;
	}
	return report->rules ? 0 : -ENOMEM;
}

static int diff_report(const struct diff *diff, struct report_diff *report)
{
	report->settings = diff_fields_report(diff->settings, diff->setting_count);
	report->setting_count = diff->setting_count;
	report->opens = diff_ports_report(diff->opens, diff->open_count);
	report->open_count = diff->open_count;
	report->closes = diff_ports_report(diff->closes, diff->close_count);
	report->close_count = diff->close_count;
	report->opened = diff->opened;
	report->closed = diff->closed;
	if (!report->settings || !report->opens || !report->closes)
		return -ENOMEM;
	return diff_rules_report(diff, report);
}

char *common_diff(const struct image *before, const struct image *after, bool json)
{
	const struct report_style style = common_style();
	cleanup(report_diff_free) struct report_diff report = {
		.is_policy = listing_string(after->listing, after->listing->policy),
		.is_hash = after->listing->policy_hash,
	};
	cleanup(diff_free) struct diff diff = { 0 };

	if (before) {
		report.was_policy = listing_string(before->listing, before->listing->policy);
		report.was_hash = before->listing->policy_hash;
	}
	if (diff_images(before, after, &diff) || diff_report(&diff, &report))
		return NULL;
	return json ? report_diff_json(&report) : report_diff_text(&report, &style);
}
