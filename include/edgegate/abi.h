/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the packet path (bpf/) and the loader (user/) both read: the maps' keys, values and limits,
 * and the state word. Both sides include this file, neither has a copy. Anything that changes a
 * layout here raises ABI_VERSION, because the maps outlive the program that made them.
 *
 * Byte order: "network" where said so; everything else is the machine's.
 */
#ifndef EDGEGATE_ABI_H
#define EDGEGATE_ABI_H

#include <linux/types.h>
#include <edgegate/outcomes.h>
#include <edgegate/state_word.h>

#define ABI_MAGIC 0x45444745u /* "EDGE" */
#define ABI_VERSION 7u

/* ---- directions ------------------------------------------------------------------------------ */

/* Relative to the host that is protected: `in` is towards it. */
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT };

/* ---- a generation: one compiled policy ------------------------------------------------------- */

/*
 * A rule is known by its counter slot. The low half of the slots belongs to `in` rules, the upper
 * half to `out` rules: so the direction of a slot's counts is known for ever, also when the rule
 * is gone. The first slot of each half is not used (entry 0 means "nothing allowed").
 */
#define RULE_SLOTS 8192u
#define RULE_SLOTS_PER_DIRECTION (RULE_SLOTS / DIRECTION_COUNT)
/* The live policy, the former one and the next have no name in common at worst. */
#define RULES_PER_DIRECTION_MAX ((RULE_SLOTS_PER_DIRECTION - 1) / SLOT_COUNT)

/*
 * What is allowed on one (direction, protocol, port), 16 bits, called an entry:
 *   0                     nothing
 *   1 .. RULE_SLOTS - 1   this one rule, whatever the addresses; the port is the destination's
 *   ENTRY_LIST | n        candidate list n
 */
#define ENTRY_LIST 0x8000u
#define LISTS_MAX 0x4000u
#define LIST_LENGTH_MAX 64u
#define CANDIDATES_MAX 0x20000u

/* A candidate: a rule's slot, and whose port the list's port must be for it, file order. */
#define CANDIDATE_SLOT_MASK 0x1fffu
#define CANDIDATE_EXTRA 0x2000u /* the rule has more to ask: generation.extras */
#define CANDIDATE_DESTINATION 0x4000u
#define CANDIDATE_SOURCE 0x8000u

/* The table's index: direction << 17 | is UDP << 16 | port. */
#define TABLE_ENTRIES (1u << 18)
#define TABLE_DIRECTION_SHIFT 17
#define TABLE_UDP_SHIFT 16

/* Address sets are numbered from 1; 0 is `any`. */
#define SET_ANY 0u

enum settings_flags {
	SETTING_LINK_CONTROL = 1u << 0,
	SETTING_ARP = 1u << 1,
	SETTING_NEIGHBOR_DISCOVERY = 1u << 2,
	SETTING_ICMP_ERRORS = 1u << 3,
	SETTING_PING = 1u << 4,
	SETTING_DHCP = 1u << 5,
	SETTING_FRAGMENTS_TRACK = 1u << 6, /* else all true fragments are dropped */
	SETTING_FLOW_MARKS = 1u << 7,      /* no timeout is longer than an epoch of flow_marks */
	/* some `in` / `out` rule says whose port by `port-of: source` or `either` */
	SETTING_SOURCE_PORTS_IN = 1u << 8,
	SETTING_SOURCE_PORTS_OUT = 1u << 9,
};

/* Timeouts of flows, by what runs in them; seconds. */
enum timeout {
	TIMEOUT_TCP,
	TIMEOUT_TCP_TRANSITORY,
	TIMEOUT_UDP,
	TIMEOUT_ICMP,
	TIMEOUT_OTHER,
	TIMEOUT_COUNT,
};

/* What the policy says once, for every packet. 32 bytes. */
struct settings {
	__u32 flags;                   /* enum settings_flags */
	__u32 timeouts[TIMEOUT_COUNT]; /* seconds */
	__u32 reserved[2];
};

