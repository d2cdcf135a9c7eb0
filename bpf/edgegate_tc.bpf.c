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
#include "bpf/gate_common.h"

static __always_inline long parse_load(struct __sk_buff *skb, __u32 at, void *to, __u32 size)
{
	return bpf_skb_load_bytes(skb, at, to, size);
}

/* The whole buffer's, or what a test says: of a frame that a capture cut, only the head is here. */
static __always_inline __u32 parse_length(struct __sk_buff *skb)
{
	struct testrun *test = clock_testrun();

	return test && test->frame_len ? test->frame_len : skb->len;
}

static __always_inline void tc_frame(struct __sk_buff *skb, struct frame *frame)
{
	frame->cursor.pos = (void *)(long)skb->data;
	frame->start = frame->cursor.pos;
	frame->cursor.end = (void *)(long)skb->data_end;
	frame->length = parse_length(skb);
	frame->gso_size = skb->gso_size;
}

/* The long way, for what gate_common_judge() leaves: any frame. Its first part. */
noinline_global __u32 tc_parse_any(struct __sk_buff *skb, struct packet *packet, __u32 direction,
				   __u32 slot)
{
	const struct generation *generation = rules_generation(slot);
	struct frame frame;

	if (!packet || !generation)
		return OUTCOME_DROP_NO_RULE;
	tc_frame(skb, &frame);
	return parse_frame(skb, &frame, packet, direction, generation->settings.flags);
}

/* A decision, and the bytes of headers that GSO's count needs, in one register. */
#define TC_JUDGED(decision, header_length) ((__u64)(decision) | (__u64)(header_length) << 32)
#define TC_JUDGED_DECISION(judged) ((__u32)(judged))
#define TC_JUDGED_HEADERS(judged) ((__u32)((judged) >> 32))

/*
 * The headers of a forwarded packet may stand outside the readable head. What looks cut short while
 * there is more is pulled in and parsed again: first as much as nearly all headers need, then as much as
 * any can. Never the whole packet, which may be 64 KiB of pages.
 */
#define TC_PULL_FEW 256u
#define TC_PULL_ALL 17000u /* 2 tags, an IPv6 header, 8 extension headers of 2,048 bytes, TCP */

/* True if more of the frame can be read than before. */
static __always_inline bool tc_pull(struct __sk_buff *skb, __u32 most)
{
	__u32 readable = skb->data_end - skb->data;
	__u32 wanted = skb->len < most ? skb->len : most;

	return readable < wanted && !bpf_skb_pull_data(skb, wanted);
}

/* How many packets the card makes of this one: 1 or more. */
static __always_inline __u32 tc_segments(const struct __sk_buff *skb, __u32 header_length)
{
	__u32 segments;

	if (likely(!skb->gso_size) || !header_length || header_length >= skb->len)
		return 1;
	segments = skb->gso_segs;
	if (!segments)
		segments = (skb->len - header_length + skb->gso_size - 1) / skb->gso_size;
	return segments ? segments : 1;
}

static __always_inline __u64 tc_judge_any(struct __sk_buff *skb, __u64 word, __u32 direction)
{
	__u32 slot = state_slot(word);
	struct packet packet = { 0 };
	__u32 decision = tc_parse_any(skb, &packet, direction, slot);
	__u32 headers;
	bool fragment;

	if (decision == OUTCOME_DROP_MALFORMED && tc_pull(skb, TC_PULL_FEW))
		decision = tc_parse_any(skb, &packet, direction, slot);
	if (decision == OUTCOME_DROP_MALFORMED && tc_pull(skb, TC_PULL_ALL))
		decision = tc_parse_any(skb, &packet, direction, slot);
	headers = packet.header_length;
	if (decision)
		return TC_JUDGED(decision, headers);
	packet.segments = tc_segments(skb, headers);
	decision = gate_decide_any(&packet, word, direction);
	if (decision) {
		gate_remember(&packet, decision, direction);
		return TC_JUDGED(decision, headers);
	}
	fragment = packet.flags & PACKET_FRAGMENT;
	if (!icmp_errors_quote(skb, &packet))
		return TC_JUDGED(OUTCOME_DROP_UNRELATED_ICMP, headers);
	decision = icmp_errors_judge(&packet, slot, direction);
	/* the quote stands in the error's place: what is to be remembered is read again */
	if (fragment && !tc_parse_any(skb, &packet, direction, slot))
		gate_remember(&packet, decision, direction);
	return TC_JUDGED(decision, headers);
}

/* An offloaded packet becomes segments, each with its own headers. */
static __always_inline void gate_weigh(struct __sk_buff *skb, const struct frame *frame,
				       __u32 header_length, struct weight *weight)
{
	__u32 segments = tc_segments(skb, header_length);

	weight->packets = segments;
	weight->bytes = frame->length + (__u64)(segments - 1) * header_length;
}

/*
 * Drops without telling a sender on this machine: a redirect to an interface that never is, for indices
 * begin at 1. TC_ACT_SHOT reports a full queue, which TCP tries again every half second and after
 * tcp_retries2 (15) times ends the connection for: this machine's own would be dead 8 seconds after they were
 * cut, long before a deadline or a resume lets them go on. TC_ACT_STOLEN would do, but TCX takes it for a
 * pass. What is forwarded has no socket to tell, and needs no detour.
 */
static __always_inline int tc_drop(struct __sk_buff *skb)
{
	return skb->sk ? (int)bpf_redirect(0, 0) /* TC_ACT_REDIRECT */ : TC_ACT_SHOT;
}

static __always_inline int tc_judge(struct __sk_buff *skb, __u32 direction)
{
	struct policy policy = { 0 };
	struct frame frame;
	struct gate_common common = {
		.context = skb,
		.frame = &frame,
		.policy = &policy,
		.direction = direction,
	};
	__u32 decision = OUTCOME_UNDECIDED;
	struct weight weight;
	__u32 headers;
	bool in_emergency;
	__u64 word;

	if (unlikely(!gate_policy(&word, &in_emergency, &policy)))
		return TC_ACT_UNSPEC;
	tc_frame(skb, &frame);
	common.word = word;
	if (likely(!in_emergency && !clock_long_way()))
		decision = gate_common_judge(&common);
	if (likely(decision == GATE_COMMON_PASSED))
		return TC_ACT_UNSPEC;
	if (likely(decision == GATE_COMMON_DROPPED))
		return tc_drop(skb);
	if (decision) {
		headers = common.packet.header_length;
	} else {
		__u64 judged = tc_judge_any(skb, word, direction);

		decision = TC_JUDGED_DECISION(judged);
		headers = TC_JUDGED_HEADERS(judged);
	}
	gate_weigh(skb, &frame, headers, &weight);
	return verdict_give(decision, direction, word, &weight) ? TC_ACT_UNSPEC : tc_drop(skb);
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
