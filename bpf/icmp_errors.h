/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors about a conversation that is allowed: spec 3.4. An error quotes the packet that it is
 * about, cut off somewhere; only its addresses, protocol and ports are looked at.
 */
#ifndef BPF_ICMP_ERRORS_H
#define BPF_ICMP_ERRORS_H

#include "bpf/flows.h"
#include "bpf/parse.h"
#include "bpf/rules.h"

/* RFC 792, RFC 4443: destination unreachable, time exceeded, parameter problem; packet too big. */
static __always_inline bool icmp_errors_is_one(const struct packet *packet)
{
	if (!(packet->flags & PACKET_ICMP))
		return false;
	if (packet->family == 4)
		return packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12;
	return packet->icmp_type >= 1 && packet->icmp_type <= 4;
}

/* The first eight bytes of the quoted transport: all that an error must hold of it. */
struct icmp_errors_ports {
	union {
		struct {
			__u16 source;
			__u16 destination;
		};
		struct {
			__u8 type;
			__u8 code;
		};
	};
	__u16 third; /* an echo's identifier */
	__u16 fourth;
};
#define ICMP_QUOTE_LEAST 8u

/* Ports, or the type and identifier of an echo, `left` bytes being there. */
static __always_inline bool icmp_errors_transport(parse_context *context, __u32 at, __u32 left,
						  struct packet *quote)
{
	__u8 icmp = quote->family == 4 ? IPPROTO_ICMP : IP_PROTOCOL_ICMPV6;
	struct parse_icmp head;

	if (left < ICMP_QUOTE_LEAST || parse_load(context, at, &head, sizeof(head)))
		return false;
	if (packet_has_ports(quote)) {
		/* ports stand where ICMP has type, code and checksum */
		const struct icmp_errors_ports *ports = (const void *)&head;

		quote->sport = ports->source;
		quote->dport = ports->destination;
	} else if (quote->protocol == icmp) {
		quote->flags |= PACKET_ICMP;
		quote->icmp_type = head.type;
		quote->echo_id = head.identifier;
	}
	return true;
}

static __always_inline bool icmp_errors_quote4(parse_context *context, __u32 at, __u32 left,
					       struct packet *quote)
{
	struct iphdr ip;
	__u32 header;

	if (left < sizeof(ip) || parse_load(context, at, &ip, sizeof(ip)) || ip.version != 4)
		return false;
	header = ip.ihl * 4;
	if (header < sizeof(ip) || left < header || bpf_ntohs(ip.frag_off) & IP4_OFFSET_MASK)
		return false;
	quote->saddr[0] = ip.saddr;
	quote->daddr[0] = ip.daddr;
	quote->protocol = ip.protocol;
	return icmp_errors_transport(context, at + header, left - header, quote);
}

static __always_inline bool icmp_errors_quote6(parse_context *context, __u32 at, __u32 left,
					       struct packet *quote)
{
	struct parse_chain chain = { .quoted = true };
	struct ipv6hdr ip;

	if (left < sizeof(ip) || parse_load(context, at, &ip, sizeof(ip)) || ip.version != 6)
		return false;
	for (int i = 0; i < 4; i++) {
		quote->saddr[i] = ip.saddr.s6_addr32[i];
		quote->daddr[i] = ip.daddr.s6_addr32[i];
	}
	chain.at = at + sizeof(ip);
	chain.left = left - sizeof(ip);
	chain.next = ip.nexthdr;
#pragma clang loop unroll(disable)
	for (int i = 0; i <= IP6_EXTENSION_HEADERS_MAX; i++) {
		if (!parse_is_extension(chain.next))
			break;
		if (parse_ip6_step(context, &chain) || chain.flags & PACKET_LATER)
			return false;
	}
	quote->protocol = chain.next;
	return icmp_errors_transport(context, chain.at, chain.left, quote);
}

/*
 * Puts what an error quotes in the error's own place. 1; 0: it can't be read, or is not about a packet
 * of whom the error is sent to.
 */
