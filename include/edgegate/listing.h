/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The listing: what people are shown of a policy in force, pinned beside the maps that programs read.
 * One block of bytes: a header, rows in file order, then NUL-terminated strings. No program reads it.
 * Readers check it before they believe it (user/image/listing.c), for it outlives its writer.
 */
#ifndef EDGEGATE_LISTING_H
#define EDGEGATE_LISTING_H

#include <edgegate/abi.h>

#define LISTING_MAGIC 0x4c495354u /* "LIST" */

/*
 * What is watched for changes that no apply has made: symbol, name. Those before LISTING stand in the
 * slot's maps, and in the piece of memory; LISTING is this block itself; STATE is the state word, which has
 * no hash. A change of what a trie's keys lead to changes no verdict, and is not looked for.
 */
#define LISTING_PARTS(X)                                                                           \
	X(SETTINGS, "settings")                                                                    \
	X(SCOPES, "scopes")                                                                        \
	X(EXTRAS, "extras")                                                                        \
	X(PEERS, "peers")                                                                          \
	X(LISTS, "lists")                                                                          \
	X(CANDIDATES, "candidates")                                                                \
	X(TABLE, "table")                                                                          \
	X(TUPLES, "tuples")                                                                        \
	X(PREFIXES4, "prefixes4")                                                                  \
	X(PREFIXES6, "prefixes6")                                                                  \
	X(LISTING, "listing")                                                                      \
	X(STATE, "state")
enum listing_part {
#define LISTING_PART(symbol, name) PART_##symbol,
	LISTING_PARTS(LISTING_PART)
#undef LISTING_PART
		PART_COUNT,
};
#define PARTS_HASHED PART_STATE
#define PART_BIT(part) (1u << (part))

/* Offsets of strings are in bytes from the start of the block. 0: there is none. */
struct listing_header {
	__u32 magic;
	__u32 size;        /* of the whole block, bytes */
	__u64 applied_at;  /* CLOCK_REALTIME, seconds; 0 where it was only compiled */
	__u64 policy_hash; /* of all that judges packets: same policy, same hash */
	__u32 policy;      /* string: the policy's name */
	__u32 description; /* string */
	__u32 row_count;
	__u32 mode;                /* enum mode that it was applied in */
	__u64 parts[PARTS_HASHED]; /* hashes of what was applied, by enum listing_part */
};

struct listing_row {
	__u16 slot;
	__u8 direction; /* enum direction */
	__u8 protocol;
	__u32 name; /* strings, as the policy wrote them */
	__u32 ports;
	__u32 port_of; /* "destination", "source", "either"; 0 where the protocol has no ports */
	__u32 from;
	__u32 to;
	__u32 note;
	__u32 peers;                /* ports of the other end; 0: any */
	__u32 limit;                /* "200/s, burst 400, per source"; "": none */
	__u32 payload;              /* "udp-media, observe"; "": any */
	__u64 meaning;              /* hash of all that the rule says, group members included */
	struct rule_count baseline; /* what the slot had counted before it was this rule's */
};

#endif
