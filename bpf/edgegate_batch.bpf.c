// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the real programs on many packets in one system call: BPF_PROG_TEST_RUN with `repeat` runs one
 * buffer again and again. Each run puts the next packet into it, sets the clock and the length to judge
 * by, and tail-calls the program that judges its direction; the run after it takes the decision down.
 * Never attached. At tc, because repeated XDP runs change the kernel's dispatcher: 20 ms a call.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <edgegate/abi.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct testrun);
} testrun SEC(".maps");

/* What is to be run, in order: user space writes it through mmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BATCH_MAX);
	__type(key, __u32);
	__type(value, struct batch_packet);
} batch SEC(".maps");

/* edgegate_in and edgegate_out of the tc object, by direction. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DIRECTION_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} batch_programs SEC(".maps");

/* Packets run, and how many there are: in .bss, user space sets both. */
struct batch_state batch_state;

SEC("tc")
int edgegate_batch(struct __sk_buff *skb)
{
	__u32 zero = 0, at = batch_state.next, size;
	struct batch_packet *packet;
	struct testrun *test;

	test = bpf_map_lookup_elem(&testrun, &zero);
	if (!test)
		return -1;
	if (at > 0) {
		zero = at - 1;
		packet = bpf_map_lookup_elem(&batch, &zero);
		if (packet)
			packet->decision = test->decision;
	}
	/* the last run only takes the decision down */
	packet = at < batch_state.count ? bpf_map_lookup_elem(&batch, &at) : NULL;
	if (!packet)
		return -1;
	batch_state.next = at + 1;
	test->now = packet->now;
	test->frame_len = packet->frame_len;
	test->decision = DECISION(OUTCOME_UNDECIDED, 0);
	size = packet->size;
	if (size < 14 || size > BATCH_BYTES)
		return -1;
	if (skb->len != size && bpf_skb_change_tail(skb, size, 0))
		return -1;
	if (bpf_skb_store_bytes(skb, 0, packet->bytes, size, 0))
		return -1;
	bpf_tail_call(skb, &batch_programs, packet->direction);
	return -1;
}

const char LICENSE[] SEC("license") = "GPL";
