/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of a gate. Those of a policy stand three times side by side, in arrays of maps, one inner
 * map for each slot; what is learnt or counted stands beside them and outlives every policy.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <edgegate/abi.h>

/*
 * Inner maps are declared by size: behind a pointer clang 14 leaves a struct's layout out of BTF. The
 * loader makes them, and gives those a BTF type that people dump; this one keeps it in the object.
 */
const struct tuple *const maps_keep_btf = NULL; /* in .rodata: .bss is the memory alone */

/*
 * State word and generations (abi.h). The one variable in .bss, so that both objects lay it out alike;
 * the loader lets them share one map. Changed from outside through mmap: the word by compare-and-swap,
 * a generation only while no packet can be reading its slot.
 */
struct gate_memory memory;

struct tuple_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct tuple));
	__uint(value_size, sizeof(__u16)); /* an entry (abi.h) */
};

/* The allowed (protocol, port, direction) tuples; generation.table is compiled from them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__array(values, struct tuple_map);
} tuples SEC(".maps");

struct prefix4_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct prefix4));
	__uint(value_size, sizeof(__u8)); /* 1; that it is there is all */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__array(values, struct prefix4_map);
} prefixes4 SEC(".maps");

struct prefix6_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct prefix6));
	__uint(value_size, sizeof(__u8));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__array(values, struct prefix6_map);
} prefixes6 SEC(".maps");

/* By rule slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RULE_SLOTS);
	__type(key, __u32);
	__type(value, struct rule_count);
} rule_counts SEC(".maps");

/* By direction * OUTCOME_COUNT + outcome: passed kinds and drop reasons. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OUTCOME_COUNTERS);
	__type(key, __u32);
	__type(value, struct count);
} outcome_counts SEC(".maps");

/* Only packets of the host insert. The loader sets max_entries from flows.max. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS_MAX_DEFAULT);
	__type(key, struct flow4_key);
	__type(value, struct flow);
} flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS_MAX_DEFAULT);
	__type(key, struct flow6_key);
	__type(value, struct flow);
} flows6 SEC(".maps");

/* In front of both flow tables. The loader sets max_entries, a power of two, from flows.max. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_marks);
} flow_marks SEC(".maps");

/* First fragments that passed, by what all fragments of a packet share. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FRAGMENTS_MAX);
	__type(key, struct fragment_key);
	__type(value, struct fragment);
} fragments SEC(".maps");

/* Buckets of limits, by rule slot: when each is full again, in LIMIT_TICKS of a nanosecond. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULE_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} limits SEC(".maps");

/*
 * Those of limits per source. A flood of sources throws out the least recently used ones, which then
 * begin anew: it can give a well-behaved source tokens, never take them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LIMIT_SOURCES_MAX);
	__type(key, struct limit_key);
	__type(value, __u64);
} limit_sources SEC(".maps");

/* See abi.h; touched only when the `testing` knob is set. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct testrun);
} testrun SEC(".maps");

#endif
