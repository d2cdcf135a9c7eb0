// SPDX-License-Identifier: GPL-2.0-only
/* What explain answers: every outcome, in every mode of a gate, in words and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "user/base/cleanup.h"
#include "user/report/gate.h"
#include "user/report/verdict.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const char *const modes[] = { NULL, "enforce", "monitor" };

static void an_answer_reads(const struct report_verdict *verdict, const char *expected)
{
	autofree char *text = report_verdict_text(verdict);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void answers_in_words(void **unused)
{
	struct report_verdict verdict = {
		.direction = DIRECTION_IN,
		.outcome = OUTCOME_RULE,
		.rule = "web-in",
		.packet = "in tcp A > B",
	};

	(void)unused;
	an_answer_reads(&verdict, "in tcp A > B\n"
				  "passes by rule 'web-in'\n"
				  "decided by: rule\n");
	verdict.mode = "monitor";
	an_answer_reads(&verdict, "in tcp A > B\n"
				  "passes by rule 'web-in'\n"
				  "decided by: rule\n"
				  "mode: monitor\n");
	verdict.outcome = OUTCOME_DROP_ADDRESS;
	verdict.nearest = "rule 'web-in' allows less";
	an_answer_reads(&verdict,
			"in tcp A > B\n"
			"would be dropped: address (a rule for this port, but not between these "
			"addresses); the gate is in monitor mode, so it passes and is counted\n"
			"decided by: the end: nothing lets it pass\n"
			"nearest: rule 'web-in' allows less\n"
			"mode: monitor\n");
	verdict.mode = "enforce";
	verdict.number = 17;
	an_answer_reads(&verdict, "packet 17: in tcp A > B\n"
				  "is dropped: address (a rule for this port, but not between "
				  "these addresses)\n"
				  "decided by: the end: nothing lets it pass\n"
				  "nearest: rule 'web-in' allows less\n"
				  "mode: enforce\n");
}

static void answers_without_a_verdict(void **unused)
{
	struct report_verdict verdict = {
		.direction = DIRECTION_OUT,
		.number = 3,
		.captured = 30,
		.need = 54,
	};

	(void)unused;
	an_answer_reads(&verdict,
			"packet 3: out, neither IP nor ARP that can be read\n"
			"gets no verdict: truncated (the capture has 30 bytes of it, its headers "
			"take 54; tcpdump -s 0 keeps all)\n"
			"decided by: nothing: the capture has too little of it\n");
	verdict.mode = "monitor";
	assert_false(report_verdict_passes(&verdict));
	/* without a policy nobody looks at it */
	verdict.mode = "none";
	assert_true(report_verdict_passes(&verdict));
	an_answer_reads(&verdict, "packet 3: out, neither IP nor ARP that can be read\n"
				  "passes: no policy is in force, so nothing is judged or counted\n"
				  "decided by: nothing: there is no policy\n"
				  "mode: none\n");
}

static json_t *parsed(const struct report_verdict *verdict)
{
	autofree char *text = report_verdict_json(verdict);
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	return root;
}

static void has(const json_t *root, const char *key, const char *expected)
{
	const json_t *value = json_object_get(root, key);

	if (!value != !expected)
		fail_msg("'%s' is %s", key, value ? "there" : "missing");
	if (expected)
		assert_string_equal(json_string_value(value), expected);
}

/* The verdict is the policy's, whatever the gate makes of it. */
static void every_outcome_in_every_mode(void **unused)
{
	(void)unused;
	for (int i = OUTCOME_UNDECIDED + 1; i < OUTCOME_COUNT; i++) {
		enum outcome outcome = (enum outcome)i;
		enum outcome_class class = report_outcome_class(outcome);
		const char *label = report_outcome_label(outcome);

		for (size_t mode = 0; mode < COUNT(modes); mode++) {
			const struct report_verdict verdict = {
				.outcome = outcome,
				.rule = class == OUTCOME_CLASS_RULE ? "a-rule" : NULL,
				.mode = modes[mode],
			};
			json_t *root = parsed(&verdict);

			assert_int_equal(report_verdict_passes(&verdict),
					 class != OUTCOME_CLASS_DROP);
			has(root, "verdict", class == OUTCOME_CLASS_DROP ? "drop" : "pass");
			has(root, "rule", verdict.rule);
			has(root, "path",
			    outcome == OUTCOME_RULE  ? "forward" :
			    outcome == OUTCOME_REPLY ? "reply" :
						       NULL);
			has(root, "kind", class == OUTCOME_CLASS_PASS ? label : NULL);
			has(root, "reason", class == OUTCOME_CLASS_DROP ? label : NULL);
			has(root, "n", NULL);
			if (modes[mode])
				has(root, "mode", modes[mode]);
			else
				assert_true(json_is_null(json_object_get(root, "mode")));
			json_decref(root);
		}
	}
}

static void documents_without_a_verdict(void **unused)
{
	struct report_verdict verdict = { .number = 3, .captured = 30, .need = 54 };
	json_t *root = parsed(&verdict);

	(void)unused;
	assert_int_equal(json_integer_value(json_object_get(root, "n")), 3);
	assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
	has(root, "verdict", "unknown");
	has(root, "reason", "truncated");
	json_decref(root);
	verdict.mode = "none";
	root = parsed(&verdict);
	has(root, "verdict", "pass");
	has(root, "reason", NULL);
	has(root, "kind", NULL);
	has(root, "rule", NULL);
	has(root, "mode", "none");
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_words),
		cmocka_unit_test(answers_without_a_verdict),
		cmocka_unit_test(every_outcome_in_every_mode),
		cmocka_unit_test(documents_without_a_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
