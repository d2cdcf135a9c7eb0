/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's own conversations, so that replies come back. Only packets of the host create and
 * refresh a flow; what arrives from outside may do no more than mark FIN and RST on one that is
 * there (spec 3.3). Timeouts: RFC 4787, 5382, 5508; the policy has them.
 */
#ifndef BPF_FLOWS_H
#define BPF_FLOWS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/marks.h"
#include "bpf/rules.h"

static __always_inline void flows_key4(const struct packet *packet, __u32 direction,
				       struct flow4_key *key)
{
	bool out = direction == DIRECTION_OUT;

	key->local = out ? packet->saddr[0] : packet->daddr[0];
	key->remote = out ? packet->daddr[0] : packet->saddr[0];
	key->local_port = out ? packet->sport : packet->dport;
	key->remote_port = out ? packet->dport : packet->sport;
	if (packet->flags & PACKET_ICMP)
		key->local_port = packet->echo_id;
	key->protocol = packet->protocol;
	key->zero[0] = key->zero[1] = key->zero[2] = 0;
}

static __always_inline void flows_key6(const struct packet *packet, __u32 direction,
				       struct flow6_key *key)
{
	bool out = direction == DIRECTION_OUT;

	for (int i = 0; i < 4; i++) {
		key->local[i] = out ? packet->saddr[i] : packet->daddr[i];
		key->remote[i] = out ? packet->daddr[i] : packet->saddr[i];
	}
	key->local_port = out ? packet->sport : packet->dport;
	key->remote_port = out ? packet->dport : packet->sport;
	if (packet->flags & PACKET_ICMP)
		key->local_port = packet->echo_id;
	key->protocol = packet->protocol;
	key->zero[0] = key->zero[1] = key->zero[2] = 0;
}

/* For the negative cache: of the key itself, so that both can't know a flow by different things. */
static __always_inline __u32 flows_hash(const struct packet *packet, __u32 direction)
{
	if (packet->family == 4) {
		struct flow4_key key;

		flows_key4(packet, direction, &key);
		return marks_hash4(&key);
	}
	struct flow6_key key;

	flows_key6(packet, direction, &key);
	return marks_hash6(&key);
}

/* May there be a live flow of this packet, which travels in `direction`? False is certain. */
static __always_inline bool flows_may_have(const struct policy *policy, const struct packet *packet,
					   __u32 direction)
{
	return !(policy->generation->settings.flags & SETTING_FLOW_MARKS) ||
	       marks_may_have(flows_hash(packet, direction));
}

static __always_inline bool flows_is_transitory(__u32 state)
{
	const __u32 both_fins = FLOW_FIN_OUT | FLOW_FIN_IN;

	return !(state & FLOW_ESTABLISHED) || (state & both_fins) == both_fins ||
	       (state & FLOW_RST);
}

static __always_inline bool flows_is_live(const struct policy *policy, const struct packet *packet,
					  const struct flow *flow, __u64 now)
{
	const __u32 *timeouts = policy->generation->settings.timeouts;
	__u64 timeout;

	if (packet->protocol == IPPROTO_TCP)
		timeout = flows_is_transitory(flow->state) ? timeouts[TIMEOUT_TCP_TRANSITORY] :
							     timeouts[TIMEOUT_TCP];
	else if (packet->protocol == IPPROTO_UDP)
		timeout = timeouts[TIMEOUT_UDP];
	else if (packet->flags & PACKET_ICMP)
		timeout = timeouts[TIMEOUT_ICMP];
	else
		timeout = timeouts[TIMEOUT_OTHER];
	/* the other CPU may have seen the next jiffy: not longer ago than never */
	return (__s64)(now - flow->last_seen) < (__s64)(timeout * clock_hz);
}

static __always_inline struct flow *flows_find(const struct packet *packet, __u32 direction)
{
	if (packet->family == 4) {
		struct flow4_key key;

		flows_key4(packet, direction, &key);
		return bpf_map_lookup_elem(&flows4, &key);
	}
	struct flow6_key key;

	flows_key6(packet, direction, &key);
	return bpf_map_lookup_elem(&flows6, &key);
}

