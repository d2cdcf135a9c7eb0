// SPDX-License-Identifier: GPL-2.0-only
/* What changes from one policy to another: two lists of rules in, lines out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/diff.h"
#include "user/policy/policy.h"

static void compile(const char *rules, struct image *image)
{
	autofree char *text = text_print(
		"policy: test\ngroups: {blue: [192.0.2.0/24], red: [any], many: [10.0.0.1, 10.0.0.3, "
		"10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11, 10.0.0.13, 10.0.0.15, 10.0.0.17]}\n%s",
		rules);
	const struct image_running fresh = { 0 };
	struct diags diags = { 0 };
	struct policy *policy = NULL;

	if (policy_parse("test", text, strlen(text), &policy, &diags) ||
	    image_compile(policy, &fresh, image, &diags)) {
		autofree char *said = diag_text_all(&diags);

		fail_msg("%s", said);
	}
	policy_free(policy);
	diags_clear(&diags);
}

static void add_fields(const struct diff_field *fields, size_t count, struct text *text)
{
	static const char *const reaches[] = { "", " same", " wider", " narrower", " other" };

	for (size_t i = 0; i < count; i++)
		text_format(text, "%s%s[%s>%s%s]", i ? " " : "", fields[i].name,
			    fields[i].was ? fields[i].was : "", fields[i].is ? fields[i].is : "",
			    reaches[fields[i].reach]);
}

static void add_ports(const char *verb, const struct diff_ports *ports, size_t count,
		      struct text *text)
{
	for (size_t i = 0; i < count; i++)
		text_format(text, "%s %s %u%s %s =%zu\n", verb,
			    ports[i].direction == DIRECTION_IN ? "in" : "out", ports[i].protocol,
			    ports[i].is_source ? " source" : "", ports[i].ports, ports[i].tuples);
}

static char *render(const struct diff *diff)
{
	struct text text = { 0 };

	for (size_t i = 0; i < diff->rule_count; i++) {
		text_format(&text, "%c %s ", "+-~"[diff->rules[i].kind], diff -> rules[i].name);
		add_fields(diff->rules[i].fields, diff->rules[i].field_count, &text);
		text_add(&text, "\n");
	}
	add_fields(diff->settings, diff->setting_count, &text);
	text_add(&text, diff->setting_count ? "\n" : "");
	add_ports("opens", diff->opens, diff->open_count, &text);
	add_ports("closes", diff->closes, diff->close_count, &text);
	return text_take(&text);
}

/* `before` NULL: there was no policy. */
static void expect(const char *before, const char *after, const char *lines)
{
	cleanup(image_free) struct image was = { 0 }, is = { 0 };
	cleanup(diff_free) struct diff diff = { 0 };
	autofree char *got = NULL;

	if (before)
		compile(before, &was);
	compile(after, &is);
	assert_return_code(diff_images(before ? &was : NULL, &is, &diff), 0);
	got = render(&diff);
	assert_string_equal(got, lines);
}

#define WEB "  - {name: web, direction: in, protocol: tcp, ports: [80, 443]}\n"
#define DNS "  - {name: dns, direction: out, protocol: udp, ports: 53, to: blue}\n"
#define GRE "  - {name: gre, direction: in, protocol: 47}\n"

static void what_is_the_same_is_not_listed(void **unused)
{
	(void)unused;
	expect("rules:\n" WEB DNS, "rules:\n" WEB DNS, "");
	expect("rules:\n" WEB, "description: other\nrules:\n" WEB, "");
	/* the same in other words */
	expect("rules:\n  - {name: a, direction: in, protocol: tcp, ports: [80, 81-90]}\n",
	       "rules:\n  - {name: a, direction: in, protocol: 6, ports: 80-90, from: red}\n", "");
}

static void rules_that_are_new_or_gone_say_all(void **unused)
{
	(void)unused;
	expect("rules:\n" WEB, "rules:\n" DNS GRE,
	       "+ dns direction[>out] protocol[>udp] ports[>53] port-of[>destination] from[>any] "
	       "to[>blue (192.0.2.0/24)]\n"
	       "+ gre direction[>in] protocol[>47] from[>any] to[>any]\n"
	       "- web direction[in>] protocol[tcp>] ports[80, 443>] port-of[destination>] "
	       "from[any>] to[any>]\n"
	       "opens in 47  =1\n"
	       "opens out 17 53 =1\n"
	       "closes in 6 80, 443 =2\n");
	/* before there was a policy, everything passed: nothing opens */
	expect(NULL, "rules:\n" GRE, "+ gre direction[>in] protocol[>47] from[>any] to[>any]\n");
}

