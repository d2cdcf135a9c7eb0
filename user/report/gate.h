/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gate in words and numbers, as people and monitoring are told of it. Filled by user/verb/collect.c
 * from what the kernel and the listing say; tables and JSON read nothing else.
 */
#ifndef USER_REPORT_GATE_H
#define USER_REPORT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>
#include <edgegate/listing.h>

/* A rule, with what it counted since it has that name. Strings are owned, each, or all by `block`. */
struct report_rule {
	char *block; /* that all strings stand in; or NULL */
	char *name;
	enum direction direction;
	char *protocol; /* "tcp", "47"; NULL for "(removed)" */
	char *ports;    /* "" without ports */
	char *peers;    /* ports of the other end; "" for any */
	char *limit;    /* "200/s, burst 400, per source"; "" for none */
	char *payload;  /* "udp-media, observe"; "" for any */
	char *from;
	char *to;
	char *note;   /* "" without */
	bool reserve; /* only the former policy has it */
	struct rule_count counts;
};

/* Where an interface of a gate is by now. */
enum report_place {
	REPORT_HERE,   /* where the gate was made, whatever its name */
	REPORT_GONE,   /* nowhere */
	REPORT_ANEW,   /* nowhere; another one has its name */
	REPORT_MOVED,  /* in another namespace */
	REPORT_UNSEEN, /* somewhere; the gate's namespace can't be found */
};

/* A tc filter or program that stands before ours. */
struct report_filter {
	enum tc_kind hook;
	uint32_t program;  /* id; 0: a filter that is no BPF program */
	uint32_t priority; /* 0 at TCX */
	char name[64];     /* may be empty */
};

struct report_interface {
	char name[INTERFACE_NAME_SIZE];
	enum facing facing;
	enum xdp_mode xdp;
	enum tc_kind tc;
	bool is_lost; /* something that was attached to it isn't */
	enum report_place place;
	char former_name
		[INTERFACE_NAME_SIZE]; /* at the last apply, where it has another now; or empty */
	char moved_to[96]; /* "blue/eth0": what it is called where it was moved to; empty: unknown */
	/* what stands before our tc program, in order: the number is a metric too */
	struct report_filter *ahead; /* owned */
	size_t ahead_count;
	bool ahead_known; /* it could be asked for */
	bool tc_twice;    /* two of ours judge, for a killed apply */
	uint32_t xdp_link, xdp_program, tc_link, tc_program; /* ids, 0: none */
};

/* A table of the gate's from which the least recently used goes when it is full. */
struct report_table {
	const char *name; /* static */
	uint64_t entries;
	uint64_t max;
};
#define REPORT_TABLES 4u

enum report_hook { REPORT_XDP, REPORT_TC, REPORT_HOOKS };

/* How often the kernel ran one of the gate's programs, and for how long, while it counts that. */
struct report_runs {
	unsigned int interface; /* the first of those that share it */
	enum report_hook hook;
	enum direction
		direction; /* the gate's: an interface that faces inside has them the other way round */
	uint32_t program; /* id */
	uint64_t count;
	uint64_t nanoseconds; /* in all */
};

enum report_family { REPORT_IPV4, REPORT_IPV6, REPORT_FAMILIES };

struct report_gate {
	char *label; /* as in metrics: "eth0", "blue/eth0" */
	char *netns; /* the name given with --netns, or NULL */
	uint64_t netns_cookie;
	struct report_interface interfaces[GATE_INTERFACES_MAX];
	size_t interface_count;
	bool netns_is_lost; /* its network namespace is not to be found (any more) */
	enum hooks hooks;
	char *policy;            /* NULL: none is in force */
	const char *mode;        /* "enforce", "monitor", "none", "block", "open" */
	const char *policy_mode; /* the same but for an emergency: what a resume returns to */
	char *former; /* the policy that a rollback returns to, or was taken back; or NULL */
	uint64_t confirm_deadline;   /* CLOCK_REALTIME, milliseconds; 0: none stands */
	uint64_t confirm_left;       /* milliseconds until then */
	uint64_t rolled_back_at;     /* CLOCK_REALTIME, milliseconds; 0: the last apply stands */
	bool has_expired;            /* ... taken back by its deadline, not by a command */
	bool keeps_session;          /* blocked, but for somebody's session */
	bool drift_known;            /* it was looked for: `stats` doesn't, but for monitoring */
	bool has_drift;              /* what is in force is not what was applied */
	uint32_t drifted;            /* which parts of it: PART_BIT() of enum listing_part */
	char programs[VERSION_SIZE]; /* version of the edgegate whose programs are attached */
	bool has_other_programs;     /* they are not those of this edgegate */
	uint64_t applied_at;         /* CLOCK_REALTIME, seconds */
	uint64_t created_at;
	uint64_t policy_hash;
	struct report_rule *rules;
	size_t rule_count;
	struct count outcomes[OUTCOME_COUNTERS];
	uint64_t flows_entries;
	uint64_t flows_max; /* both address families' together, of which each has half */
	uint64_t flows_of[REPORT_FAMILIES]; /* those of each */
	struct report_table tables[REPORT_TABLES];
	bool tables_known; /* they were counted: for monitoring alone */
	struct report_runs runs[GATE_INTERFACES_MAX * REPORT_HOOKS];
	size_t run_count;
};

