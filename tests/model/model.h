/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference model: section 3 of the contract as plain C, written from its text and sharing nothing
 * with the packet path but the names of outcomes. It is slow on purpose: lists are walked from the first
 * to the last, and every sentence of the contract is a function that one can read beside it. Tests run
 * the real programs and this, and demand the same outcome of every packet.
 *
 * Time is in jiffies of MODEL_HZ. Tables are never full here: tests keep below the programs' limits.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/outcomes.h>

#define MODEL_HZ 250u

/* ---- a policy ---------------------------------------------------------------------------------- */

#define MODEL_RULES_MAX 48u
#define MODEL_RANGES_MAX 6u
#define MODEL_PREFIXES_MAX 8u
#define MODEL_NAME_MAX 16u

/* IPv4 addresses stand in the first four bytes, the others are 0. */
struct model_address {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
};

struct model_prefix {
	struct model_address address;
	unsigned int length; /* bits */
};

/* An address is in the set if some prefix holds it; no prefix at all: `any`. */
struct model_set {
	unsigned int count;
	struct model_prefix prefixes[MODEL_PREFIXES_MAX];
};

/* Ports, or ICMP types, from first to last inclusive. */
struct model_ranges {
	unsigned int count;
	struct {
		uint16_t first;
		uint16_t last;
	} range[MODEL_RANGES_MAX];
};

enum model_port_of { MODEL_DESTINATION, MODEL_SOURCE, MODEL_EITHER };
enum model_payload { MODEL_PAYLOAD_ANY, MODEL_PAYLOAD_OBSERVE, MODEL_PAYLOAD_ENFORCE };

struct model_limit {
	uint32_t count; /* 0: no limit */
	uint32_t seconds;
	uint32_t burst;
	bool per_source;
};

struct model_rule {
	char name[MODEL_NAME_MAX];
	bool out;
	uint8_t protocol;
	struct model_ranges ports; /* or ICMP types; protocols that have neither: none */
	enum model_port_of port_of;
	struct model_ranges peer_ports; /* none: any */
	struct model_set from;
	struct model_set to;
	struct model_limit limit;
	enum model_payload payload; /* udp-media, if any */
};

/* Seconds. */
struct model_timeouts {
	uint32_t tcp;
	uint32_t tcp_transitory;
	uint32_t udp;
	uint32_t icmp;
	uint32_t other;
};

struct model_policy {
	unsigned int rule_count;
	struct model_rule rules[MODEL_RULES_MAX]; /* in the order of the file */
	bool link_control;
	bool arp;
	bool neighbor_discovery;
	bool icmp_errors;
	bool ping;
	bool dhcp;
	bool fragments_track;
	struct model_timeouts timeouts;
};

/* ---- a gate ------------------------------------------------------------------------------------ */

struct model; /* what is remembered of former packets */

/* Exits if there is no memory. */
struct model *model_new(void);
void model_free(struct model *model);

/* Nothing is remembered any more. */
void model_reset(struct model *model);

struct model_verdict {
	enum outcome outcome;
	const struct model_rule *rule; /* of a rule or a reply, else NULL */
	bool mismatch;                 /* the rule's payload class was not met */
};

/* Judges a frame at a moment, and remembers what there is to remember. */
struct model_verdict model_judge(struct model *model, const struct model_policy *policy,
				 uint64_t now, bool out, const uint8_t *frame, size_t length);

/* Flows that were ever made since the reset: those that have timed out stay until they are made anew. */
unsigned int model_flow_entries(const struct model *model);

const char *model_outcome_label(enum outcome outcome);

#endif
