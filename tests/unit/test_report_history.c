// SPDX-License-Identifier: GPL-2.0-only
/* The last ten minutes of gates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/report_gate.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/history.h"

static void history_is_a_ring(void **state)
{
	struct history history = { 0 };
	struct report_gate gate;
	autofree char *text = NULL;
	char wanted[64];

	(void)state;
	report_gate_example(&gate);
	for (unsigned int i = 0; i < HISTORY_SAMPLES + 10; i++) {
		gate.outcomes[OUTCOME_DROP_NO_RULE].packets = 1000000 + i;
		assert_int_equal(history_add(&history, &gate, 1, 5000000 + 5 * i), 0);
	}
	text = history_json(&history);
	/* the first ten are gone, the last one is there */
	snprintf(wanted, sizeof(wanted), "\"at\":[%u,", 5000000 + 5 * 10);
	assert_non_null(strstr(text, wanted));
	snprintf(wanted, sizeof(wanted), ",%u]", 1000000 + HISTORY_SAMPLES + 9);
	assert_non_null(strstr(text, wanted));
	assert_null(strstr(text, "1000009"));
	free(take_pointer(&text));
	/* made anew, it begins anew */
	gate.created_at++;
	assert_int_equal(history_add(&history, &gate, 1, 6000000), 0);
	text = history_json(&history);
	assert_non_null(strstr(text, "\"at\":[6000000]"));
	free(take_pointer(&text));
	/* what is gone for ten minutes is forgotten */
	assert_int_equal(history_add(&history, NULL, 0, 6000000 + 606), 0);
	text = history_json(&history);
	assert_string_equal(text, "{\"version\":1,\"interval\":5,\"gates\":[]}\n");
	history_free(&history);
	report_gate_free(&gate);
}

static void history_is_bounded(void **state)
{
	struct history history = { 0 };
	struct report_gate gate = { .created_at = 1 };

	(void)state;
	for (unsigned int i = 0; i < HISTORY_GATES_MAX + 5; i++) {
		gate.label = text_print("eth%u", i);
		assert_int_equal(history_add(&history, &gate, 1, 100), 0);
		free(gate.label);
	}
	assert_int_equal(history.count, HISTORY_GATES_MAX);
	history_free(&history);
}

/* A reply of an in rule leaves. */
static void history_goes_by_direction(void **state)
{
	struct report_rule rule = { .name = (char *)"a",
				    .direction = DIRECTION_IN,
				    .counts = { { 7, 1 }, { 3, 1 }, 0 } };
	struct report_gate gate = { .label = (char *)"e\"th\\0", .rules = &rule, .rule_count = 1 };
	struct history history = { 0 };
	autofree char *text = NULL;

	(void)state;
	gate.outcomes[OUTCOME_COUNT + OUTCOME_PASS_ARP].packets = 20;
	gate.outcomes[OUTCOME_DROP_ADDRESS].packets = 4;
	assert_int_equal(history_add(&history, &gate, 1, 100), 0);
	text = history_json(&history);
	assert_non_null(strstr(text, "{\"gate\":\"e\\\"th\\\\0\""));
	assert_non_null(strstr(text, "{\"direction\":\"in\",\"packets\":[7]}"));
	assert_non_null(strstr(text, "{\"direction\":\"out\",\"packets\":[23]}"));
	assert_non_null(
		strstr(text, "{\"direction\":\"in\",\"reason\":\"address\",\"packets\":[4]}"));
	assert_non_null(
		strstr(text, "{\"direction\":\"out\",\"reason\":\"address\",\"packets\":[0]}"));
	history_free(&history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_is_a_ring),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(history_goes_by_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
