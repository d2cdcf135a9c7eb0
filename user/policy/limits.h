/* SPDX-License-Identifier: GPL-2.0-only */
/* What a rule asks of packets beyond whose they are: how many, and what is in them. */
#ifndef USER_POLICY_LIMITS_H
#define USER_POLICY_LIMITS_H

#include "user/policy/draft.h"

/* `limit: {rate: 200/s, burst: 400, per: source}` into rule->limit. */
int limits_read(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule);

/* `payload: {class: udp-media, mode: observe}`; rule->protocol is known. `key` is where it stands. */
int limits_read_payload(struct draft *draft, const struct yaml_node *key,
			const struct yaml_node *node, struct policy_rule *rule);

#endif
