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

/* Offsets of strings are in bytes from the start of the block. 0: there is none. */
struct listing_header {
	__u32 magic;
	__u32 size;        /* of the whole block, bytes */
	__u64 applied_at;  /* CLOCK_REALTIME, seconds; 0 where it was only compiled */
	__u64 policy_hash; /* of all that judges packets: same policy, same hash */
	__u32 policy;      /* string: the policy's name */
	__u32 description; /* string */
	__u32 row_count;
	__u32 reserved;
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
