/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/rules.h"

#include <edgegate/abi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/policy/fields.h"
#include "user/policy/limits.h"
#include "user/policy/ports.h"
#include "user/policy/protocol.h"
#include "user/policy/value.h"

#define RULES_MAX RULES_PER_DIRECTION_MAX

enum rule_field {
	RULE_NAME,
	RULE_DIRECTION,
	RULE_PROTOCOL,
	RULE_PORTS,
	RULE_PORT_OF,
	RULE_PEER_PORTS,
	RULE_TYPES,
	RULE_FROM,
	RULE_TO,
	RULE_LIMIT,
	RULE_PAYLOAD,
	RULE_NOTE,
	RULE_FIELD_COUNT,
};

static const struct field rule_fields[] = {
	[RULE_NAME] = { "name", "name: web-in", true },
	[RULE_DIRECTION] = { "direction", "direction: in", true },
	[RULE_PROTOCOL] = { "protocol", "protocol: tcp", true },
	[RULE_PORTS] = { "ports", "ports: 443", false },
	[RULE_PORT_OF] = { "port-of", "port-of: destination", false },
	[RULE_PEER_PORTS] = { "peer-ports", "peer-ports: 3478", false },
	[RULE_TYPES] = { "types", "types: [echo-request]", false },
	[RULE_FROM] = { "from", "from: any", false },
	[RULE_TO] = { "to", "to: any", false },
	[RULE_LIMIT] = { "limit", "limit: {rate: 200/s}", false },
	[RULE_PAYLOAD] = { "payload", "payload: {class: udp-media}", false },
	[RULE_NOTE] = { "note", "note: what it is for", false },
};

static const char *const direction_words[] = {
	[POLICY_IN] = "in",
	[POLICY_OUT] = "out",
};

static const char *const port_of_words[] = {
	[POLICY_PORT_OF_DESTINATION] = "destination",
	[POLICY_PORT_OF_SOURCE] = "source",
	[POLICY_PORT_OF_EITHER] = "either",
};

static int unknown_protocol(struct draft *draft, const struct yaml_node *node)
{
	const char *number = protocol_number_text(node->text);
	const char *nearest = protocol_nearest(node->text);

	draft_error(draft, &node->place, "unknown protocol '%s'", node->text);
	if (number)
		diag_hint(draft->diags, "write its number, %s", number);
	else if (nearest)
		diag_hint(draft->diags, "did you mean '%s'?", nearest);
	else
		diag_hint(draft->diags, "it is tcp, udp, sctp, icmp, icmpv6 or a number from 0 to "
					"255");
	return -EINVAL;
}

static int read_protocol(struct draft *draft, const struct yaml_node *node, uint8_t *protocol)
{
	uint64_t number = 0;
	int error;

	if (value_scalar(draft, node, "protocol", "for example 'protocol: tcp'"))
		return -EINVAL;
	if (!protocol_find(node->text, protocol))
		return 0;
	error = number_parse(node->text, 255, &number);
	if (error == -ERANGE) {
		draft_error(draft, &node->place, "protocol '%s' is too large", node->text);
		diag_hint(draft->diags, "IP protocol numbers go from 0 to 255");
		return -EINVAL;
	}
	if (error)
		return unknown_protocol(draft, node);
	if (protocol_is_extension_header(number)) {
		draft_error(draft, &node->place, "protocol %s is an IPv6 extension header",
			    node->text);
		diag_hint(draft->diags, "edgegate looks behind these; name the protocol that "
					"follows them");
		return -EINVAL;
	}
	*protocol = number;
	return 0;
}

static int misplaced(struct draft *draft, const struct field_value *field,
		     const struct yaml_node *protocol, const char *hint)
{
	draft_error(draft, &field->key->place, "'%s' doesn't fit protocol %s", field->key->text,
		    protocol->text);
	diag_hint(draft->diags, "%s", hint);
	return -EINVAL;
}

/* The ports at the other end: only where it is clear which end that is. */
static int read_peer_ports(struct draft *draft, const struct field_value *values,
			   struct policy_rule *rule, bool has_ports)
{
	const struct field_value *peers = &values[RULE_PEER_PORTS];

	if (!peers->key)
		return 0;
	if (!has_ports)
		return misplaced(draft, peers, values[RULE_PROTOCOL].value,
				 "only tcp, udp and sctp have ports: leave it out");
	if (rule->port_of == POLICY_PORT_OF_EITHER) {
		draft_error(draft, &peers->key->place, "'peer-ports' beside 'port-of: either'");
		diag_hint(draft->diags, "write two rules: port-of: destination, and source");
		return -EINVAL;
	}
	return peers->value ? ports_read_peers(draft, peers->value, rule) : -EINVAL;
}

/* Ports, types and port-of: what must be there, and what can't, goes by the protocol. */
static int read_ports(struct draft *draft, const struct field_value *values,
		      struct policy_rule *rule)
{
	const struct yaml_node *protocol = values[RULE_PROTOCOL].value;
	bool ports = protocol_has_ports(rule->protocol);
	bool types = protocol_has_types(rule->protocol);
	enum rule_field needed = ports ? RULE_PORTS : RULE_TYPES;
	unsigned int port_of = POLICY_PORT_OF_DESTINATION;
	int error = 0;

