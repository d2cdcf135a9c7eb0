/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies and what becomes of them: tests/golden/policy/good/NAME.yaml with the tree (and its
 * warnings) in NAME.tree, bad/NAME.yaml with the errors as they are printed in NAME.err. A bad one
 * is a good one with one thing changed; what they include is in a folder included/ beside them.
 * GOLDEN_UPDATE=1 writes the expectations anew: read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/golden.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/text.h"
#include "user/policy/address.h"
#include "user/policy/policy.h"

#define FOLDER "tests/golden/policy/"

static void add_addresses(struct text *out, const struct policy_addresses *set)
{
	text_format(out, " \"%s\" =", set->text);
	if (set->any)
		text_add(out, " any");
	for (size_t i = 0; i < set->count; i++) {
		char printed[ADDRESS_TEXT_SIZE];

		address_print(&set->list[i], printed);
		text_format(out, " %s", printed);
	}
	text_add(out, "\n");
}

/* " (LINE:COLUMN)"; with the name of an included text. */
static void add_place(struct text *out, const struct policy *policy, const struct place *place)
{
	text_add(out, " (");
	if (place->source != policy->sources[0])
		text_format(out, "%s:", place->source->name);
	text_format(out, "%u:%u)", place->line, place->column);
}

static void add_rule(struct text *out, const struct policy *policy, const struct policy_rule *rule)
{
	static const char *const port_of[] = { "destination", "source", "either" };

	text_format(out, "rule %s", rule->name);
	add_place(out, policy, &rule->place);
	text_format(out, "\n\tdirection %s\n\tprotocol %u\n\tports \"%s\" =",
		    policy_direction_name(rule->direction), rule->protocol, rule->ports_text);
	for (size_t i = 0; i < rule->port_count; i++)
		text_format(out, " %u-%u", rule->ports[i].first, rule->ports[i].last);
	text_format(out, "\n\tport-of %s\n\tfrom", port_of[rule->port_of]);
	add_addresses(out, &rule->from);
	text_add(out, "\tto");
	add_addresses(out, &rule->to);
	if (rule->peers_text) {
		text_format(out, "\tpeer-ports \"%s\" =", rule->peers_text);
		for (size_t i = 0; i < rule->peer_count; i++)
			text_format(out, " %u-%u", rule->peers[i].first, rule->peers[i].last);
		text_add(out, "\n");
	}
	if (rule->limit.count)
		text_format(out, "\tlimit %u in %u s, burst %u, per %s\n", rule->limit.count,
			    rule->limit.seconds, rule->limit.burst,
			    rule->limit.per_source ? "source" : "rule");
	if (rule->payload)
		text_format(out, "\tpayload %d, %s\n", rule->payload,
			    rule->payload_enforce ? "enforce" : "observe");
	if (rule->note)
		text_format(out, "\tnote \"%s\"\n", rule->note);
}

static char *tree_text(const struct policy *policy)
{
	const struct policy_settings *settings = &policy->settings;
	autotext struct text out = { 0 };

	text_format(&out, "policy %s\n", policy->name);
	if (policy->description)
		text_format(&out, "description \"%s\"\n", policy->description);
	text_format(&out, "link-control %d\narp %d\nneighbor-discovery %d\n",
		    settings->link_control, settings->arp, settings->neighbor_discovery);
	text_format(&out, "icmp-errors %d\nping %d\ndhcp %d\nfragments %s\n", settings->icmp_errors,
		    settings->ping, settings->dhcp, settings->fragments_track ? "track" : "drop");
	text_format(&out, "flows %u\ntimeouts %u %u %u %u %u\n", settings->flows_max,
		    settings->timeouts[0], settings->timeouts[1], settings->timeouts[2],
		    settings->timeouts[3], settings->timeouts[4]);
	for (size_t i = 0; i < policy->source_count; i++)
		text_format(&out, "source %s\n", policy->sources[i]->name);
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct policy_group *group = &policy->groups[i];

		text_format(&out, "group %s", group->name);
		add_place(&out, policy, &group->place);
		add_addresses(&out, &group->members);
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		add_rule(&out, policy, &policy->rules[i]);
	return text_take(&out);
}

/* `got` against the file beside `path` that ends in `ending`; false where they differ. */
static bool matches(const char *path, const char *ending, const char *got)
{
	autofree char *name = text_print("%.*s%s", (int)(strrchr(path, '.') - path), path, ending);

	return golden_matches(name, got);
}

/* As a user does who stands in that folder. */
static int load(const char *path, struct policy **policy, struct diags *diags)
{
	const char *name = strrchr(path, '/') + 1;
	autofree char *folder = text_print("%.*s", (int)(name - path), path);
	char before[4096];
	int error;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_return_code(chdir(folder), 0);
	error = policy_load(&name, 1, NULL, 0, policy, diags);
	assert_return_code(chdir(before), 0);
	return error;
}

static int check_good(const char *path)
{
	struct policy *policy = NULL;
	struct diags diags = { 0 };
	autofree char *warnings = NULL;
	autofree char *tree = NULL;
	autofree char *all = NULL;
	int same;

	if (load(path, &policy, &diags)) {
		autofree char *errors = diag_text_all(&diags);

		fail_msg("%s: %s", path, errors);
	}
	assert_false(diags.failed);
	assert_int_equal(diags_exit_status(&diags), 0);
	tree = tree_text(policy);
	policy_free(policy);
	/* printed when the policy is gone: diags hold the texts that they quote */
	warnings = diag_text_all(&diags);
	all = text_print("%s%s", tree, warnings);
	same = matches(path, ".tree", all);
	diags_clear(&diags);
	return same;
}

static int check_bad(const char *path)
{
	struct policy *policy = (struct policy *)&path;
	struct diags diags = { 0 };
	autofree char *errors = NULL;
	int same;

	if (!load(path, &policy, &diags))
		fail_msg("%s: is not bad", path);
	/* out-parameters are left alone on failure */
	assert_ptr_equal(policy, (struct policy *)&path);
	assert_true(diags.failed);
	assert_int_equal(diags_exit_status(&diags), 2);
	for (size_t i = 0; i < diags.count; i++) {
		/* the last line says what to do */
		if (!diags.list[i].hint)
			fail_msg("%s: no hint: %s", path, diags.list[i].why);
	}
	errors = diag_text_all(&diags);
	same = matches(path, ".err", errors);
	diags_clear(&diags);
	return same;
}

static void check_all(const char *pattern, int (*check)(const char *), size_t least)
{
	glob_t found;
	size_t wrong = 0;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= least);
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !check(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(wrong, 0);
}

static void good_policies_become_these_trees(void **state)
{
	(void)state;
	check_all(FOLDER "good/*.yaml", check_good, 10);
}

static void bad_policies_get_these_errors(void **state)
{
	(void)state;
	check_all(FOLDER "bad/*.yaml", check_bad, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_policies_become_these_trees),
		cmocka_unit_test(bad_policies_get_these_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
