/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate that is blocked: what of the packets that the policy lets through still passes. */
#ifndef BPF_EMERGENCY_H
#define BPF_EMERGENCY_H

#include "bpf/maps.h"
#include "bpf/packet.h"

static __always_inline bool emergency_is_address(const __u32 one[4], const __u32 other[4],
						 __u8 family)
{
	if (one[0] != other[0])
		return false;
	return family == 4 || (one[1] == other[1] && one[2] == other[2] && one[3] == other[3]);
}

/* Does it belong to the session that somebody works in? */
static __always_inline bool emergency_is_session(const struct packet *packet, __u32 word,
						 __u32 direction)
{
	__u32 place = (word >> STATE_SESSION_SHIFT & STATE_FIELD_MASK) - 1;
	bool out = direction == DIRECTION_OUT;
	const struct session *session;

	/* a fragment of one has no ports to be known by, and SSH sends none */
	asm volatile(
		""
		: "+r"(place)); /* clang compares before it subtracts, Linux 6.1 wants it after */
	if (place >= SESSIONS || packet->protocol != IPPROTO_TCP || packet->flags & PACKET_FRAGMENT)
		return false;
	session = &memory.sessions[place];
	return session->family == packet->family &&
	       session->local_port == (out ? packet->sport : packet->dport) &&
	       session->remote_port == (out ? packet->dport : packet->sport) &&
	       emergency_is_address(session->local, out ? packet->saddr : packet->daddr,
				    packet->family) &&
	       emergency_is_address(session->remote, out ? packet->daddr : packet->saddr,
				    packet->family);
}

/*
 * While blocked: what becomes of a decision of the policy. Essentials stay; a session that is kept
 * passes even where the policy drops it, and is counted as the policy says.
 */
static __always_inline __u32 emergency_judge(const struct packet *packet, __u32 decision,
					     __u32 word, __u32 direction)
{
	enum outcome outcome = DECISION_OUTCOME(decision);

	if (emergency_is_session(packet, word, direction))
		return decision | DECISION_SPARED;
	if (outcome == OUTCOME_RULE || outcome == OUTCOME_REPLY || outcome == OUTCOME_PASS_FRAGMENT)
		return OUTCOME_DROP_BLOCKED;
	return decision;
}

#endif
