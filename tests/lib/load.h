/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of policy_load(): a folder of their own to write policies into, and what became of them. */
#ifndef TESTS_LIB_LOAD_H
#define TESTS_LIB_LOAD_H

#include "user/policy/policy.h"

/* For cmocka_run_group_tests(). The tests stand in the folder: what is printed is the same everywhere. */
int load_enter_folder(void **state);
int load_leave_folder(void **state); /* it has to be empty */

/* For cmocka_unit_test_teardown(): removes all that a test has written. */
int load_empty_folder(void **state);

/* `folder` of load_enter_folder(), from the root. */
const char *load_folder(void);

void load_write(const char *name, const char *text);

/* Freed by load_free(). */
struct load {
	struct policy *policy; /* NULL: there is an error */
	char *printed;         /* all that was said */
	int error;
	int status; /* that the program would end with */
};

struct load load_policies(const char *const *names, size_t count,
			  const struct policy_group_override *groups, size_t group_count);
void load_free(struct load *load);

/* The names of a policy's rules in their order; the caller's. */
char *load_rules(const struct policy *policy);

#define autoload cleanup(load_free)

/* The first two arguments of load_policies(), and the last two. */
#define NAMES(...)                                                                                 \
	(const char *const[]){ __VA_ARGS__ },                                                      \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)
#define GROUPS(...)                                                                                \
	(const struct policy_group_override[]){ __VA_ARGS__ },                                     \
		sizeof((const struct policy_group_override[]){ __VA_ARGS__ }) /                    \
			sizeof(struct policy_group_override)

/* It is the policies' fault, and this is all that is said. */
#define assert_fails(load_result, expected)                                                        \
	do {                                                                                       \
		struct load failed autoload = load_result;                                         \
		assert_string_equal(failed.printed, expected);                                     \
		assert_int_equal(failed.status, 2);                                                \
	} while (0)

/* Nothing is said of these policies, which make one of that name, with these rules: "a b c". */
#define assert_loads(policy_name, rules, ...)                                                      \
	do {                                                                                       \
		struct load loaded autoload = load_policies(NAMES(__VA_ARGS__), NULL, 0);          \
		autofree char *got = NULL;                                                         \
		assert_string_equal(loaded.printed, "");                                           \
		got = load_rules(loaded.policy);                                                   \
		assert_string_equal(got, rules);                                                   \
		assert_string_equal(loaded.policy->name, policy_name);                             \
	} while (0)

#endif
