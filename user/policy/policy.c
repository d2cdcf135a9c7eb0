/* SPDX-License-Identifier: GPL-2.0-only */
/* Names for tables. */
#include "user/policy/policy.h"

#include "user/policy/icmp_type.h"
#include "user/policy/protocol.h"

const char *policy_protocol_name(uint8_t protocol)
{
	return protocol_name(protocol);
}

const char *policy_direction_name(enum policy_direction direction)
{
	return direction == POLICY_IN ? "in" : "out";
}

const char *policy_icmp_type_name(uint8_t protocol, uint8_t type)
{
	return icmp_type_name(protocol, type);
}
