/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies by name, several read as one, and --group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/load.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/policy/address.h"
#include "user/policy/policy.h"

static void several_are_read_as_one(void **state)
{
	struct load both autoload =
		load_policies(NAMES("lync-2013-public-im", "host-basics"), NULL, 0);

	(void)state;
	assert_string_equal(both.printed, "");
	assert_string_equal(both.policy->name, "lync-2013-public-im");
	assert_non_null(strstr(both.policy->description, "Lync"));
	assert_int_equal(both.policy->source_count, 2);
	assert_string_equal(both.policy->rules[0].name, "access-sip-mtls-in");
	assert_string_equal(both.policy->rules[6].name, "dns-udp-out");
	assert_string_equal(both.policy->rules[6].place.source->name, "host-basics");
}

static void groups_and_settings_are_shared(void **state)
{
	(void)state;
	load_write("a.yaml", "policy: a\n"
			     "groups: {edge: [192.0.2.1, 192.0.2.2], mine: [any]}\n"
			     "rules: [{name: a, direction: in, protocol: tcp, ports: 1, to: far}]\n"
			     "essentials: {arp: false}\nflows: {timeouts: {udp: 2m}}\n");
	load_write("b.yaml",
		   "policy: b\ndescription: not this one\n"
		   "groups: {edge: [192.0.2.2, 192.0.2.1/32], far: [203.0.113.0/24]}\n"
		   "rules: [{name: b, direction: in, protocol: tcp, ports: 2, to: edge}]\n"
		   "essentials: {arp: false, link-control: false}\n"
		   "flows: {max: 2048, timeouts: {udp: 120s, tcp: 1h}}\nfragments: drop\n");
	{
		struct load both autoload = load_policies(NAMES("a.yaml", "./b.yaml"), NULL, 0);
		const struct policy *policy = both.policy;

		assert_string_equal(both.printed, "");
		assert_string_equal(policy->name, "a");
		assert_null(policy->description);
		assert_int_equal(policy->group_count, 3);
		assert_string_equal(policy->groups[0].name, "edge");
		assert_string_equal(policy->groups[1].name, "mine");
		assert_string_equal(policy->groups[2].name, "far");
		assert_int_equal(policy->rules[0].to.count, 1);
		assert_int_equal(policy->rules[1].to.count, 2);
		assert_false(policy->settings.arp);
		assert_false(policy->settings.link_control);
		assert_true(policy->settings.neighbor_discovery);
		assert_int_equal(policy->settings.flows_max, 2048);
		assert_int_equal(policy->settings.timeouts[0], 3600);
		assert_int_equal(policy->settings.timeouts[2], 120);
	}
	unlink("a.yaml");
	unlink("b.yaml");
}

static void differences_are_errors(void **state)
{
	(void)state;
	load_write("a.yaml", "policy: a\n"
			     "groups: {edge: [192.0.2.1]}\n"
			     "rules: [{name: web, direction: in, protocol: tcp, ports: 1}]\n"
			     "essentials: {arp: false}\nflows: {max: 1024, timeouts: {udp: 2m}}\n");
	load_write("b.yaml", "policy: b\n"
			     "groups: {edge: [192.0.2.2]}\n"
			     "rules: [{name: web, direction: out, protocol: udp, ports: 2}]\n"
			     "essentials: {arp: true}\nflows: {max: 2048, timeouts: {udp: 3m}}\n");
	assert_fails(load_policies(NAMES("a.yaml", "b.yaml"), NULL, 0),
		     "edgegate: b.yaml:4:19: 'arp' is set differently at a.yaml:4:19\n"
		     "   4 | essentials: {arp: true}\n"
		     "     |                   ^~~~\n"
		     "leave one of them out\n"
		     "edgegate: b.yaml:5:14: 'max' is set differently at a.yaml:5:14\n"
		     "   5 | flows: {max: 2048, timeouts: {udp: 3m}}\n"
		     "     |              ^~~~\n"
		     "leave one of them out\n"
		     "edgegate: b.yaml:5:36: 'udp' is set differently at a.yaml:5:36\n"
		     "   5 | flows: {max: 2048, timeouts: {udp: 3m}}\n"
		     "     |                                    ^~\n"
		     "leave one of them out\n"
		     "edgegate: b.yaml:2:10: group 'edge' has other members at a.yaml:2:10\n"
		     "   2 | groups: {edge: [192.0.2.2]}\n"
		     "     |          ^~~~\n"
		     "make them the same, rename one, or say --group edge=...\n"
		     "edgegate: b.yaml:3:16: rule 'web' is already at a.yaml:3:16\n"
		     "   3 | rules: [{name: web, direction: out, protocol: udp, ports: 2}]\n"
		     "     |                ^~~\n"
		     "counters go by the name: give one of them another\n");
	unlink("a.yaml");
	unlink("b.yaml");
}

