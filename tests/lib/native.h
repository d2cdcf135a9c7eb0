/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame as the packet path's headers read it where they are built natively: include this before any of bpf/. */
#ifndef TESTS_LIB_NATIVE_H
#define TESTS_LIB_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All of a frame; the cursor may be given less. */
struct native_context {
	const uint8_t *bytes;
	size_t length;
};
typedef struct native_context parse_context;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* clang's, for loops */
#include "bpf/parse_common.h"
#pragma GCC diagnostic pop

static __always_inline __u32 parse_length(parse_context *context)
{
	return (__u32)context->length;
}

static __always_inline long parse_load(parse_context *context, __u32 at, void *to, __u32 size)
{
	if (at > context->length || size > context->length - at)
		return -14; /* EFAULT */
	memcpy(to, context->bytes + at, size);
	return 0;
}

/* All of the short way's parsing. The programs go by gate_common_judge(), which decides in between. */
static __always_inline bool parse_common(parse_context *context, struct frame *frame,
					 struct packet *packet, __u32 direction)
{
	struct cursor cursor = frame->cursor;
	const struct ipv6hdr *ip6 = NULL;
	const struct iphdr *ip4 = NULL;

	if (!common_link(&cursor, frame, packet))
		return false;
	if (packet->link == LINK_IP4)
		ip4 = common_ip4(context, &cursor, frame, packet, direction);
	else
		ip6 = common_ip6(context, &cursor, frame, packet, direction);
	if ((!ip4 && !ip6) ||
	    (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP) ||
	    !common_transport(&cursor, frame, packet, packet->protocol))
		return false;
	if (ip4)
		common_addresses4(ip4, packet);
	else
		common_addresses6(ip6, packet);
	return true;
}

#endif
