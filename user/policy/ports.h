/* SPDX-License-Identifier: GPL-2.0-only */
/* A rule's ports, and its ICMP types: words into sorted ranges. */
#ifndef USER_POLICY_PORTS_H
#define USER_POLICY_PORTS_H

#include "user/policy/draft.h"

/*
 * Reads `node` into rule->ports, port_count and ports_text: ports, or for icmp and icmpv6 (by
 * rule->protocol) types. -EINVAL with errors in the draft.
 */
int ports_read(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule);

/* The same for the ports of the other end: rule->peers. At most PEER_RANGES_MAX ranges. */
int ports_read_peers(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule);

/* For a protocol without either. */
int ports_none(struct draft *draft, struct policy_rule *rule);

#endif
