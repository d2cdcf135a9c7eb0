/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a flow lives after the host's last packet: one text for the packet path and for those who
 * list and count flows.
 */
#ifndef EDGEGATE_FLOW_LIFE_H
#define EDGEGATE_FLOW_LIFE_H

#include <edgegate/abi.h>

#define FLOW_LIFE_TCP 6
#define FLOW_LIFE_UDP 17

/* Is a TCP flow in this state (enum flow_state) on the shorter timeout? RFC 5382, REQ-5. */
static inline __attribute__((always_inline)) int flow_life_is_transitory(__u32 state)
{
	const __u32 both_fins = FLOW_FIN_OUT | FLOW_FIN_IN;

	return !(state & FLOW_ESTABLISHED) || (state & both_fins) == both_fins ||
	       (state & FLOW_RST);
}

/*
 * Seconds. `timeouts` are the policy's, by enum timeout; `is_icmp`: ICMP over IPv4 or ICMPv6 over
 * IPv6; `state` is looked at for TCP only.
 */
static inline __attribute__((always_inline)) __u64
flow_life_timeout(const __u32 *timeouts, __u8 protocol, int is_icmp, __u32 state)
{
	if (protocol == FLOW_LIFE_TCP)
		return flow_life_is_transitory(state) ? timeouts[TIMEOUT_TCP_TRANSITORY] :
							timeouts[TIMEOUT_TCP];
	if (protocol == FLOW_LIFE_UDP)
		return timeouts[TIMEOUT_UDP];
	return is_icmp ? timeouts[TIMEOUT_ICMP] : timeouts[TIMEOUT_OTHER];
}

#endif