void report_gate_free(struct report_gate *gate);

/* What moments ago was read, to show rates by. */
struct report_past {
	const struct report_gate *gate; /* NULL: no rates */
	double seconds;                 /* since then */
};

/* ---- tables; all return a string that the caller frees, NULL: no memory --------------------------- */

struct report_style {
	bool colour;
	unsigned int width; /* columns of the terminal; 0: as wide as it takes */
};

/* The port table with counts, passed kinds, drops, flows. */
char *report_stats(const struct report_gate *gate, const struct report_past *past,
		   const struct report_style *style);
/* A few lines on what the gate is. */
char *report_status(const struct report_gate *gate, const struct report_style *style);
/* The port table alone, without counts: what `check` shows. */
char *report_port_table(const struct report_rule *rules, size_t count,
			const struct report_style *style);

/* ---- JSON; the shapes are those of the contract -------------------------------------------------- */

/* Gates that are there and could not be read. */
struct report_unread {
	char **labels; /* owned, each too */
	size_t count;
};
void report_unread_free(struct report_unread *unread);

char *report_stats_json(const struct report_gate *gates, size_t count,
			const struct report_unread *unread);
char *report_status_json(const struct report_gate *gates, size_t count,
			 const struct report_unread *unread);

/* A shipped policy. Strings are borrowed. */
struct report_text {
	const char *name;
	const char *text;
	size_t size;
};
char *report_policies_json(const struct report_text *policies, size_t count);

/* What a policy compiles to. */
struct report_check {
	const char *policy;
	uint64_t policy_hash;
	const struct report_rule *rules;
	size_t rule_count;
	size_t tuples[DIRECTION_COUNT];
	size_t prefixes;
	size_t expectations;
	size_t expectations_run; /* 0: for want of privilege, or there are none */
};
char *report_check_json(const struct report_check *check);

/* ---- what a rule counts ------------------------------------------------------------------------- */

/*
 * Every number of struct rule_count, once: symbol, member, its key in JSON, and the `path` by which
 * metrics tell them apart ("" of what has none).
 */
#define REPORT_RULE_COUNTERS(X)                                                                    \
	X(PACKETS, forward.packets, "packets", "forward")                                          \
	X(BYTES, forward.bytes, "bytes", "forward")                                                \
	X(REPLY_PACKETS, reply.packets, "reply_packets", "reply")                                  \
	X(REPLY_BYTES, reply.bytes, "reply_bytes", "reply")                                        \
	X(PAYLOAD_MISMATCHES, payload_mismatches, "payload_mismatches", "")

enum report_rule_counter {
#define REPORT_RULE_COUNTER(symbol, member, key, path) RULE_COUNTER_##symbol,
	REPORT_RULE_COUNTERS(REPORT_RULE_COUNTER)
#undef REPORT_RULE_COUNTER
		RULE_COUNTERS,
};
_Static_assert(sizeof(struct rule_count) == RULE_COUNTERS * sizeof(uint64_t),
	       "what a rule counts is in the list, all of it");

uint64_t report_rule_count(const struct report_rule *rule, enum report_rule_counter counter);
const char *report_rule_counter_key(enum report_rule_counter counter);
const char *report_rule_counter_path(enum report_rule_counter counter);

/* ---- names -------------------------------------------------------------------------------------- */

const char *report_outcome_label(enum outcome outcome);
const char *report_outcome_help(enum outcome outcome);
enum outcome_class report_outcome_class(enum outcome outcome);
const char *report_part(enum listing_part part);
char *report_parts(uint32_t parts); /* "tuples, table"; caller frees, NULL: no memory */
const char *report_direction(enum direction direction);
const char *report_hook(enum report_hook hook); /* "xdp", "tc" */
const char *report_facing(enum facing facing);
const char *report_xdp_mode(enum xdp_mode mode);
const char *report_tc_kind(enum tc_kind kind);     /* NULL for none */
const char *report_place(enum report_place place); /* as in JSON: "here", "gone" */

#endif