/* What a rule asks beyond its tuple. 8 bytes. */
struct rule_scope {
	__u16 order; /* its place in the file, from 0: the lower one is asked first */
	__u16 from;  /* address set that the sender must be in, or SET_ANY */
	__u16 to;    /* address set that the receiver must be in, or SET_ANY */
	__u16 peers; /* first of its peer ranges in generation.peers, from 1; 0: any port */
};

/* What of an address set is known without the tries: in each family nobody, one address, or more. 24 bytes. */
struct set_shape {
	__u32 address4;    /* network order; of SET_ONE */
	__u32 address6[4]; /* likewise */
	__u8 size4;        /* enum set_size */
	__u8 size6;
	__u8 reserved[2];
};
enum set_size { SET_NONE, SET_ONE, SET_MORE };
#define SETS_MAX 2048u /* their numbers are less; 0 is not used */

/* Ports of the other end, host order. A rule's ranges stand in a row; one with last = 0 ends it. */
struct peer_range {
	__u16 first;
	__u16 last;
};
#define PEER_RANGES_MAX 64u /* of a rule */
#define PEERS_MAX 8192u     /* of all rules, their ends included */

/*
 * What a rule asks of packets beyond whose they are. A limit is a token bucket, kept as the moment at
 * which it is full again (GCRA, ITU-T I.371 annex A): a packet passes if that is no further ahead
 * than `tolerance`, and moves it by `interval`. Both in LIMIT_TICKS of a nanosecond.
 */
struct rule_extra {
	__u64 interval;  /* 0: no limit */
	__u64 tolerance; /* (burst - 1) intervals */
	__u32 flags;     /* enum extra_flags */
	__u32 reserved;
};
#define LIMIT_TICKS 16u
#define LIMIT_RATE_MAX 10000000u     /* a second or a minute, and of a burst */
#define LIMIT_FILL_MAX (30u * 86400) /* seconds in which an empty bucket must be full: ticks end */

enum extra_flags {
	EXTRA_PER_SOURCE = 1u << 0,
	EXTRA_UDP_MEDIA = 1u << 1,
	EXTRA_ENFORCE = 1u << 2, /* a payload's mismatch is dropped, not only counted */
};

/* One compiled policy, but for its tuples and prefixes, which are maps. */
struct generation {
	struct settings settings;
	struct rule_scope scopes[RULE_SLOTS]; /* by slot */
	struct set_shape shapes[SETS_MAX];    /* by number of the set */
	struct rule_extra extras[RULE_SLOTS]; /* by slot */
	struct peer_range peers[PEERS_MAX];   /* the first is not used */
	__u32 lists[LISTS_MAX];               /* first candidate | (length - 1) << 24 */
	__u16 candidates[CANDIDATES_MAX];
	__u16 table[TABLE_ENTRIES]; /* entries for TCP and UDP, compiled from the tuples */
};
#define MARKS_SEEDS 11u /* of struct flow_marks: one, and one for each 32-bit word of a flow6_key */

/*
 * What programs read for every packet, in one piece of memory that they address directly: no map is
 * looked up (docs/performance.md). Zeroes drop everything.
 */
struct gate_memory {
	__u64 state; /* the state word */
	/* jiffies at which the host last asked for an address, by family (DHCPv4, DHCPv6); 0: never */
	__u64 dhcp_asked[2];
	__u64 reserved[5];
	__u64 seeds[MARKS_SEEDS]; /* random, written once: what hashes of flows begin with */
	__u64 reserved_too[5];
	struct session sessions[SESSIONS];
	__u64 reserved_three[6];
	struct generation generations[SLOT_COUNT];
};

#define LIST_FIRST_MASK 0x00ffffffu
#define LIST_LENGTH_SHIFT 24

/*
 * The truth about what is allowed: a hash map from tuple to entry. `port` is in host order, so that
 * a dump can be read; it is the ICMP type for ICMP and ICMPv6, and 0 for protocols without ports.
 */
struct tuple {
	__u8 direction; /* enum direction */
	__u8 protocol;  /* IP protocol number */
	__u16 port;
};

