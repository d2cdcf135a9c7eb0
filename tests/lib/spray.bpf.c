/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floods for the bench: run by BPF_PROG_TEST_RUN with live frames, `spray_frame` sends each out of a device,
 * with a source of its own if it is told so. Frames are UDP/IPv4 without a UDP checksum; that of the header is
 * set right, since a stack that finds it wrong does less than one that is attacked.
 * `spray_drop` and `spray_pass` are what others are compared with.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/lib/mixed.h"
#include "tests/lib/spray.h"

#define IP 14
#define TRANSPORT (IP + 20)

struct spray spray;

SEC("xdp.frags")
int spray_frame(struct xdp_md *frame)
{
	__u8 *data = (void *)(long)frame->data;
	__u32 random, ports, source, sum;

	if (!spray.vary)
		return (int)bpf_redirect(spray.device, 0);
	if (data + TRANSPORT + 4 > (__u8 *)(long)frame->data_end)
		return XDP_ABORTED;
	random = mixed(++spray.at);
	ports = mixed(random);
	source = bpf_htonl(11 << 24 | random >> 8); /* 11.0.0.0/8 */
	sum = spray.sum + (source & 0xffff) + (source >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(__u16 *)(data + IP + 10) = (__u16)~sum;
	*(__u32 *)(data + IP + 12) = source;
	*(__u16 *)(data + TRANSPORT) = bpf_htons(spray.remote ?: ports & 0xffff ?: 1);
	*(__u16 *)(data + TRANSPORT + 2) = bpf_htons(spray.local ?: ports >> 16 ?: 1);
	return (int)bpf_redirect(spray.device, 0);
}

SEC("xdp.frags")
int spray_drop(struct xdp_md *frame)
{
	(void)frame;
	return XDP_DROP;
}

SEC("xdp.frags")
int spray_pass(struct xdp_md *frame)
{
	(void)frame;
	return XDP_PASS;
}

char spray_license[] SEC("license") = "GPL";
