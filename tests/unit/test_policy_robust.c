/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever the text is, policy_parse() gives a policy or errors, and neither crashes nor leaks (the
 * sanitizers judge that): every beginning of every good policy, and good policies with bytes
 * changed. And policies as large as they may be are read.
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

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/text.h"
#include "user/policy/policy.h"

#define GOOD "tests/golden/policy/good/*.yaml"
#define MUTATIONS 20000

/* A result must be whole, or there must be an error; whatever is said must be fit to print. */
static void parse(const char *text, size_t size)
{
	struct policy *policy = NULL;
	struct diags diags = { 0 };
	autofree char *printed = NULL;
	int error = policy_parse("text", text, size, &policy, &diags);

	assert_int_equal(!error, !!policy);
	assert_int_equal(!error, !diags.failed);
	if (policy) {
		assert_non_null(policy->name);
		for (size_t i = 0; i < policy->rule_count; i++) {
			const struct policy_rule *rule = &policy->rules[i];

			assert_non_null(rule->name);
			assert_non_null(rule->ports_text);
			assert_non_null(rule->from.text);
			assert_non_null(rule->to.text);
			assert_true(rule->port_count > 0);
			assert_true(rule->from.any || rule->from.count);
			assert_true(rule->to.any || rule->to.count);
		}
	}
	policy_free(policy);
	printed = diag_text_all(&diags);
	for (const unsigned char *at = (unsigned char *)printed; *at; at++)
		assert_true(*at >= ' ' || *at == '\n');
	diags_clear(&diags);
}

