/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The least that a gate could do, a step more in each program: touch the frame, parse Ethernet, IPv4 and
 * UDP, look one entry up in a table, count. What they cost is the machine's; what a gate costs above
 * the last of them is its own.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FRAGMENT 0x3fff /* "more follow" and the offset */

struct count {
	__u64 packets;
	__u64 bytes;
};

/* By port, host order: what of `counts` is counted, 0: dropped. The bench fills it in. */
__u16 table[65536];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

/* The destination's port, host order; 0: none. */
static __always_inline __u16 minimal_port(const struct xdp_md *frame)
{
	void *end = (void *)(long)frame->data_end;
	struct ethhdr *link = (void *)(long)frame->data;
	struct iphdr *ip = (void *)(link + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || link->h_proto != bpf_htons(ETH_P_IP))
		return 0;
	if (ip->version != 4 || ip->ihl != 5 || ip->frag_off & bpf_htons(FRAGMENT) ||
	    ip->protocol != IPPROTO_UDP || (void *)ip + bpf_ntohs(ip->tot_len) > end)
		return 0;
	return bpf_ntohs(udp->dest);
}

SEC("xdp.frags")
int minimal_touch(struct xdp_md *frame)
{
	struct ethhdr *link = (void *)(long)frame->data;

	if ((void *)(link + 1) > (void *)(long)frame->data_end)
		return XDP_ABORTED;
	return link->h_proto == bpf_htons(ETH_P_LOOP) ? XDP_PASS : XDP_DROP;
}

SEC("xdp.frags")
int minimal_parse(struct xdp_md *frame)
{
	return minimal_port(frame) ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int minimal_table(struct xdp_md *frame)
{
	return table[minimal_port(frame)] ? XDP_PASS : XDP_DROP;
}

SEC("xdp.frags")
int minimal_count(struct xdp_md *frame)
{
	__u32 entry = table[minimal_port(frame)];
	struct count *count = bpf_map_lookup_elem(&counts, &entry);

	if (count) {
		count->packets++;
		count->bytes += frame->data_end - frame->data;
	}
	return entry ? XDP_PASS : XDP_DROP;
}

char minimal_license[] SEC("license") = "GPL";