/* Keys of the longest-prefix tries: an address belongs to a set when the look-up finds anything. */
struct prefix4 {
	__u32 length; /* bits that count: 32 for the set, then the prefix's own */
	__u32 set;
	__u32 address; /* network order */
};

struct prefix6 {
	__u32 length;
	__u32 set;
	__u32 address[4]; /* network order */
};

#define PREFIX_SET_BITS 32u
#define PREFIXES_MAX 100000u

/* ---- flows ----------------------------------------------------------------------------------- */

/* Keys as the host sends: local is the host's end. Ports in network order; an echo's identifier
 * stands in `local_port`, protocols without ports have 0. */
struct flow4_key {
	__u32 local;
	__u32 remote;
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 zero[3];
};

struct flow6_key {
	__u32 local[4];
	__u32 remote[4];
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 zero[3];
};

enum flow_state {
	FLOW_ESTABLISHED = 1u << 0, /* the host has sent more than SYN or RST */
	FLOW_FIN_OUT = 1u << 1,
	FLOW_FIN_IN = 1u << 2,
	FLOW_RST = 1u << 3, /* a RST was seen, and nothing of the host after it */
};

/* Only packets of the host write `last_seen`; `state` is changed by atomic or/and from both sides. */
struct flow {
	__u64 last_seen; /* jiffies */
	__u64 created;   /* jiffies */
	__u32 state;     /* enum flow_state, TCP only */
	__u32 reserved;
};

/*
 * The negative cache: a bit for each flow's hash, in the word of the epoch in which a packet of the host
 * was last seen on it. An epoch is as long as the longest timeout, so a live flow has its bit in this
 * one or the one before. A word says whose epoch it is in its upper 16 bits; one that is not asked for
 * counts as empty, and the next writer takes it over: nothing has to be cleared.
 */
struct flow_marks {
	__u64 words[2]; /* of even and odd epochs */
};
#define MARKS_BITS 48u
#define MARKS_EPOCH_SHIFT 48
#define MARKS_ENTRIES_SHIFT_MOST 23 /* so many bits of a hash choose an entry at most */

#define FLOWS_MAX_DEFAULT 262144u /* per address family */
#define FLOWS_MAX_LEAST 1024u
#define FLOWS_MAX_MOST 16777216u

/* ---- fragments ------------------------------------------------------------------------------- */

/* What all fragments of a packet share: spec 3.6. */
struct fragment_key {
	__u32 source[4]; /* network order; IPv4 in word 0, the others 0 */
	__u32 destination[4];
	__u32 identification; /* network order */
	__u8 protocol;        /* IPv6: next header of the fragment header */
	__u8 family;          /* 4 or 6 */
	__u8 direction;       /* enum direction */
	__u8 zero;
};

/* A first fragment that passed. */
struct fragment {
	__u64 seen; /* jiffies */
	__u32 end;  /* byte of the packet, behind the IP header, at which the second may begin */
	__u32 reserved;
};

#define DHCP_SECONDS 60u /* spec 3.5 */
#define FRAGMENTS_MAX 65536u
#define FRAGMENT_SECONDS 30u

/* ---- limits ---------------------------------------------------------------------------------- */

/* Whose bucket: a rule's, for one address outside; IPv6 by its first 64 bits. */
struct limit_key {
	__u16 slot;
	__u16 family;     /* 4 or 6 */
	__u32 address[2]; /* network order */
};
#define LIMIT_SOURCES_MAX 65536u

/* ---- counters: one per CPU, never set back --------------------------------------------------- */

struct count {
	__u64 packets;
	__u64 bytes; /* of the frame, without FCS */
};

/* Index: rule slot. */
struct rule_count {
	struct count forward;
	struct count reply;
	__u64 payload_mismatches;
};

/* Index of the outcome counters: direction * OUTCOME_COUNT + outcome. */
#define OUTCOME_COUNTERS (DIRECTION_COUNT * OUTCOME_COUNT)

/* ---- decisions ------------------------------------------------------------------------------- */

