/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/document.h"

#include "user/base/cleanup.h"
#include "user/policy/expect.h"
#include "user/policy/groups.h"
#include "user/policy/rules.h"
#include "user/policy/settings.h"
#include "user/policy/value.h"

static const struct field document_fields[] = {
	[DOCUMENT_POLICY] = { "policy", "policy: my-edge", true },
	[DOCUMENT_INCLUDE] = { "include", "include: [host-basics]", false },
	[DOCUMENT_DESCRIPTION] = { "description", "description: what it is for", false },
	[DOCUMENT_GROUPS] = { "groups", "groups: {edge: [192.0.2.10]}", false },
	[DOCUMENT_RULES] = { "rules", "rules: [{name: ..., direction: in, ...}]", false },
	[DOCUMENT_ESSENTIALS] = { "essentials", "essentials: {arp: true}", false },
	[DOCUMENT_FRAGMENTS] = { "fragments", "fragments: track", false },
	[DOCUMENT_FLOWS] = { "flows", "flows: {max: 262144}", false },
	[DOCUMENT_EXPECT] = { "expect", "expect: [pass in tcp 198.51.100.7:40000 > 192.0.2.10:443]",
			      false },
};

int document_open(struct draft *draft, const struct yaml_node *root, struct document *document)
{
	return fields_collect(draft, root, "a policy", document_fields, DOCUMENT_FIELD_COUNT,
			      document->values);
}

void document_read(struct draft *draft, const struct document *document, bool names_policy)
{
	const struct field_value *values = document->values;
	struct policy *policy = &draft->store->policy;
	autofree char *description = NULL;
	autofree char *name = NULL;

	if (values[DOCUMENT_POLICY].value)
		value_name(draft, values[DOCUMENT_POLICY].value, "a policy", &name);
	if (values[DOCUMENT_DESCRIPTION].value)
		value_text(draft, values[DOCUMENT_DESCRIPTION].value, "description", &description);
	if (names_policy) {
		policy->name = take_pointer(&name);
		policy->description = take_pointer(&description);
	}
	if (values[DOCUMENT_GROUPS].value)
		groups_read(draft, values[DOCUMENT_GROUPS].value);
	if (values[DOCUMENT_RULES].value)
		rules_read(draft, values[DOCUMENT_RULES].value);
	if (values[DOCUMENT_ESSENTIALS].value)
		settings_read_essentials(draft, values[DOCUMENT_ESSENTIALS].value);
	if (values[DOCUMENT_FRAGMENTS].value)
		settings_read_fragments(draft, &values[DOCUMENT_FRAGMENTS]);
	if (values[DOCUMENT_FLOWS].value)
		settings_read_flows(draft, values[DOCUMENT_FLOWS].value);
	if (values[DOCUMENT_EXPECT].value)
		expect_read(draft, values[DOCUMENT_EXPECT].value);
}