static void overrides_replace_members(void **state)
{
	struct load result autoload =
		load_policies(NAMES("lync-2013-public-im"),
			      GROUPS({ "access-edge", "192.0.2.10,2001:db8::/64,192.0.2.10" },
				     { "partners", "any" }));
	const struct policy_addresses *to = &result.policy->rules[0].to;

	(void)state;
	assert_string_equal(result.printed, "");
	assert_false(to->any);
	assert_int_equal(to->count, 2);
	assert_string_equal(to->text, "access-edge");
	assert_int_equal(to->list[0].family, 4);
	assert_int_equal(to->list[1].bits, 64);
	assert_true(result.policy->rules[0].from.any);
	assert_string_equal(result.policy->groups[2].members.text,
			    "192.0.2.10, 2001:db8::/64, 192.0.2.10");
}

/* What the command line says of a group settles what two texts say of it. */
static void overrides_settle_differences(void **state)
{
	(void)state;
	load_write("a.yaml", "policy: a\ngroups: {edge: [192.0.2.1]}\n");
	load_write("b.yaml", "policy: b\ngroups: {edge: [192.0.2.2]}\nrules:\n"
			     "- {name: b, direction: in, protocol: tcp, ports: 2, to: edge}\n");
	{
		struct load both autoload =
			load_policies(NAMES("a.yaml", "b.yaml"), GROUPS({ "edge", "192.0.2.3" }));

		assert_string_equal(both.printed, "");
		assert_int_equal(both.policy->group_count, 1);
		assert_int_equal(both.policy->rules[0].to.list[0].address[3], 3);
	}
	unlink("a.yaml");
	unlink("b.yaml");
}

static void wrong_overrides_are_usage(void **state)
{
#define TABLE NAMES("lync-2013-public-im")
	(void)state;
	assert_fails(load_policies(TABLE, GROUPS({ "acces-edge", "any" })),
		     "edgegate: --group acces-edge=any: the policy has no group 'acces-edge'\n"
		     "did you mean 'access-edge'?\n");
	assert_fails(
		load_policies(TABLE, GROUPS({ "clients", "192.0.2.1,192.0.2.300" })),
		"edgegate: --group clients=192.0.2.1,192.0.2.300: '192.0.2.300' is no address\n"
		"addresses look like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "192.0.2.1/24" })),
		     "edgegate: --group clients=192.0.2.1/24: '192.0.2.1/24' has host bits set\n"
		     "did you mean 192.0.2.0/24?\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "" })),
		     "edgegate: --group clients=: an address is missing\n"
		     "write NAME=ADDRESS,ADDRESS,... or NAME=any\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "192.0.2.1," })),
		     "edgegate: --group clients=192.0.2.1,: an address is missing\n"
		     "write NAME=ADDRESS,ADDRESS,... or NAME=any\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "any,192.0.2.1" })),
		     "edgegate: --group clients=any,192.0.2.1: 'any' stands beside other members\n"
		     "'any' is every address: leave one or the other out\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "partners" })),
		     "edgegate: --group clients=partners: 'partners' is no address\n"
		     "addresses look like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32\n");
	assert_fails(load_policies(TABLE, GROUPS({ "clients", "any" }, { "clients", "any" })),
		     "edgegate: --group clients=any: this group is given twice\n"
		     "write all members in one, with commas\n");
#undef TABLE
}