noinline_global __u32 icmp_errors_quote(parse_context *context, struct packet *packet)
{
	__u32 destination[4], at, left;
	bool read;

	if (!packet)
		return 0;
	at = packet->header_length; /* parse_icmp() went past the error's own eight bytes */
	left = packet->transport_length - sizeof(struct parse_icmp);
	for (int i = 0; i < 4; i++)
		destination[i] = packet->daddr[i];
	packet->flags = 0;
	packet->sport = packet->dport = packet->echo_id = 0;
	read = packet->family == 4 ? icmp_errors_quote4(context, at, left, packet) :
				     icmp_errors_quote6(context, at, left, packet);
	if (!read || packet->saddr[0] != destination[0])
		return 0;
	return packet->family == 4 ||
	       (packet->saddr[1] == destination[1] && packet->saddr[2] == destination[2] &&
		packet->saddr[3] == destination[3]);
}

/* Is there a live flow of this packet, which travelled in `direction`? */
static __always_inline bool icmp_errors_has_flow(const struct policy *policy,
						 const struct packet *quote, __u32 direction)
{
	struct flow *flow;

	/* of ICMP only an echo request makes one; any other has what looks like its identifier */
	if (direction == DIRECTION_OUT && quote->flags & PACKET_ICMP &&
	    !rules_is_echo_request(quote))
		return false;
	if (!flows_may_have(policy, quote, direction))
		return false;
	flow = flows_find(quote, direction);
	return flow && flows_is_live(policy, quote, flow, clock_now());
}

/* An inbound error: was the quoted packet, which went out, allowed to? */
static __always_inline bool icmp_errors_related_out(const struct policy *policy,
						    const struct packet *quote, bool ping)
{
	bool has_flow = icmp_errors_has_flow(policy, quote, DIRECTION_OUT);

	if (has_flow && rules_is_slot(rules_match(policy, quote, DIRECTION_OUT, false, false)))
		return true;
	if (rules_is_slot(rules_match(policy, quote, DIRECTION_IN, true, false)))
		return true;
	return ping && ((has_flow && rules_is_echo_request(quote)) || rules_is_echo_reply(quote));
}

/* An outbound error: was the quoted packet, which came in, allowed to? */
static __always_inline bool icmp_errors_related_in(const struct policy *policy,
						   const struct packet *quote, bool ping)
{
	if (rules_is_slot(rules_match(policy, quote, DIRECTION_IN, false, false)))
		return true;
	if (rules_is_slot(rules_match(policy, quote, DIRECTION_OUT, true, false)) &&
	    icmp_errors_has_flow(policy, quote, DIRECTION_IN))
		return true;
	return ping && rules_is_echo_request(quote);
}

static __always_inline __u32 icmp_errors_judge_by(const struct packet *quote, __u32 slot,
						  __u32 direction)
{
	struct policy policy = { .slot = slot, .generation = rules_generation(slot) };
	bool ping, related;

	if (!quote || !policy.generation)
		return OUTCOME_DROP_UNRELATED_ICMP;
	ping = policy.generation->settings.flags & SETTING_PING;
	related = direction == DIRECTION_IN ? icmp_errors_related_out(&policy, quote, ping) :
					      icmp_errors_related_in(&policy, quote, ping);
	return related ? OUTCOME_PASS_ICMP_ERROR : OUTCOME_DROP_UNRELATED_ICMP;
}

noinline_global __u32 icmp_errors_judge_in(const struct packet *quote, __u32 slot)
{
	return icmp_errors_judge_by(quote, slot, DIRECTION_IN);
}

noinline_global __u32 icmp_errors_judge_out(const struct packet *quote, __u32 slot)
{
	return icmp_errors_judge_by(quote, slot, DIRECTION_OUT);
}

/* Final, of what icmp_errors_quote() read out of an error that travels in `direction`. */
static __always_inline __u32 icmp_errors_judge(const struct packet *quote, __u32 slot,
					       __u32 direction)
{
	return direction == DIRECTION_IN ? icmp_errors_judge_in(quote, slot) :
					   icmp_errors_judge_out(quote, slot);
}

#endif
