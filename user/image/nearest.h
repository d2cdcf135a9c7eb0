/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "Why not?": the rule that would most nearly have let a dropped packet pass, and what differs. It
 * reads the policy, not the program: what it says explains a verdict, and never is one.
 */
#ifndef USER_POLICY_NEAREST_H
#define USER_POLICY_NEAREST_H

#include "user/policy/policy.h"
#include "user/policy/words.h"

/*
 * One line, the caller's: "rule 'partners-in' allows tcp 5061 in, but from partners only:
 * 198.51.100.0/24". NULL: there is nothing near enough to speak of, or no memory.
 */
char *nearest_text(const struct policy *policy, const struct words_packet *packet);

#endif