static void names_are_found(void **state)
{
	(void)state;
	assert_fails(load_policies(NAMES("host-basic"), NULL, 0),
		     "edgegate: there is no policy 'host-basic', and no file of this name\n"
		     "did you mean 'host-basics'? `edgegate policies` lists what is shipped\n");
	assert_fails(load_policies(NAMES("nothing-like-it"), NULL, 0),
		     "edgegate: there is no policy 'nothing-like-it', and no file of this name\n"
		     "`edgegate policies` lists what is shipped\n");
	assert_fails(load_policies(NAMES("missing.yaml"), NULL, 0),
		     "edgegate: missing.yaml: No such file or directory\n"
		     "is this the right path?\n");
	assert_fails(load_policies(NAMES("missing.yaml", "also/missing", "host-basics"), NULL, 0),
		     "edgegate: missing.yaml: No such file or directory\n"
		     "is this the right path?\n"
		     "edgegate: also/missing: No such file or directory\n"
		     "is this the right path?\n");
	assert_int_equal(mkdir("some", 0700), 0);
	assert_fails(load_policies(NAMES("some"), NULL, 0), "edgegate: some: this is a directory\n"
							    "give the policy file in it\n");
	rmdir("some");
	/* a shipped policy's name is that policy; with a slash it is a file */
	load_write("host-basics", "policy: mine\n");
	load_write("plain", "policy: plain\n");
	{
		struct load shipped autoload = load_policies(NAMES("host-basics"), NULL, 0);
		struct load file autoload = load_policies(NAMES("./host-basics"), NULL, 0);
		struct load plain autoload = load_policies(NAMES("plain"), NULL, 0);

		assert_string_equal(shipped.policy->name, "host-basics");
		assert_string_equal(file.policy->name, "mine");
		assert_string_equal(plain.policy->name, "plain");
	}
	unlink("host-basics");
	unlink("plain");
}

static void standard_input_once(void **state)
{
	int saved = dup(STDIN_FILENO);

	(void)state;
	load_write("input", "policy: piped\n");
	assert_non_null(freopen("input", "r", stdin));
	{
		struct load piped autoload = load_policies(NAMES("-", "host-basics"), NULL, 0);

		assert_string_equal(piped.policy->name, "piped");
		assert_string_equal(piped.policy->sources[0]->name, "standard input");
	}
	assert_non_null(freopen("input", "r", stdin));
	assert_fails(load_policies(NAMES("-", "-"), NULL, 0),
		     "edgegate: -: standard input can be read only once\n"
		     "give the other policy as a file\n");
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
	unlink("input");
}

/* Errors of all texts are said at once; a text that can't be read hides what it may have. */
static void errors_of_all_texts(void **state)
{
	(void)state;
	load_write("a.yaml", "policy: a\nrules:\n"
			     "- {name: a, direction: in, protocol: tcp, ports: 0, to: far}\n");
	load_write("b.yaml", "policy: b\ngroups: {far: [\n");
	assert_fails(load_policies(NAMES("a.yaml", "b.yaml"), NULL, 0),
		     "edgegate: a.yaml:3:50: there is no port 0\n"
		     "   3 | - {name: a, direction: in, protocol: tcp, ports: 0, to: far}\n"
		     "     |                                                  ^\n"
		     "ports go from 1 to 65535; 1-65535 is all of them\n"
		     "edgegate: b.yaml:2:15: flow sequence without a closing bracket\n"
		     "   2 | groups: {far: [\n"
		     "     |               ^\n"
		     "close it with its counterpart\n");
	unlink("a.yaml");
	unlink("b.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_are_read_as_one),
		cmocka_unit_test(groups_and_settings_are_shared),
		cmocka_unit_test(differences_are_errors),
		cmocka_unit_test(overrides_replace_members),
		cmocka_unit_test(overrides_settle_differences),
		cmocka_unit_test(wrong_overrides_are_usage),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(standard_input_once),
		cmocka_unit_test(errors_of_all_texts),
	};

	return cmocka_run_group_tests(tests, load_enter_folder, load_leave_folder);
}