#define RULE(words) "rules:\n  - {name: a, " words "}\n"

static void each_field_that_changed(void **unused)
{
	(void)unused;
	expect(RULE("direction: in, protocol: tcp, ports: 1-9"),
	       RULE("direction: out, protocol: udp, ports: 3-12"),
	       "~ a direction[in>out] protocol[tcp>udp] ports[1-9>3-12]\n"
	       "opens out 17 3-12 =10\n"
	       "closes in 6 1-9 =9\n");
	expect(RULE("direction: in, protocol: tcp, ports: 1-9"),
	       RULE("direction: in, protocol: tcp, ports: [4-12, 20], peer-ports: 7"),
	       "~ a ports[1-9>4-12, 20] peer-ports[>7]\n"
	       "opens in 6 10-12, 20 =4\n"
	       "closes in 6 1-3 =3\n");
	expect(RULE("direction: in, protocol: icmp, types: [echo-request, 200]"),
	       RULE("direction: in, protocol: icmp, types: [echo-request, redirect, 201]"),
	       "~ a types[echo-request, 200>echo-request, redirect, 201]\n"
	       "opens in 1 redirect, 201 =2\n"
	       "closes in 1 200 =1\n");
	expect(RULE("direction: in, protocol: udp, ports: 1, note: one"),
	       RULE("direction: in, protocol: udp, ports: 1, note: two"), "~ a note[one>two]\n");
}

static void whose_port_it_is_counts(void **unused)
{
	(void)unused;
	expect(RULE("direction: out, protocol: tcp, ports: 1-3"),
	       RULE("direction: out, protocol: tcp, ports: 2-4, port-of: either"),
	       "~ a ports[1-3>2-4] port-of[destination>either]\n"
	       "opens out 6 source 2-4 =3\n"
	       "opens out 6 4 =1\n"
	       "closes out 6 1 =1\n");
	/* an earlier rule hides the later one's port: what opens is told of what is asked */
	expect("rules:\n" WEB
	       "  - {name: b, direction: in, protocol: tcp, ports: 443, from: blue}\n",
	       "rules:\n" WEB,
	       "- b direction[in>] protocol[tcp>] ports[443>] port-of[destination>] "
	       "from[blue (192.0.2.0/24)>] to[any>]\n");
}

static void limits_and_payload_classes(void **unused)
{
	(void)unused;
	expect(RULE("direction: in, protocol: udp, ports: 1"),
	       RULE("direction: in, protocol: udp, ports: 1, limit: {rate: 200/s, per: source}"),
	       "~ a limit[>200/s, burst 200, per source]\n");
	expect(RULE("direction: in, protocol: udp, ports: 1, limit: {rate: 7/m, burst: 400}"),
	       RULE("direction: in, protocol: udp, ports: 1, limit: {rate: 123457/s, burst: 1}"),
	       "~ a limit[7/m, burst 400, per rule>123457/s, burst 1, per rule]\n");
	expect(RULE("direction: in, protocol: udp, ports: 1, payload: {class: udp-media}"),
	       RULE("direction: in, protocol: udp, ports: 1, payload: {class: udp-media, mode: "
		    "enforce}"),
	       "~ a payload[udp-media, observe>udp-media, enforce]\n");
}

#define FROM(words) RULE("direction: in, protocol: udp, ports: 1, from: " words)