/* What a step says, in one register: outcome, and for rules and replies the rule's slot. */
#define DECISION(outcome, slot) ((__u32)(outcome) | (__u32)(slot) << 16)
#define DECISION_OUTCOME(decision) ((enum outcome)((decision)&0xffu))
#define DECISION_SLOT(decision) ((decision) >> 16)
#define DECISION_SPARED                                                                            \
	0x100u /* a drop that is only counted: the session that a blocked gate keeps */

/* ---- test runs ------------------------------------------------------------------------------- */

/*
 * Read and written only by programs loaded with the `testrun` knob set: the moment and the frame
 * length to judge by, and what was decided. Never on a live gate.
 */
struct testrun {
	__u64 now;       /* jiffies */
	__u32 frame_len; /* bytes; 0: the buffer's own */
	__u32 decision;  /* DECISION() of the last packet */
	__u32 flags;     /* TESTRUN_... */
	__u32 reserved;
};
#define TESTRUN_LONG_WAY 1u /* no short cut for the common packet */

/* A packet of a batch: edgegate_batch. */
struct batch_packet {
	__u64 now;       /* jiffies to judge by */
	__u32 frame_len; /* bytes to judge by */
	__u32 size;      /* of `bytes` that are there: 14 at least */
	__u32 direction; /* enum direction */
	__u32 decision;  /* DECISION(), written by the program */
	__u8 bytes[4072];
};
#define BATCH_BYTES 3400u /* that a test run at tc takes on a page of 4 KiB */
#define BATCH_MAX 512u

struct batch_state {
	__u32 count; /* of packets */
	__u32 next;  /* that is to be run */
};

/* ---- the stamp: the first thing that is read of a pinned gate ---------------------------------- */

#define GATE_INTERFACES_MAX 16u
#define INTERFACE_NAME_SIZE 16u /* IFNAMSIZ */
#define NETNS_NAME_SIZE 64u
#define VERSION_SIZE 16u

enum facing { FACING_OUTSIDE, FACING_INSIDE };
enum hooks { HOOKS_BOTH, HOOKS_XDP };
enum xdp_mode { XDP_MODE_NATIVE, XDP_MODE_GENERIC };
enum tc_kind { TC_KIND_NONE, TC_KIND_TCX, TC_KIND_CLSACT };

/* Generic receive offload of an interface: was it off, and is it on because of us? */
enum gro {
	GRO_LEFT,    /* as it was */
	GRO_CLAIMED, /* was off, and we are about to turn it on */
	GRO_OURS,    /* was off, and we have turned it on */
};

struct stamp_interface {
	char name[INTERFACE_NAME_SIZE]; /* NUL-terminated, as it was at apply */
	__u32 ifindex;
	__u8 facing;         /* enum facing */
	__u8 xdp;            /* enum xdp_mode */
	__u8 tc;             /* enum tc_kind */
	__u8 clsact_is_ours; /* the qdisc was not there before us */
	__u8 gro;            /* enum gro */
	__u8 reserved[3];
};

/*
 * What a gate is: written when it is made, before anything is attached, and again where an interface is
 * renamed or made anew, and when its programs are replaced. Every version's begins with magic and
 * abi_version.
 */
struct stamp {
	__u32 magic;
	__u32 abi_version;
	__u64 created_at; /* CLOCK_REALTIME, seconds */
	__u64 netns_cookie;
	__u32 hooks; /* enum hooks */
	__u32 flows_max;
	__u32 hz;           /* jiffies per second, measured */
	__u32 multi_buffer; /* 1: its XDP programs were loaded with frags support */
	__u32 epoch_shift;  /* an epoch of flow_marks is 1 << this many jiffies */
	__u32 interface_count;
	struct stamp_interface interfaces[GATE_INTERFACES_MAX];
	char netns[NETNS_NAME_SIZE]; /* the name given with --netns, or empty */
	__u64 programs; /* hash of the objects whose programs are attached; 0: it is being
				      * changed, or whoever changed it was killed */
	char version[VERSION_SIZE]; /* of the edgegate that attached them; empty with 0 */
};

#endif