static void each_good_policy(void (*visit)(const struct source *))
{
	glob_t found;

	assert_int_equal(glob(GOOD, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct source *source = NULL;
		struct diags diags = { 0 };

		assert_int_equal(source_read(found.gl_pathv[i], 1 << 20, &source, &diags), 0);
		visit(source);
		source_release(source);
	}
	globfree(&found);
}

static void cut(const struct source *source)
{
	/* a block of exactly that size, so that a read behind its end is seen */
	for (size_t size = 0; size <= source->size; size++) {
		autofree char *text = malloc(size ? size : 1);

		memcpy(text, source->text, size);
		parse(text, size);
	}
}

static void every_beginning_of_a_policy(void **state)
{
	(void)state;
	each_good_policy(cut);
}

/* xorshift64: the same numbers on every machine */
static uint64_t seed;

static size_t chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* One change: a byte, one less, one more, two swapped, or a piece put elsewhere. */
static void change(char *text, size_t *size)
{
	static const char likely[] = "\n\n  --::[]{}\"'#&*!|>%@`,?\t0123456789abz\\~=<\xc3\xa4\xff";
	size_t at = chance(*size), other = chance(*size), length;

	switch (chance(6)) {
	case 0:
		text[at] = (char)chance(256);
		break;
	case 1:
		text[at] = likely[chance(sizeof(likely) - 1)];
		break;
	case 2:
		memmove(text + at, text + at + 1, *size - at - 1);
		*size -= *size > 1;
		break;
	case 3:
		memmove(text + at + 1, text + at, *size - at);
		text[at] = likely[chance(sizeof(likely) - 1)];
		*size += 1;
		break;
	case 4:
		text[at] = text[other];
		break;
	default:
		length = chance(1 + (*size - (at > other ? at : other)) / 4);
		memmove(text + at, text + other, length);
	}
}

static size_t mutations_each;

static void mutate(const struct source *source)
{
	for (size_t i = 0; i < mutations_each; i++) {
		size_t changes = 1 + chance(4), size = source->size;
		autofree char *text = malloc(size + changes);

		memcpy(text, source->text, size);
		while (changes--)
			change(text, &size);
		parse(text, size);
	}
}

static size_t policies;

static void count_one(const struct source *source)
{
	(void)source;
	policies++;
}

static void policies_with_bytes_changed(void **state)
{
	(void)state;
	seed = 0x9e3779b97f4a7c15ull;
	each_good_policy(count_one);
	mutations_each = MUTATIONS / policies;
	each_good_policy(mutate);
}

static struct policy *parse_large(struct text *text)
{
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	assert_false(text->failed);
	if (policy_parse("large", text->bytes, text->length, &policy, &diags)) {
		autofree char *errors = diag_text_all(&diags);

		fail_msg("%s", errors);
	}
	assert_int_equal(diags.count, 0);
	diags_clear(&diags);
	return policy;
}

static void a_thousand_rules_and_all_ports(void **state)
{
	autotext struct text text = { 0 };
	struct policy *policy;

	(void)state;
	text_add(&text, "policy: large\ngroups: {edge: [192.0.2.1]}\nrules:\n");
	for (int i = 0; i < 1000; i++)
		text_format(&text,
			    "- {name: r%d, direction: in, protocol: udp, ports: %d-%d, to: edge}\n",
			    i, 1 + i * 60, 60 + i * 60);
	/* every second port, one by one: nothing to merge */
	text_add(&text, "- {name: all, direction: out, protocol: tcp, ports: [1");
	for (int port = 3; port <= 65535; port += 2)
		text_format(&text, ",%d", port);
	text_add(&text, "]}\n- {name: rest, direction: out, protocol: tcp, ports: [2");
	for (int port = 4; port <= 65534; port += 2)
		text_format(&text, ",%d", port);
	text_add(&text, "]}\n");
	policy = parse_large(&text);
	assert_int_equal(policy->rule_count, 1002);
	assert_int_equal(policy->rules[1000].port_count, 32768);
	policy_free(policy);
}

static void rules_are_limited(void **state)
{
	autotext struct text text = { 0 };
	struct policy *policy = NULL;
	struct diags diags = { 0 };

	(void)state;
	text_add(&text, "policy: full\nrules:\n");
	for (int i = 1; i <= 1365; i++)
		text_format(&text,
			    "- {name: i%d, direction: in, protocol: tcp, ports: %d}\n"
			    "- {name: o%d, direction: out, protocol: tcp, ports: %d}\n",
			    i, i, i, i);
	assert_int_equal(policy_parse("full", text.bytes, text.length, &policy, &diags), 0);
	assert_int_equal(policy->rule_count, 2730);
	policy_free(policy);
	text_add(&text, "- {name: more, direction: out, protocol: tcp, ports: 3000}\n");
	assert_int_not_equal(policy_parse("full", text.bytes, text.length, &policy, &diags), 0);
	assert_int_equal(diags.count, 1);
	assert_string_equal(diags.list[0].why, "more than 1365 rules for 'out'");
	assert_int_equal(diags.list[0].place.line, 2733);
	diags_clear(&diags);
}

static void a_hundred_thousand_prefixes(void **state)
{
	autotext struct text text = { 0 };
	struct policy *policy;

	(void)state;
	text_add(&text, "policy: large\ngroups:\n  many:\n");
	for (int i = 0; i < 100000; i++)
		text_format(&text, "  - 10.%d.%d.%d\n", i >> 16, i >> 8 & 255, i & 255);
	text_add(&text, "rules:\n");
	for (int i = 1; i <= 1300; i++)
		text_format(&text,
			    "- {name: r%d, direction: out, protocol: tcp, ports: %d, from: many, "
			    "to: [198.51.%d.%d, 2001:db8::%x]}\n",
			    i, 1 + i % 50, i >> 8, i & 255, i);
	policy = parse_large(&text);
	assert_int_equal(policy->groups[0].members.count, 100000);
	assert_int_equal(policy->rules[1299].from.count, 100000);
	/* one list, however many rules have it */
	assert_ptr_equal(policy->rules[0].from.list, policy->rules[1299].from.list);
	policy_free(policy);
}

static void repeat(const char *before, const char *piece, size_t count, const char *after)
{
	autotext struct text text = { 0 };

	text_add(&text, before);
	while (count--)
		text_add(&text, piece);
	text_add(&text, after);
	assert_false(text.failed);
	parse(text.bytes, text.length);
}

/* Things that grow worse than their text in a careless parser. */
static void texts_that_mean_harm(void **state)
{
	(void)state;
	repeat("a: ", "[", 100000, "");
	repeat("a: ", "{a: ", 100000, "");
	repeat("", "- ", 100000, "a\n");
	repeat("", "? ", 100000, "a\n");
	repeat("policy: ", "x", 1000000, "\n");
	repeat("policy: a\ngroups: {", "a: [any], ", 50000, "}\n");
	repeat("policy: a\nrules: [", "{}, ", 50000, "]\n");
	repeat("policy: a\nrules:\n", "- {name: a, protocol: tcp, ports: 1, from: [b, c]}\n", 20000,
	       "");
	repeat("policy: a\nrules:\n- {name: a, direction: in, protocol: tcp, ports: [", "1,",
	       500000, "]}\n");
	repeat("policy: a\n", "# comment\n", 100000, "");
	repeat("policy: a\ndescription: \"", "\\u0061", 100000, "\"\n");
	repeat("policy: a\ndescription: >\n", "  word\n\n", 100000, "");
	repeat("[", "a: 1, ", 100000, "]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_beginning_of_a_policy),
		cmocka_unit_test(policies_with_bytes_changed),
		cmocka_unit_test(a_thousand_rules_and_all_ports),
		cmocka_unit_test(rules_are_limited),
		cmocka_unit_test(a_hundred_thousand_prefixes),
		cmocka_unit_test(texts_that_mean_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