static void addresses_are_wider_narrower_or_others(void **unused)
{
	static const struct {
		const char *was, *is, *line;
	} cases[] = {
		{ FROM("any"), FROM("192.0.2.1"), "any>192.0.2.1 narrower" },
		{ FROM("192.0.2.1"), FROM("any"), "192.0.2.1>any wider" },
		{ FROM("192.0.2.1"), FROM("192.0.2.0/31"), "192.0.2.1>192.0.2.0/31 wider" },
		{ FROM("192.0.2.1"), FROM("192.0.2.2"), "192.0.2.1>192.0.2.2 other" },
		{ FROM("192.0.2.1"), FROM("\"2001:db8::1\""), "192.0.2.1>2001:db8::1 other" },
		{ FROM("[192.0.2.1, \"2001:db8::/32\"]"), FROM("\"2001:db8::/31\""),
		  "192.0.2.1, 2001:db8::/32>2001:db8::/31 other" },
		{ FROM("[192.0.2.1, \"2001:db8::/32\"]"), FROM("\"2001:db8::/33\""),
		  "192.0.2.1, 2001:db8::/32>2001:db8::/33 narrower" },
		{ FROM("blue"), FROM("192.0.2.0/25"), "blue (192.0.2.0/24)>192.0.2.0/25 narrower" },
		/* two halves are the whole */
		{ FROM("blue"), FROM("[192.0.2.0/25, 192.0.2.128/25]"),
		  "blue (192.0.2.0/24)>192.0.2.0/25, 192.0.2.128/25 same" },
		{ FROM("\"::/0\""), FROM("[\"::/1\", \"8000::/1\"]"), "::/0>::/1, 8000::/1 same" },
		{ FROM("0.0.0.0/0"), FROM("[0.0.0.0/1, 192.0.2.0/24]"),
		  "0.0.0.0/0>0.0.0.0/1, 192.0.2.0/24 narrower" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *line = text_print("~ a from[%s]\n", cases[i].line);

		expect(cases[i].was, cases[i].is, line);
	}
	/* large groups are cut, and compared whole */
	expect(FROM("many"), FROM("[many, 10.0.0.19]"),
	       "~ a from[many (10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11, "
	       "10.0.0.13, 10.0.0.15 and 1 more)>many, 10.0.0.19 (10.0.0.1, 10.0.0.3, 10.0.0.5, "
	       "10.0.0.7, 10.0.0.9, 10.0.0.11, 10.0.0.13, 10.0.0.15 and 2 more) wider]\n");
}

static void rules_that_moved(void **unused)
{
	(void)unused;
	expect("rules:\n" WEB DNS GRE, "rules:\n" GRE WEB DNS, "~ gre place[3>1]\n");
	expect("rules:\n" WEB DNS GRE, "rules:\n" DNS GRE WEB, "~ web place[1>3]\n");
	/* one that is gone moves no other */
	expect("rules:\n" WEB DNS GRE, "rules:\n" DNS GRE,
	       "- web direction[in>] protocol[tcp>] ports[80, 443>] port-of[destination>] "
	       "from[any>] to[any>]\ncloses in 6 80, 443 =2\n");
}

static void settings_that_changed(void **unused)
{
	(void)unused;
	expect("rules:\n" WEB,
	       "rules:\n" WEB
	       "essentials: {link-control: false, arp: false, neighbor-discovery: false, "
	       "icmp-errors: false, ping: true, dhcp: false}\n"
	       "fragments: drop\n"
	       "flows: {max: 2048, timeouts: {tcp: 1d1s, tcp-transitory: 90s, udp: 1h, icmp: 61s, "
	       "other: 1m}}\n",
	       "essentials.link-control[true>false] essentials.arp[true>false] "
	       "essentials.neighbor-discovery[true>false] essentials.icmp-errors[true>false] "
	       "essentials.ping[false>true] essentials.dhcp[true>false] fragments[track>drop] "
	       "flows.max[262144>2048] flows.timeouts.tcp[2h4m>1d1s] "
	       "flows.timeouts.tcp-transitory[4m>1m30s] flows.timeouts.udp[5m>1h] "
	       "flows.timeouts.icmp[1m>1m1s] flows.timeouts.other[10m>1m]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_not_listed),
		cmocka_unit_test(rules_that_are_new_or_gone_say_all),
		cmocka_unit_test(each_field_that_changed),
		cmocka_unit_test(whose_port_it_is_counts),
		cmocka_unit_test(limits_and_payload_classes),
		cmocka_unit_test(addresses_are_wider_narrower_or_others),
		cmocka_unit_test(rules_that_moved),
		cmocka_unit_test(settings_that_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
