/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checked tree of a policy: what the text says, with every name resolved and every value in
 * range. Made by policy_load() alone; constant afterwards. Everything in it is owned by the policy
 * and freed by policy_free().
 */
#ifndef USER_POLICY_POLICY_H
#define USER_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"

enum policy_direction { POLICY_IN, POLICY_OUT };

/* Whose port a rule's `ports` is. */
enum policy_port_of { POLICY_PORT_OF_DESTINATION, POLICY_PORT_OF_SOURCE, POLICY_PORT_OF_EITHER };

/* An address block. IPv4 addresses stand in the first four bytes. */
struct policy_prefix {
	int family;          /* 4 or 6 */
	unsigned int bits;   /* prefix length, 0-32 or 0-128 */
	uint8_t address[16]; /* network order, host bits zero */
};

/* An address set as a rule uses it: its groups' members and its own, sorted, without duplicates. */
struct policy_addresses {
	bool any;
	struct policy_prefix *list; /* sorted by family, address, bits */
	size_t count;               /* 0 if any */
	char *text; /* as the rule wrote it, for tables: "partners", "192.0.2.1, 2001:db8::/32" */
};

/* Ports, or for ICMP types, from first to last inclusive. */
struct policy_range {
	uint16_t first;
	uint16_t last;
};

/* limit: at most so many packets (of TCP and SCTP: that open) a second or a minute. */
struct policy_limit {
	uint32_t count;   /* 0: no limit */
	uint32_t seconds; /* 1 or 60 */
	uint32_t burst;   /* at least 1 */
	bool per_source;  /* for each outside address, else for the rule */
};

/* payload: what a UDP datagram must begin with. */
enum policy_payload { POLICY_PAYLOAD_ANY, POLICY_PAYLOAD_UDP_MEDIA };

struct policy_rule {
	struct place place; /* of its name */
	char *name;
	enum policy_direction direction;
	uint8_t protocol;           /* 6, 17, 132, 1, 58 also when written as a number */
	struct policy_range *ports; /* sorted, merged; for protocols without ports: one range 0-0 */
	size_t port_count;
	enum policy_port_of port_of;
	struct policy_addresses from;
	struct policy_addresses to;
	char *note;       /* or NULL */
	char *ports_text; /* as written: "50000-59999", "80, 443", "echo-request"; or "" */
	struct policy_range *peers; /* ports of the other end, sorted, merged; NULL: any */
	size_t peer_count;
	char *peers_text; /* as written, or NULL */
	struct policy_limit limit;
	enum policy_payload payload;
	bool payload_enforce; /* else a mismatch is only counted */
};

struct policy_settings {
	bool link_control;
	bool arp;
	bool neighbor_discovery;
	bool icmp_errors;
	bool ping;
	bool dhcp;
	bool fragments_track; /* else every true fragment is dropped */
	uint32_t flows_max;   /* per address family */
	/* seconds, as enum timeout in <edgegate/abi.h>: tcp, tcp-transitory, udp, icmp, other */
	uint32_t timeouts[5];
};

/* A group, also one that no rule uses. */
struct policy_group {
	struct place place;
	char *name;
	struct policy_addresses members;
};

/* A line of `expect`: user/policy/expect.h. */
struct policy_expectation;

struct policy {
	char *name;
	char *description; /* or NULL */
	struct policy_group *groups;
	size_t group_count;
	struct policy_rule *rules; /* in the order of the texts: the first that matches wins */
	size_t rule_count;
	struct policy_settings settings;
	struct policy_expectation *expectations; /* in the order of the texts */
	size_t expectation_count;
	struct source **sources; /* the texts that it was read from, each before those it includes */
	size_t source_count;
};

/* --group NAME=MEMBERS, in the user's words. */
struct policy_group_override {
	const char *name;
	const char *members; /* comma-separated addresses and prefixes, or `any` */
};

/*
 * Read policies as one (spec section 1): `names` are files, "-" for standard input, or shipped
 * policies' names; none is the built-in default. What they include stands before them. All that is
 * wrong goes to `diags` (warnings too); on failure returns a negative errno and leaves *policy alone.
 */
int policy_load(const char *const *names, size_t count, const struct policy_group_override *groups,
		size_t group_count, struct policy **policy, struct diags *diags);

/*
 * The same for one text in memory, which is copied; `name` stands in diagnostics. Never reads a
 * file: it may include shipped policies only. This is what fuzzing and unit tests call.
 */
int policy_parse(const char *name, const char *text, size_t size, struct policy **policy,
		 struct diags *diags);

void policy_free(struct policy *policy);

/* The shipped policies, compiled into the program; the first is the default. */
struct policy_builtin {
	const char *name;
	const char *text;
	size_t size;
};
extern const struct policy_builtin policy_builtins[];
extern const size_t policy_builtin_count;
const struct policy_builtin *policy_builtin_find(const char *name);

/* Names of protocols, directions and ICMP types, for tables. NULL or "" where there is none. */
const char *policy_protocol_name(uint8_t protocol);
const char *policy_direction_name(enum policy_direction direction);
const char *policy_icmp_type_name(uint8_t protocol, uint8_t type);

/*
 * What a rule asks besides, for tables: "200/s, burst 400, per source"; "udp-media, observe". "" where it
 * asks nothing. The caller's; NULL: no memory.
 */
char *policy_limit_text(const struct policy_limit *limit);
char *policy_payload_text(const struct policy_rule *rule);

#endif
