/* SPDX-License-Identifier: GPL-2.0-only */
/* Somebody else's programs: for tests of what is not ours. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int foreign_pass(struct xdp_md *frame)
{
	(void)frame;
	return XDP_PASS;
}

SEC("pass")
int foreign_accept(struct __sk_buff *frame)
{
	(void)frame;
	return TC_ACT_OK;
}

SEC("drop")
int foreign_drop(struct __sk_buff *frame)
{
	(void)frame;
	return TC_ACT_SHOT;
}

char foreign_license[] SEC("license") = "GPL";