	if (values[RULE_PORTS].key && !ports)
		error = misplaced(draft, &values[RULE_PORTS], protocol,
				  types ? "ICMP has no ports: write 'types'" :
					  "only tcp, udp and sctp have ports: leave it out");
	if (values[RULE_TYPES].key && !types)
		error = misplaced(draft, &values[RULE_TYPES], protocol,
				  ports ? "only icmp and icmpv6 have types: write 'ports'" :
					  "only icmp and icmpv6 have types: leave it out");
	if (values[RULE_PORT_OF].key && !ports)
		error = misplaced(draft, &values[RULE_PORT_OF], protocol,
				  "it is about ports: leave it out");
	else if (values[RULE_PORT_OF].key && value_choice(draft, values[RULE_PORT_OF].value,
							  "port-of", port_of_words, 3, &port_of))
		error = -EINVAL;
	rule->port_of = port_of;
	error = read_peer_ports(draft, values, rule, ports) ?: error;
	if (!ports && !types)
		return error ?: ports_none(draft, rule);
	if (values[needed].value)
		return ports_read(draft, values[needed].value, rule) ?: error;
	if (values[needed].seen)
		return -EINVAL;
	draft_error(draft, &protocol->place, "a rule for %s needs '%s'", protocol->text,
		    rule_fields[needed].name);
	diag_hint(draft->diags, ports ? "for example 'ports: 443', or 1-65535 for all of them" :
					"for example 'types: [echo-request]'");
	return -EINVAL;
}

static void too_many(struct draft *draft, const struct place *place, unsigned int most,
		     const char *where)
{
	draft_error(draft, place, "more than %u rules%s", most, where);
	diag_hint(draft->diags, "one rule can have several ports and several addresses");
	draft->rules_full = true;
}

/* By direction; rules that have none are bounded too. */
static void count_rule(struct draft *draft, const struct policy_rule *rule, bool has_direction)
{
	if (has_direction && ++draft->rules_in[rule->direction] > RULES_MAX)
		too_many(draft, &rule->place, RULES_MAX,
			 rule->direction == POLICY_IN ? " for 'in'" : " for 'out'");
	else if (draft->scope_count > 2 * RULES_MAX)
		too_many(draft, &rule->place, 2 * RULES_MAX, "");
}

static void read_rule(struct draft *draft, const struct yaml_node *map)
{
	struct policy *policy = &draft->store->policy;
	struct policy_rule rule cleanup(store_free_rule) = { 0 };
	struct field_value values[RULE_FIELD_COUNT];
	unsigned int direction = 0;
	struct policy_rule *added;
	struct draft_scope *scope;
	bool has_direction = false;
	int error;

	if (fields_collect(draft, map, "a rule", rule_fields, RULE_FIELD_COUNT, values))
		return;
	rule.place = map->place;
	error = !values[RULE_NAME].value ||
		value_name(draft, values[RULE_NAME].value, "a rule", &rule.name);
	if (values[RULE_NAME].value)
		rule.place = values[RULE_NAME].value->place;
	if (values[RULE_DIRECTION].value)
		has_direction = !value_choice(draft, values[RULE_DIRECTION].value, "direction",
					      direction_words, 2, &direction);
	rule.direction = direction;
	if (values[RULE_PROTOCOL].value &&
	    !read_protocol(draft, values[RULE_PROTOCOL].value, &rule.protocol))
		error |= read_ports(draft, values, &rule);
	if (values[RULE_LIMIT].value)
		error |= limits_read(draft, values[RULE_LIMIT].value, &rule);
	if (values[RULE_PAYLOAD].value && rule.protocol)
		error |= limits_read_payload(draft, values[RULE_PAYLOAD].key,
					     values[RULE_PAYLOAD].value, &rule);
	if (values[RULE_NOTE].value)
		error |= value_text(draft, values[RULE_NOTE].value, "note", &rule.note);
	count_rule(draft, &rule, has_direction);
	/* one without a name can't be told from others; one that is wrong otherwise still can */
	if (error && !rule.name)
		return;
	added = array_add(&policy->rules, &policy->rule_count);
	scope = added ? array_add(&draft->scopes, &draft->scope_count) : NULL;
	if (!scope) {
		if (added)
			policy->rule_count--;
		draft_no_memory(draft);
		return;
	}
	*added = rule;
	rule = (struct policy_rule){ 0 };
	scope->from = values[RULE_FROM].value;
	scope->to = values[RULE_TO].value;
}

void rules_read(struct draft *draft, const struct yaml_node *node)
{
	if (node->kind != YAML_LIST) {
		draft_error(draft, &node->place, "'rules' must be a list, not %s",
			    yaml_kind_name(node));
		diag_hint(draft->diags, "begin each rule with '- name: ...'");
		return;
	}
	if (!node->count) {
		draft_error(draft, &node->place, "an empty list of rules");
		diag_hint(draft->diags, "leave 'rules' out where nothing is to be allowed");
	}
	for (size_t i = 0; i < node->count && !draft->rules_full; i++)
		read_rule(draft, node->items[i]);
}

/* By name, and among equals in the order of the texts. */
static int compare(const void *left, const void *right)
{
	const struct policy_rule *a = *(const struct policy_rule *const *)left;
	const struct policy_rule *b = *(const struct policy_rule *const *)right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a > b) - (a < b);
}

void rules_check_names(struct draft *draft)
{
	const struct policy *policy = &draft->store->policy;
	autofree const struct policy_rule **by_name =
		calloc(policy->rule_count + 1, sizeof(*by_name));

	if (!by_name) {
		draft_no_memory(draft);
		return;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		by_name[i] = &policy->rules[i];
	qsort(by_name, policy->rule_count, sizeof(*by_name), compare);
	for (size_t i = 1; i < policy->rule_count; i++) {
		if (strcmp(by_name[i - 1]->name, by_name[i]->name))
			continue;
		draft_error(draft, &by_name[i]->place, "rule '%s' is already at " PLACE_FORMAT,
			    by_name[i]->name, PLACE_ARGUMENTS(&by_name[i - 1]->place));
		diag_hint(draft->diags, "counters go by the name: give one of them another");
	}
}
