/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path built natively, and a frame judged by it. Only what calls no helper may be called:
 * parsing, essentials, quotes of ICMP errors, keys, payload classes.
 */
#ifndef TESTS_FUZZ_PACKET_NATIVE_H
#define TESTS_FUZZ_PACKET_NATIVE_H

#include "tests/fuzz/oracle.h"
#include "tests/lib/native.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* clang's, for loops */
#include "bpf/gate_common.h"
#pragma GCC diagnostic pop

#define ALIGN 2 /* as drivers do, so that the IP header is aligned (NET_IP_ALIGN) */
#define ALL_SETTINGS                                                                               \
	(SETTING_ARP | SETTING_LINK_CONTROL | SETTING_NEIGHBOR_DISCOVERY | SETTING_ICMP_ERRORS |   \
	 SETTING_PING | SETTING_DHCP | SETTING_FRAGMENTS_TRACK)

static __always_inline void gate_weigh(parse_context *context, const struct frame *frame,
				       __u32 header_length, struct weight *weight)
{
	(void)context, (void)header_length;
	weight->packets = 1;
	weight->bytes = frame->length;
}

/* A frame as a hook hands it over. */
struct native_frame {
	const uint8_t *bytes;
	size_t length;
	size_t head; /* bytes that can be read directly */
	__u32 gso_size;
	__u32 direction;
	__u32 settings;
};

struct judged {
	__u32 outcome;
	struct packet packet;
	bool common; /* the short way takes it */
	struct packet by_common;
};

/* What nobody may read is made equal, so that packets can be compared. */
static void judged_settle(struct packet *packet)
{
	for (int i = packet->family == 4; i < 4; i++) {
		if (packet->family == 6)
			continue;
		packet->saddr[i] = 0;
		packet->daddr[i] = 0;
	}
}

/* `fill` is what the packet's bytes were before: no field may be left so. */
static void judge_over(const struct native_frame *from, int fill, struct judged *judged)
{
	uint8_t *whole = oracle_copy(from->bytes, from->length, ALIGN);
	uint8_t *head = oracle_copy(from->bytes, from->head, ALIGN);
	struct native_context context = { whole, from->length };
	struct frame frame = {
		.cursor = { head, head + from->head },
		.start = head,
		.length = (__u32)from->length,
		.gso_size = from->gso_size,
	};

	memset(judged, fill, sizeof(*judged));
	judged->outcome =
		parse_frame(&context, &frame, &judged->packet, from->direction, from->settings);
	/* as XDP begins: with the length of the first buffer */
	if (!from->gso_size)
		frame.length = (__u32)from->head;
	judged->common = parse_common(&context, &frame, &judged->by_common, from->direction);
	judged_settle(&judged->packet);
	judged_settle(&judged->by_common);
	oracle_free(head, ALIGN);
	oracle_free(whole, ALIGN);
}

static void judge(const struct native_frame *from, struct judged *judged)
{
	judge_over(from, 0, judged);
}

static bool judged_is_ip(const struct judged *judged)
{
	return judged->packet.link == LINK_IP4 || judged->packet.link == LINK_IP6;
}

/* Undecided, and IP: rules are asked next. */
static bool judged_is_whole(const struct judged *judged)
{
	return !judged->outcome && judged_is_ip(judged);
}

/* What the gate makes of a frame that isn't IP; of IP, 0 leads on to the rules. */
static __u32 judged_final(const struct judged *judged)
{
	if (judged->outcome || judged_is_ip(judged))
		return judged->outcome;
	return essentials_link(&judged->packet, ALL_SETTINGS);
}

static bool outcome_drops(__u32 outcome)
{
	return outcome >= OUTCOME_DROP_MALFORMED;
}

static bool packets_equal(const struct packet *one, const struct packet *other)
{
	return !memcmp(one, other, sizeof(*one));
}

#endif
