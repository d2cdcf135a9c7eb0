/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way in which a packet's journey can end, once. The enum, the labels that users see in
 * `stats`, JSON and metrics, and the help text all come from this list, so that they cannot drift.
 *
 * Columns: symbol, label (a name of the contract, never changed), class, one line of help.
 * Classes: RULE (counted for a rule), PASS (a `passed` kind), DROP (a drop reason).
 * The order is part of the ABI: it is the index of the counters. Append only; else raise ABI_VERSION.
 */
#ifndef EDGEGATE_OUTCOMES_H
#define EDGEGATE_OUTCOMES_H

#define OUTCOMES(X)                                                                                \
	X(RULE, "rule", RULE, "matched a rule in the rule's own direction")                        \
	X(REPLY, "reply", RULE, "the answer to what a rule let through the other way")             \
	X(PASS_ARP, "arp", PASS, "ARP for IPv4 over Ethernet")                                     \
	X(PASS_LINK_CONTROL, "link-control", PASS, "LACP, LLDP, 802.1X or spanning tree")          \
	X(PASS_NEIGHBOR_DISCOVERY, "neighbor-discovery", PASS, "IPv6 ND or MLD, on link only")     \
	X(PASS_ICMP_ERROR, "icmp-error", PASS, "an ICMP error about an allowed conversation")      \
	X(PASS_PING, "ping", PASS, "an echo request, or the reply to one")                         \
	X(PASS_DHCP, "dhcp", PASS, "DHCP of this host as a client")                                \
	X(PASS_FRAGMENT, "fragment", PASS, "a later fragment of a packet that passed")             \
	X(DROP_MALFORMED, "malformed", DROP, "a header that is cut short or contradicts itself")   \
	X(DROP_MARTIAN, "martian", DROP, "an address that cannot come from outside")               \
	X(DROP_BAD_TCP_FLAGS, "bad-tcp-flags", DROP, "TCP flags that no stack sends together")     \
	X(DROP_EXTENSION_HEADER, "extension-header", DROP, "too many or misplaced IPv6 headers")   \
	X(DROP_ETHERTYPE, "ethertype", DROP, "neither IP nor a protocol in essentials")            \
	X(DROP_FRAGMENT, "fragment", DROP, "a fragment that cannot be judged")                     \
	X(DROP_NO_RULE, "no-rule", DROP, "no rule for this protocol, port and direction")          \
	X(DROP_ADDRESS, "address", DROP, "a rule for this port, but not between these addresses")  \
	X(DROP_UNRELATED_ICMP, "unrelated-icmp", DROP, "an ICMP error about no allowed packet")    \
	X(DROP_RATE_LIMIT, "rate-limit", DROP, "over the rule's limit")                            \
	X(DROP_PAYLOAD, "payload", DROP, "not the payload class that the rule enforces")           \
	X(DROP_BLOCKED, "blocked", DROP, "would have passed; the gate is blocked in emergency")

/* 0 is "undecided": a step that has no opinion says so, and the next one is asked. */
enum outcome {
	OUTCOME_UNDECIDED,
#define OUTCOME_SYMBOL(symbol, label, class, help) OUTCOME_##symbol,
	OUTCOMES(OUTCOME_SYMBOL)
#undef OUTCOME_SYMBOL
		OUTCOME_COUNT,
};

enum outcome_class { OUTCOME_CLASS_RULE, OUTCOME_CLASS_PASS, OUTCOME_CLASS_DROP };

#endif
