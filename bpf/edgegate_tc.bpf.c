// SPDX-License-Identifier: GPL-2.0-only
/*
 * tc: judges what a card sends. On an interface that faces outside that is `out`, on one that faces
 * inside `in`. Attached by TCX (Linux 6.6) or clsact; TCX_NEXT and TC_ACT_UNSPEC are both -1: what
 * passes here goes on to the filters behind us.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

typedef struct __sk_buff parse_context;
#include "bpf/gate.h"

static __always_inline long parse_load(struct __sk_buff *skb, __u32 at, void *to, __u32 size)
{
	return bpf_skb_load_bytes(skb, at, to, size);
}

/* Out of line, so that the verifier walks all that follows once and not once for each kind of packet. */
noinline_global __u32 tc_parse(struct __sk_buff *skb, struct packet *packet, __u32 direction)
{
	struct testrun *test = clock_testrun();
	struct frame frame;

	if (!packet)
		return OUTCOME_DROP_MALFORMED;
	frame.cursor.pos = (void *)(long)skb->data;
	frame.cursor.end = (void *)(long)skb->data_end;
	frame.length = skb->len;
	if (test && test->frame_len)
		frame.length = test->frame_len;
	frame.gso_size = skb->gso_size;
	return parse_frame(skb, &frame, packet, direction);
}

/*
 * The headers of a forwarded packet may stand outside the readable head. What looks cut short while
 * there is more is pulled in, once, and parsed again.
 */
static __always_inline __u32 tc_parse_all(struct __sk_buff *skb, struct packet *packet,
					  __u32 direction)
{
	__u32 outcome = tc_parse(skb, packet, direction);

	if (likely(outcome != OUTCOME_DROP_MALFORMED) || skb->data_end - skb->data >= skb->len ||
	    bpf_skb_pull_data(skb, skb->len))
		return outcome;
	return tc_parse(skb, packet, direction);
}

/* An offloaded packet becomes segments, each with its own headers. */
static __always_inline void tc_weigh(const struct __sk_buff *skb, const struct packet *packet,
				     struct weight *weight)
{
	__u32 segments = skb->gso_segs;

	weight->packets = 1;
	weight->bytes = skb->len;
	if (likely(!skb->gso_size) || !packet->header_length || packet->header_length >= skb->len)
		return;
	if (!segments)
		segments = (skb->len - packet->header_length + skb->gso_size - 1) / skb->gso_size;
	if (segments < 2)
		return;
	weight->packets = segments;
	weight->bytes += (__u64)(segments - 1) * packet->header_length;
}

static __always_inline int tc_judge(struct __sk_buff *skb, __u32 direction)
{
	__u64 word = gate_state();
	__u32 mode = word >> STATE_MODE_SHIFT & STATE_FIELD_MASK;
	struct policy policy = { .slot = word >> STATE_LIVE_SHIFT & STATE_FIELD_MASK };
	struct packet packet = { 0 };
	struct weight weight;
	__u32 decision;

	if (unlikely(policy.slot == SLOT_NONE))
		return TC_ACT_UNSPEC;
	decision = tc_parse_all(skb, &packet, direction);
	policy.generation = rules_generation(policy.slot);
	if (!policy.generation)
		decision = OUTCOME_DROP_NO_RULE;
	else if (!decision)
		decision = gate_decide(&policy, &packet, direction);
	tc_weigh(skb, &packet, &weight);
	return verdict_give(decision, direction, mode, &weight) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int edgegate_in(struct __sk_buff *skb)
{
	return tc_judge(skb, DIRECTION_IN);
}

SEC("tc")
int edgegate_out(struct __sk_buff *skb)
{
	return tc_judge(skb, DIRECTION_OUT);
}

const char LICENSE[] SEC("license") = "GPL";
