/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The least that a gate could do, a step more in each program: touch the frame, parse Ethernet, IPv4 and
 * UDP, look one entry up in a table, or both ports', count; find a flow; keep a new one. What they cost is
 * the machine's; what a gate costs above that is its own.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>
#include <stddef.h>

#define FRAGMENT 0x3fff /* "more follow" and the offset */

struct count {
	__u64 packets;
	__u64 bytes;
};

/* By port, host order: what of `counts` is counted, 0: dropped. The bench fills it in. */
__u16 table[65536];
/* Of the other direction, by the sender's port. */
__u16 answers[65536];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

struct flow_key {
	__u32 source, destination;
	__u32 ports;
	__u32 protocol;
};

struct flow {
	__u64 seen, created, state;
};

/* As many as a gate has of a family by default. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* UDP over IPv4, or NULL. */
static __always_inline struct udphdr *minimal_udp(void *data, void *end)
{
	struct ethhdr *link = data;
	struct iphdr *ip = (void *)(link + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || link->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	if (ip->version != 4 || ip->ihl != 5 || ip->frag_off & bpf_htons(FRAGMENT) ||
	    ip->protocol != IPPROTO_UDP || (void *)ip + bpf_ntohs(ip->tot_len) > end)
		return NULL;
	return udp;
}

/* The destination's port, host order; 0: none. */
static __always_inline __u16 minimal_port(const struct xdp_md *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);

	return udp ? bpf_ntohs(udp->dest) : 0;
}

static __always_inline void minimal_key(const struct udphdr *udp, struct flow_key *key)
{
	const struct iphdr *ip = (const void *)udp - sizeof(*ip);

	key->source = ip->saddr;
	key->destination = ip->daddr;
	key->ports = (__u32)udp->source << 16 | udp->dest;
	key->protocol = IPPROTO_UDP;
}

static __always_inline void minimal_add(__u32 entry, __u64 bytes)
{
	struct count *count = bpf_map_lookup_elem(&counts, &entry);

	if (!count)
		return;
	count->packets++;
	count->bytes += bytes;
}

/* What both ports say: what is open, or what it answers. */
static __always_inline __u32 minimal_ports(const struct udphdr *udp)
{
	__u32 entry = table[bpf_ntohs(udp->dest)];

	return entry ? entry : answers[bpf_ntohs(udp->source)];
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

	minimal_add(entry, frame->data_end - frame->data);
	return entry ? XDP_PASS : XDP_DROP;
}

SEC("xdp.frags")
int minimal_closed(struct xdp_md *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);
	__u32 entry = udp ? minimal_ports(udp) : 0;

	minimal_add(entry, frame->data_end - frame->data);
	return entry ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int minimal_answer(struct __sk_buff *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);
	__u32 entry = udp ? minimal_ports(udp) : 0;

	minimal_add(entry, frame->len);
	return entry ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* Finds the packet's flow; the first makes it. */
static __always_inline bool minimal_find(const struct udphdr *udp)
{
	struct flow_key key;
	struct flow *flow, made = { 0 };

	minimal_key(udp, &key);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (flow)
		return !flow->state;
	bpf_map_update_elem(&flows, &key, &made, BPF_ANY);
	return false;
}

SEC("xdp.frags")
int minimal_flow(struct xdp_md *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);

	if (!udp)
		return XDP_ABORTED;
	return minimal_find(udp) ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int minimal_sent(struct __sk_buff *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);
	__u32 entry = udp ? table[bpf_ntohs(udp->dest)] : 0;
	bool found = entry && minimal_find(udp);

	minimal_add(entry, frame->len);
	return found ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* Keeps the packet's flow, whether there is one or not. */
SEC("tc")
int minimal_keep(struct __sk_buff *frame)
{
	struct udphdr *udp = minimal_udp((void *)(long)frame->data, (void *)(long)frame->data_end);
	struct flow_key key;
	struct flow made = { 0 };

	if (!udp)
		return TC_ACT_TRAP;
	minimal_key(udp, &key);
	bpf_map_update_elem(&flows, &key, &made, BPF_ANY);
	return TC_ACT_SHOT;
}

char minimal_license[] SEC("license") = "GPL";
