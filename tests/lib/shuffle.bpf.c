/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of a program that is measured: each run gets another packet, or another program. Address and
 * ports of a UDP/IPv4 frame are set by a number that counts round, without memory of its own that would
 * have to be cached.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "tests/lib/mixed.h"
#include "tests/lib/shuffle.h"

#define IP 14
#define TRANSPORT (IP + 20)
#define GATES 16 /* that take turns at most */

struct shuffle shuffle;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, GATES);
	__type(key, __u32);
	__type(value, __u32);
} shuffle_target SEC(".maps");

/* The same for a program at tc: a table of programs has those of one kind only. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} shuffle_target_tc SEC(".maps");

static __always_inline __u32 shuffle_number(void)
{
	__u32 number = shuffle.at, next = number + (shuffle.step ?: 1);

	shuffle.at = next < shuffle.first + shuffle.count ? next : next - shuffle.count;
	return number;
}

static __always_inline bool shuffle_tuple(__u8 *data, const __u8 *end)
{
	__u32 number, random, ports, address;
	__u16 remote, local;
	bool given = shuffle.local;

	if (data + TRANSPORT + 4 > end)
		return false;
	number = shuffle_number();
	random = mixed(number + 1);
	ports = mixed(random);
	if (shuffle.half && random & 1)
		given = false;
	remote = bpf_htons(shuffle.remote ? shuffle.remote : ports & 0xffff ?: 1);
	local = bpf_htons(given ? shuffle.local : ports >> 16 ?: 1);
	/* 11.0.0.0/8 */
	address = ((11u << 24 | random >> 8) & ~shuffle.zeroes) | shuffle.ones;
	*(__u32 *)(data + IP + (shuffle.out ? 16 : 12)) = bpf_htonl(address);
	*(__u16 *)(data + TRANSPORT) = shuffle.out ? local : remote;
	*(__u16 *)(data + TRANSPORT + 2) = shuffle.out ? remote : local;
	return true;
}

/* Another tuple each time. */
SEC("xdp.frags")
int shuffle_packet(struct xdp_md *frame)
{
	if (shuffle_tuple((void *)(long)frame->data, (void *)(long)frame->data_end))
		bpf_tail_call(frame, &shuffle_target, 0);
	return XDP_ABORTED;
}

/* The same of what is sent. */
SEC("tc")
int shuffle_sent(struct __sk_buff *frame)
{
	if (shuffle_tuple((void *)(long)frame->data, (void *)(long)frame->data_end))
		bpf_tail_call(frame, &shuffle_target_tc, 0);
	return TC_ACT_TRAP;
}

/* Destination ports in a row: the number is the port. */
SEC("xdp.frags")
int shuffle_ports(struct xdp_md *frame)
{
	__u8 *data = (void *)(long)frame->data;

	if (data + TRANSPORT + 4 > (__u8 *)(long)frame->data_end)
		return XDP_ABORTED;
	*(__u16 *)(data + TRANSPORT + 2) = bpf_htons(shuffle_number());
	bpf_tail_call(frame, &shuffle_target, 0);
	return XDP_ABORTED;
}

/* The same packet, another gate each time. */
SEC("xdp.frags")
int shuffle_gates(struct xdp_md *frame)
{
	bpf_tail_call(frame, &shuffle_target, shuffle_number());
	return XDP_ABORTED;
}

char shuffle_license[] SEC("license") = "GPL";
