/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy's own tests: `expect` lines, "pass|drop PACKET [after PACKET ...]". They are run on the real
 * program by whoever has one (user/verb/common_expect.c); here they are only read.
 */
#ifndef USER_POLICY_EXPECT_H
#define USER_POLICY_EXPECT_H

#include "user/policy/words.h"

struct draft;
struct yaml_node;

struct policy_expectation {
	struct place place; /* of the line */
	bool pass;
	struct words_packet packet;
	struct words_packet *before; /* sent first, in this order */
	size_t before_count;
};

/*
 * "PACKET [after PACKET ...]", as `explain` takes it: `pass` is not set. 0, or a negative errno and an
 * error at the word that is wrong. Free the line with expect_free_line().
 */
int expect_parse(const struct place *place, const char *text, struct policy_expectation *line,
		 struct diags *diags);

/* "after PACKET [after PACKET ...]", behind a packet that isn't said in words and is not set here. */
int expect_parse_before(const struct place *place, const char *text,
			struct policy_expectation *line, struct diags *diags);
void expect_free_line(struct policy_expectation *line);

/* The list under `expect`. Errors go to the draft. */
void expect_read(struct draft *draft, const struct yaml_node *list);

/*
 * Gives ends that are groups an address: a member of theirs, and one from outside of a group that is
 * `any`. IPv4 where both ends have it.
 */
void expect_resolve(struct draft *draft);

void expect_free(struct policy *policy);

#endif
