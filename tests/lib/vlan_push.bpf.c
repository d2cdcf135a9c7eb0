/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 802.1Q for test networks on kernels without VLAN devices: `push` on a device's egress tags every
 * frame, `push_two` tags it twice (802.1ad outside), `pop` on its ingress takes tags off again.
 * See net_vlan in net.bash.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_ID 100
#define OUTER_VLAN_ID 200

SEC("push")
int push_tag(struct __sk_buff *frame)
{
	if (bpf_skb_vlan_push(frame, bpf_htons(ETH_P_8021Q), VLAN_ID))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("push_two")
int push_tags(struct __sk_buff *frame)
{
	if (bpf_skb_vlan_push(frame, bpf_htons(ETH_P_8021Q), VLAN_ID) ||
	    bpf_skb_vlan_push(frame, bpf_htons(ETH_P_8021AD), OUTER_VLAN_ID))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("pop")
int pop_tags(struct __sk_buff *frame)
{
	for (int tags = 0; tags < 2 && frame->vlan_present; tags++)
		if (bpf_skb_vlan_pop(frame))
			return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char vlan_license[] SEC("license") = "GPL";
