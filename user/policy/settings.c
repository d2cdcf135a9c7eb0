/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/settings.h"

#include <edgegate/abi.h>
#include <string.h>

#include "user/policy/fields.h"
#include "user/policy/value.h"

#define TIMEOUT_MOST (30 * 86400) /* seconds */

/* The first ones in the order of enum draft_setting; the rest are not in this version. */
static const struct field essential_fields[] = {
	{ "link-control", "link-control: true", false },
	{ "arp", "arp: true", false },
	{ "neighbor-discovery", "neighbor-discovery: true", false },
	{ "icmp-errors", "icmp-errors: false", false },
	{ "ping", "ping: false", false },
	{ "dhcp", "dhcp: false", false },
};

#define ESSENTIAL_COUNT (sizeof(essential_fields) / sizeof(essential_fields[0]))

enum flow_field { FLOW_MAX, FLOW_TIMEOUTS, FLOW_FIELD_COUNT };

static const struct field flow_fields[] = {
	[FLOW_MAX] = { "max", "max: 262144", false },
	[FLOW_TIMEOUTS] = { "timeouts", "timeouts: {udp: 5m}", false },
};

static const struct field timeout_fields[TIMEOUT_COUNT] = {
	[TIMEOUT_TCP] = { "tcp", "tcp: 2h4m", false },
	[TIMEOUT_TCP_TRANSITORY] = { "tcp-transitory", "tcp-transitory: 4m", false },
	[TIMEOUT_UDP] = { "udp", "udp: 5m", false },
	[TIMEOUT_ICMP] = { "icmp", "icmp: 1m", false },
	[TIMEOUT_OTHER] = { "other", "other: 10m", false },
};

static void set(struct draft *draft, unsigned int setting, const struct field_value *field,
		uint64_t value)
{
	struct draft_value *kept = &draft->settings[setting];

	if (!kept->place.source) {
		*kept = (struct draft_value){ .place = field->value->place, .value = value };
		return;
	}
	/* twice in one text is a key that stands twice, and was complained of */
	if (kept->value == value || kept->place.source == field->value->place.source)
		return;
	draft_error(draft, &field->value->place, "'%s' is set differently at " PLACE_FORMAT,
		    field->key->text, PLACE_ARGUMENTS(&kept->place));
	diag_hint(draft->diags, "leave one of them out");
}

void settings_read_essentials(struct draft *draft, const struct yaml_node *node)
{
	struct field_value values[ESSENTIAL_COUNT];

	if (fields_collect(draft, node, "'essentials'", LATER_NOWHERE, essential_fields,
			   ESSENTIAL_COUNT, values))
		return;
	for (size_t i = 0; i < ESSENTIAL_COUNT; i++) {
		const char *name = essential_fields[i].name;
		bool value;

		if (!values[i].value || value_boolean(draft, values[i].value, name, &value))
			continue;
		if (!later_has(LATER_ESSENTIALS, name))
			set(draft, DRAFT_LINK_CONTROL + i, &values[i], value);
		else if (value)
			later_refuse(draft, LATER_ESSENTIALS, name, values[i].key);
	}
}

void settings_read_fragments(struct draft *draft, const struct yaml_node *node)
{
	static const char *const words[] = { "drop" };
	unsigned int word;

	/* dropping is all that there is, so there is nothing to keep, or to set differently */
	if (node->kind == YAML_SCALAR && later_refuse(draft, LATER_FRAGMENTS, node->text, node))
		return;
	value_choice(draft, node, "fragments", words, 1, &word);
}

static void read_timeouts(struct draft *draft, const struct yaml_node *node)
{
	struct field_value values[TIMEOUT_COUNT];

	if (fields_collect(draft, node, "'timeouts'", LATER_NOWHERE, timeout_fields, TIMEOUT_COUNT,
			   values))
		return;
	for (unsigned int i = 0; i < TIMEOUT_COUNT; i++) {
		uint64_t seconds;

		if (values[i].value &&
		    !value_duration(draft, values[i].value, timeout_fields[i].name, TIMEOUT_MOST,
				    &seconds))
			set(draft, DRAFT_TIMEOUTS + i, &values[i], seconds);
	}
}

void settings_read_flows(struct draft *draft, const struct yaml_node *node)
{
	struct field_value values[FLOW_FIELD_COUNT];
	uint64_t max;

	if (fields_collect(draft, node, "'flows'", LATER_NOWHERE, flow_fields, FLOW_FIELD_COUNT,
			   values))
		return;
	if (values[FLOW_MAX].value && !value_number(draft, values[FLOW_MAX].value, "max",
						    FLOWS_MAX_LEAST, FLOWS_MAX_MOST, &max))
		set(draft, DRAFT_FLOWS_MAX, &values[FLOW_MAX], max);
	if (values[FLOW_TIMEOUTS].value)
		read_timeouts(draft, values[FLOW_TIMEOUTS].value);
}

static uint64_t get(const struct draft *draft, unsigned int setting, uint64_t otherwise)
{
	const struct draft_value *kept = &draft->settings[setting];

	return kept->place.source ? kept->value : otherwise;
}

void settings_finish(struct draft *draft)
{
	struct policy_settings *settings = &draft->store->policy.settings;

	settings->link_control = get(draft, DRAFT_LINK_CONTROL, settings->link_control);
	settings->arp = get(draft, DRAFT_ARP, settings->arp);
	settings->neighbor_discovery =
		get(draft, DRAFT_NEIGHBOR_DISCOVERY, settings->neighbor_discovery);
	settings->flows_max = get(draft, DRAFT_FLOWS_MAX, settings->flows_max);
	for (unsigned int i = 0; i < TIMEOUT_COUNT; i++)
		settings->timeouts[i] = get(draft, DRAFT_TIMEOUTS + i, settings->timeouts[i]);
}
