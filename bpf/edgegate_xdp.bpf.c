// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: judges what a card receives. On an interface that faces outside that is `in`, on one that
 * faces inside `out`; the loader loads the one that is needed. Tests load both, for BPF_PROG_TEST_RUN
 * takes more frames here than at tc.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef struct xdp_md parse_context;
#include "bpf/gate_common.h"

/* Loaded as a multi-buffer program (Linux 5.18): data_end is then the end of the first buffer only. */
const volatile bool multi_buffer = false;

static __always_inline long parse_load(struct xdp_md *ctx, __u32 at, void *to, __u32 size)
{
	return bpf_xdp_load_bytes(ctx, at, to, size);
}

/* The whole frame's, or what a test says: of a frame that a capture cut, only the head is here. */
static __always_inline __u32 parse_length(struct xdp_md *ctx)
{
	struct testrun *test = clock_testrun();

	if (test && test->frame_len)
		return test->frame_len;
	return multi_buffer ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

/*
 * What is no longer is all of the frame, or so little that no IP packet ends in it: the first of several buffers is
 * full, or has but the headers. So small packets, which floods are made of, do without a call.
 */
#define XDP_ONE_BUFFER 1024u

static __always_inline __u32 xdp_length(struct xdp_md *ctx)
{
	__u32 first = ctx->data_end - ctx->data;

	return likely(first <= XDP_ONE_BUFFER) ? first : parse_length(ctx);
}

static __always_inline void xdp_frame(struct xdp_md *ctx, __u32 length, struct frame *frame)
{
	frame->cursor.pos = (void *)(long)ctx->data;
	frame->start = frame->cursor.pos;
	frame->cursor.end = (void *)(long)ctx->data_end;
	frame->length = length;
	frame->gso_size = 0;
}

/* The long way, for what gate_common_judge() leaves: any frame, of `length` bytes. Its first part. */
noinline_global __u32 xdp_parse_any(struct xdp_md *ctx, struct packet *packet, __u32 direction,
				    __u32 slot, __u32 length)
{
	const struct generation *generation = rules_generation(slot);
	struct frame frame;

	if (!packet || !generation)
		return OUTCOME_DROP_NO_RULE;
	xdp_frame(ctx, length, &frame);
	return parse_frame(ctx, &frame, packet, direction, generation->settings.flags);
}

static __always_inline __u32 xdp_judge_any(struct xdp_md *ctx, __u64 word, __u32 direction,
					   __u32 length)
{
	__u32 slot = state_slot(word);
	struct packet packet = { 0 };
	__u32 decision = xdp_parse_any(ctx, &packet, direction, slot, length);
	bool fragment;

	if (decision)
		return decision;
	decision = gate_decide_any(&packet, word, direction);
	if (decision) {
		gate_remember(&packet, decision, direction);
		return decision;
	}
	fragment = packet.flags & PACKET_FRAGMENT;
	if (!icmp_errors_quote(ctx, &packet))
		return OUTCOME_DROP_UNRELATED_ICMP;
	decision = icmp_errors_judge(&packet, slot, direction);
	/* the quote stands in the error's place: what is to be remembered is read again */
	if (fragment && !xdp_parse_any(ctx, &packet, direction, slot, length))
		gate_remember(&packet, decision, direction);
	return decision;
}

static __always_inline void gate_weigh(struct xdp_md *ctx, const struct frame *frame,
				       __u32 header_length, struct weight *weight)
{
	(void)ctx, (void)header_length;
	weight->packets = 1;
	weight->bytes = frame->length;
}

static __always_inline int xdp_judge(struct xdp_md *ctx, __u32 direction)
{
	struct policy policy = { 0 };
	struct frame frame;
	struct gate_common common = {
		.context = ctx,
		.frame = &frame,
		.policy = &policy,
		.direction = direction,
	};
	__u32 decision = OUTCOME_UNDECIDED;
	struct weight weight;
	bool in_emergency;
	__u64 word;

	if (unlikely(!gate_policy(&word, &in_emergency, &policy)))
		return XDP_PASS;
	xdp_frame(ctx, xdp_length(ctx), &frame);
	common.word = word;
	if (likely(!in_emergency && !clock_long_way()))
		decision = gate_common_judge(&common);
	if (likely(decision == GATE_COMMON_PASSED))
		return XDP_PASS;
	if (likely(decision == GATE_COMMON_DROPPED))
		return XDP_DROP;
	if (unlikely(!decision)) {
		frame.length = parse_length(ctx);
		decision = xdp_judge_any(ctx, word, direction, frame.length);
	}
	gate_weigh(ctx, &frame, 0, &weight);
	return verdict_give(decision, direction, word, &weight) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int edgegate_in(struct xdp_md *ctx)
{
	return xdp_judge(ctx, DIRECTION_IN);
}

SEC("xdp")
int edgegate_out(struct xdp_md *ctx)
{
	return xdp_judge(ctx, DIRECTION_OUT);
}

const char LICENSE[] SEC("license") = "GPL";
