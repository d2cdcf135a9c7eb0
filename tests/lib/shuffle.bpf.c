/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of a program that is measured: each run gets another packet. Address and ports of a UDP/IPv4
 * frame are set by a number that counts round, without memory of its own that would have to be cached.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/lib/shuffle.h"

#define IP 14
#define TRANSPORT (IP + 20)

struct shuffle shuffle;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} shuffle_target SEC(".maps");

/* The finalizer of MurmurHash3: numbers in a row become random ones. */
static __always_inline __u32 mixed(__u32 number)
{
	number ^= number >> 16;
	number *= 0x85ebca6b;
	number ^= number >> 13;
	number *= 0xc2b2ae35;
	return number ^ number >> 16;
}

SEC("xdp.frags")
int shuffle_packet(struct xdp_md *frame)
{
	__u8 *data = (void *)(long)frame->data;
	__u32 number = shuffle.at, random, ports;
	__u16 remote, local;

	if (data + TRANSPORT + 4 > (__u8 *)(long)frame->data_end)
		return XDP_ABORTED;
	shuffle.at = number + 1 < shuffle.first + shuffle.count ? number + 1 : shuffle.first;
	random = mixed(number + 1);
	ports = mixed(random);
	remote = bpf_htons(shuffle.remote ? shuffle.remote : ports & 0xffff ?: 1);
	local = bpf_htons(shuffle.local ? shuffle.local : ports >> 16 ?: 1);
	/* 11.0.0.0/8 */
	*(__u32 *)(data + IP + (shuffle.out ? 16 : 12)) = bpf_htonl(11 << 24 | random >> 8);
	*(__u16 *)(data + TRANSPORT) = shuffle.out ? local : remote;
	*(__u16 *)(data + TRANSPORT + 2) = shuffle.out ? remote : local;
	bpf_tail_call(frame, &shuffle_target, 0);
	return XDP_ABORTED;
}

char shuffle_license[] SEC("license") = "GPL";
