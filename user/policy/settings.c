/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/settings.h"

#include <edgegate/abi.h>
#include <string.h>

#include "user/policy/fields.h"
#include "user/policy/value.h"

#define TIMEOUT_MOST (30 * 86400) /* seconds */

/* In the order of enum draft_setting. */
static const struct field essential_fields[] = {
	{ "link-control", "link-control: true", false },
	{ "arp", "arp: true", false },
	{ "neighbor-discovery", "neighbor-discovery: true", false },
	{ "icmp-errors", "icmp-errors: true", false },
	{ "ping", "ping: false", false },
	{ "dhcp", "dhcp: true", false },
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

	if (fields_collect(draft, node, "'essentials'", essential_fields, ESSENTIAL_COUNT, values))
		return;
	for (size_t i = 0; i < ESSENTIAL_COUNT; i++) {
		const char *name = essential_fields[i].name;
		bool value;

		if (!values[i].value || value_boolean(draft, values[i].value, name, &value))
			continue;
		set(draft, DRAFT_LINK_CONTROL + i, &values[i], value);
	}
}

void settings_read_fragments(struct draft *draft, const struct field_value *field)
{
	static const char *const words[] = { "drop", "track" };
	unsigned int word;

	if (!value_choice(draft, field->value, "fragments", words, 2, &word))
		set(draft, DRAFT_FRAGMENTS_TRACK, field, word);
}

static void read_timeouts(struct draft *draft, const struct yaml_node *node)
{
	struct field_value values[TIMEOUT_COUNT];

	if (fields_collect(draft, node, "'timeouts'", timeout_fields, TIMEOUT_COUNT, values))
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

	if (fields_collect(draft, node, "'flows'", flow_fields, FLOW_FIELD_COUNT, values))
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
	settings->icmp_errors = get(draft, DRAFT_ICMP_ERRORS, settings->icmp_errors);
	settings->ping = get(draft, DRAFT_PING, settings->ping);
	settings->dhcp = get(draft, DRAFT_DHCP, settings->dhcp);
	settings->fragments_track = get(draft, DRAFT_FRAGMENTS_TRACK, settings->fragments_track);
	settings->flows_max = get(draft, DRAFT_FLOWS_MAX, settings->flows_max);
	for (unsigned int i = 0; i < TIMEOUT_COUNT; i++)
		settings->timeouts[i] = get(draft, DRAFT_TIMEOUTS + i, settings->timeouts[i]);
}
