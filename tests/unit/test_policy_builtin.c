/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped policies, and the names of things in policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "user/base/cleanup.h"
#include "user/policy/policy.h"

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
}

/* NULL: what is read when nothing is named. Neither errors nor warnings are allowed. */
static struct policy *load(const char *name)
{
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	assert_int_equal(policy_load(&name, name ? 1 : 0, NULL, 0, &policy, &diags), 0);
	assert_int_equal(diags.count, 0);
	return policy;
}

static void shipped_policies_are_right(void **state)
{
	(void)state;
	assert_true(policy_builtin_count >= 3);
	assert_string_equal(policy_builtins[0].name, "lync-2013-public-im");
	for (size_t i = 0; i < policy_builtin_count; i++) {
		struct policy *policy cleanup(free_policy) = load(policy_builtins[i].name);

		assert_string_equal(policy->name, policy_builtins[i].name);
		assert_ptr_equal(policy_builtin_find(policy_builtins[i].name), &policy_builtins[i]);
		/* nobody is left out until the user says who is meant */
		for (size_t j = 0; j < policy->group_count; j++)
			assert_true(policy->groups[j].members.any);
	}
	assert_null(policy_builtin_find("nothing"));
}

static void default_is_the_port_table(void **state)
{
	static const struct row {
		const char *name, *direction, *protocol, *ports, *from, *to;
	} table[] = {
		{ "access-sip-mtls-in", "in", "tcp", "5061", "partners", "access-edge" },
		{ "access-sip-mtls-out", "out", "tcp", "5061", "access-edge", "partners" },
		{ "access-sip-tls-in", "in", "tcp", "443", "clients", "access-edge" },
		{ "av-rtp-out", "out", "tcp", "50000-59999", "av-edge", "messenger-clients" },
		{ "av-stun-out", "out", "udp", "3478", "av-edge", "messenger-clients" },
		{ "av-stun-in", "in", "udp", "3478", "messenger-clients", "av-edge" },
	};
	struct policy *plain cleanup(free_policy) = load(NULL);
	struct policy *relay cleanup(free_policy) = load("lync-2013-public-im-relay");

	(void)state;
	assert_int_equal(plain->rule_count, 6);
	assert_int_equal(relay->rule_count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct policy_rule *rule = &plain->rules[i];
		const struct policy_rule *twin = &relay->rules[i];

		assert_string_equal(rule->name, table[i].name);
		assert_string_equal(policy_direction_name(rule->direction), table[i].direction);
		assert_string_equal(policy_protocol_name(rule->protocol), table[i].protocol);
		assert_string_equal(rule->ports_text, table[i].ports);
		assert_string_equal(rule->from.text, table[i].from);
		assert_string_equal(rule->to.text, table[i].to);
		assert_int_equal(rule->port_of, POLICY_PORT_OF_DESTINATION);
		/* the other policy is the same but for one word */
		assert_string_equal(twin->name, rule->name);
		assert_string_equal(twin->ports_text, rule->ports_text);
		assert_string_equal(twin->from.text, rule->from.text);
		assert_string_equal(twin->note, rule->note);
		assert_int_equal(twin->port_of,
				 i == 3 ? POLICY_PORT_OF_SOURCE : POLICY_PORT_OF_DESTINATION);
	}
}

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(policy_icmp_type_name(1, 8), "echo-request");
	assert_string_equal(policy_icmp_type_name(58, 128), "echo-request");
	assert_string_equal(policy_icmp_type_name(58, 133), "nd-router-solicit");
	assert_null(policy_icmp_type_name(1, 200));
	assert_null(policy_icmp_type_name(6, 8));
	assert_string_equal(policy_protocol_name(132), "sctp");
	assert_null(policy_protocol_name(47));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_policies_are_right),
		cmocka_unit_test(default_is_the_port_table),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