/* Atomic, for both hooks write; and only what changes, for a written line moves between CPUs. */
static __always_inline void flows_set(struct flow *flow, __u32 bits)
{
	if ((flow->state & bits) != bits)
		__sync_fetch_and_or(&flow->state, bits);
}

static __always_inline void flows_unset(struct flow *flow, __u32 bits)
{
	if (flow->state & bits)
		__sync_fetch_and_and(&flow->state, ~bits);
}

/* What a segment of the host does to its flow. */
static __always_inline void flows_mark_out(struct flow *flow, __u8 tcp_flags)
{
	if (tcp_flags & TCP_RST) {
		flows_set(flow, FLOW_RST);
	} else if (tcp_flags & TCP_FIN) {
		flows_set(flow, FLOW_ESTABLISHED | FLOW_FIN_OUT);
	} else if (!(tcp_flags & TCP_SYN)) {
		flows_set(flow, FLOW_ESTABLISHED);
		/* a forged RST from outside must not end a conversation that goes on */
		flows_unset(flow, FLOW_RST);
	}
}

static __always_inline void flows_mark_in(struct flow *flow, __u8 tcp_flags)
{
	if (tcp_flags & TCP_RST)
		flows_set(flow, FLOW_RST);
	else if (tcp_flags & TCP_FIN)
		flows_set(flow, FLOW_FIN_IN);
}

/* Inbound: is this the reverse of a live flow? Marks what TCP's end leaves. */
static __always_inline bool flows_reply(const struct policy *policy, const struct packet *packet)
{
	struct flow *flow;

	if (!flows_may_have(policy, packet, DIRECTION_IN))
		return false;
	flow = flows_find(packet, DIRECTION_IN);
	if (!flow || !flows_is_live(policy, packet, flow, clock_now()))
		return false;
	if (packet->protocol == IPPROTO_TCP)
		flows_mark_in(flow, packet->tcp_flags);
	return true;
}

/* Outbound: the live flow of a conversation that goes on, or NULL. */
static __always_inline struct flow *flows_of_host(const struct policy *policy,
						  const struct packet *packet)
{
	struct flow *flow = flows_find(packet, DIRECTION_OUT);

	return flow && flows_is_live(policy, packet, flow, clock_now()) ? flow : NULL;
}

/* A packet of the host on it passes. */
static __always_inline void flows_refresh(struct flow *flow, const struct packet *packet)
{
	__u64 now = clock_now();

	marks_set(flows_hash(packet, DIRECTION_OUT));
	if (flow->last_seen != now)
		flow->last_seen = now;
	if (packet->protocol == IPPROTO_TCP)
		flows_mark_out(flow, packet->tcp_flags);
}

/* Outbound, by a rule: a new flow, or one that begins anew under the same key. */
static __always_inline void flows_create(const struct packet *packet)
{
	struct flow flow = { .last_seen = clock_now() };

	if (packet->protocol == IPPROTO_TCP) {
		/* what ends or answers a conversation begins none; any other may be picked up */
		if (packet->tcp_flags & (TCP_RST | TCP_FIN) ||
		    (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
			return;
		if (!(packet->tcp_flags & TCP_SYN))
			flow.state = FLOW_ESTABLISHED;
	} else if (packet->flags & PACKET_ICMP && !rules_is_echo_request(packet)) {
		return;
	}
	flow.created = flow.last_seen;
	/* before the flow: who answers at once finds both */
	marks_set(flows_hash(packet, DIRECTION_OUT));
	if (packet->family == 4) {
		struct flow4_key key;

		flows_key4(packet, DIRECTION_OUT, &key);
		bpf_map_update_elem(&flows4, &key, &flow, BPF_ANY);
		return;
	}
	struct flow6_key key;

	flows_key6(packet, DIRECTION_OUT, &key);
	bpf_map_update_elem(&flows6, &key, &flow, BPF_ANY);
}

/* The same, out of line, for the long way, which has little stack left. */
noinline_global __u32 flows_create_any(const struct packet *packet)
{
	if (packet)
		flows_create(packet);
	return 0;
}

#endif
