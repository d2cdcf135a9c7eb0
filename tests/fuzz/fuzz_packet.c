/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any frame through the packet path's pure headers. An input is four bytes of what the hook says and
 * then the frame:
 *	byte 0     bit 0: out; bit 1: offloaded; bit 2: of first fragments the transport isn't read
 *	bytes 1-2  where the frame, or its readable head, is cut (little endian)
 *	byte 3     where an ICMP error's quote is cut
 *
 * Beside memory safety: what passes is what the frame's bytes say (packet_said.h); the short way and
 * the long way agree; the direction matters for martians alone; a tag, padding or a short head changes
 * nothing but what it must; nothing is left to chance in a struct packet.
 */
#include "tests/fuzz/packet_native.h"
#include "tests/fuzz/packet_quote.h"
#include "tests/fuzz/packet_said.h"
#include "tests/fuzz/packet_steps.h"

#define CONTROL_SIZE 4
#define CONTROL_OUT 1u
#define CONTROL_GSO 2u
#define CONTROL_DROP_FRAGMENTS 4u

/* What parsing alone may say. */
static void check_outcome(const struct native_frame *frame, const struct judged *judged)
{
	switch (judged->outcome) {
	case OUTCOME_UNDECIDED:
	case OUTCOME_DROP_MALFORMED:
	case OUTCOME_DROP_BAD_TCP_FLAGS:
	case OUTCOME_DROP_EXTENSION_HEADER:
	case OUTCOME_DROP_FRAGMENT:
		break;
	case OUTCOME_DROP_MARTIAN:
		require(frame->direction == DIRECTION_IN, "what the host sends is no martian");
		break;
	default:
		require(false, "outcome %u", judged->outcome);
	}
	if (!judged->outcome)
		require(judged->packet.link <= LINK_OTHER, "link %u", judged->packet.link);
}

/* Nothing depends on what was in the memory before. */
static void check_no_chance(const struct native_frame *frame, const struct judged *judged)
{
	struct judged again;

	judge_over(frame, 0xff, &again);
	require(again.outcome == judged->outcome && !again.common == !judged->common,
		"another outcome the second time: %u, %u", judged->outcome, again.outcome);
	if (!judged->outcome && judged_is_ip(judged))
		require(packets_equal(&again.packet, &judged->packet), "a field is not written");
	if (judged->common)
		require(packets_equal(&again.by_common, &judged->by_common),
			"a field is not written");
}

/* What the short way leaves although it is whole: BIG TCP, which says that it is empty; from or to ::/64. */
static bool is_rare(const struct native_frame *frame, const struct packet *packet, size_t at)
{
	size_t length = at + (packet->family == 4 ? 2 : 4);

	if (!frame->bytes[length] && !frame->bytes[length + 1])
		return true;
	return packet->family == 6 && frame->direction == DIRECTION_IN &&
	       (!(packet->saddr[0] | packet->saddr[1]) || !(packet->daddr[0] | packet->daddr[1]));
}

/* Is it what nearly every packet is? */
static bool is_plain(const struct native_frame *frame, const struct judged *judged)
{
	const struct packet *packet = &judged->packet;
	size_t at = 14 + said_tags(frame->bytes, frame->length) * 4;

	return judged_is_whole(judged) && !(packet->flags & PACKET_FRAGMENT) &&
	       !is_rare(frame, packet, at) &&
	       (packet->family == 4 ? (frame->bytes[at] & 15) == 5 :
				      frame->bytes[at + 6] == packet->protocol) &&
	       (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) &&
	       (frame->direction == DIRECTION_OUT || !(packet->flags & PACKET_UNSPECIFIED));
}

static void check_short_way(const struct native_frame *frame, const struct judged *judged)
{
	struct packet by_long = judged->packet;

	require(!judged->common == !is_plain(frame, judged), "does the short way take it?");
	if (!judged->common)
		return;
	/* a rule that asks for the payload sends its packets the long way */
	memcpy(by_long.payload, judged->by_common.payload, sizeof(by_long.payload));
	by_long.payload_length = judged->by_common.payload_length;
	/* nobody asks that of what the host sends */
	if (frame->direction == DIRECTION_OUT)
		by_long.flags &= (__u8)~PACKET_UNSPECIFIED;
	require(packets_equal(&by_long, &judged->by_common), "the short way reads another packet");
}

/* Only what comes from outside can be a martian. */
static void check_direction(const struct native_frame *frame, const struct judged *judged)
{
	struct native_frame turned = *frame;
	struct judged other;
	const struct judged *in, *out;

	turned.direction = !frame->direction;
	judge(&turned, &other);
	in = frame->direction == DIRECTION_IN ? judged : &other;
	out = frame->direction == DIRECTION_IN ? &other : judged;
	if (in->outcome == OUTCOME_DROP_MARTIAN)
		return;
	require(in->outcome == out->outcome, "in %u, out %u", in->outcome, out->outcome);
	if (!in->outcome && judged_is_ip(in))
		require(packets_equal(&in->packet, &out->packet), "one frame, two packets");
}

/* Where fragments are dropped anyway, nothing else changes. */
static void check_fragments_setting(const struct native_frame *frame, const struct judged *judged)
{
	struct native_frame set = *frame;
	struct judged other;
	const struct judged *track, *drop;

	set.settings ^= SETTING_FRAGMENTS_TRACK;
	judge(&set, &other);
	track = frame->settings & SETTING_FRAGMENTS_TRACK ? judged : &other;
	drop = frame->settings & SETTING_FRAGMENTS_TRACK ? &other : judged;
	if (!track->outcome)
		require(!drop->outcome, "tracked it passes, else it is %u", drop->outcome);
	else if (drop->outcome)
		require(track->outcome == drop->outcome, "%u, else %u", track->outcome,
			drop->outcome);
	else
		require(drop->packet.flags & PACKET_FRAGMENT, "no fragment, and %u",
			track->outcome);
}

/* Its readable head is shorter than it is. */
static void check_head(const struct native_frame *frame, const struct judged *judged, size_t cut)
{
	struct native_frame shorter = *frame;
	size_t needed = judged->packet.header_length + 1u; /* SCTP: the first chunk's type */
	struct judged by_head;

	shorter.head = cut;
	judge(&shorter, &by_head);
	if (!by_head.outcome) {
		require(judged_final(&by_head) == judged_final(judged),
			"a short head hides a fault");
		if (judged_is_ip(&by_head))
			require(packets_equal(&by_head.packet, &judged->packet),
				"a short head makes another packet");
	} else {
		require(by_head.outcome == judged->outcome ||
				by_head.outcome == OUTCOME_DROP_MALFORMED ||
				(by_head.outcome == OUTCOME_DROP_MARTIAN &&
				 by_head.packet.flags & PACKET_UNSPECIFIED),
			"a short head is %u", by_head.outcome);
		require(!judged_is_whole(judged) || cut < needed, "all headers are there");
	}
}

/* Bytes are missing at its end: what then passes did so before, and they were padding. */
static void check_cut(const struct native_frame *frame, const struct judged *judged, size_t cut)
{
	struct native_frame shorter = *frame;
	struct judged left;

	if (frame->gso_size) /* the card's word stands in for the length */
		return;
	shorter.length = shorter.head = cut;
	judge(&shorter, &left);
	if (outcome_drops(judged_final(&left)))
		return;
	require(judged_final(&left) == judged_final(judged), "cut it passes as %u, whole it is %u",
		judged_final(&left), judged_final(judged));
	if (judged_is_ip(&left))
		require(packets_equal(&left.packet, &judged->packet), "padding is no padding");
}

/* With one tag more it is the same packet; link control has none. */
static void check_tag(const struct native_frame *frame, const struct judged *judged)
{
	struct native_frame tagged = *frame;
	struct judged other;
	uint8_t *bytes;

	if (frame->length < 14)
		return;
	bytes = malloc(frame->length + 4);
	if (!bytes)
		exit(0);
	memcpy(bytes, frame->bytes, 12);
	memcpy(bytes + 12, "\x81\0\0\x64", 4);
	memcpy(bytes + 16, frame->bytes + 12, frame->length - 12);
	tagged.bytes = bytes;
	tagged.length = tagged.head = frame->length + 4;
	judge(&tagged, &other);
	if (said_tags(frame->bytes, frame->length) >= 2) {
		require(other.outcome == OUTCOME_DROP_MALFORMED, "three tags are %u",
			other.outcome);
	} else if (judged->packet.link == LINK_CONTROL || judged->packet.link == LINK_OTHER) {
		require(outcome_drops(judged_final(&other)), "a tagged one passes");
	} else {
		require(judged_final(&other) == judged_final(judged), "%u, with a tag %u",
			judged_final(judged), judged_final(&other));
		other.packet.header_length -= 4;
		if (judged_is_whole(&other))
			require(packets_equal(&other.packet, &judged->packet),
				"a tag makes another packet");
	}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct native_frame frame = { 0 };
	struct judged judged;
	size_t cut;

	if (size < CONTROL_SIZE)
		return 0;
	frame.bytes = data + CONTROL_SIZE;
	frame.length = frame.head = size - CONTROL_SIZE;
	frame.direction = data[0] & CONTROL_OUT ? DIRECTION_OUT : DIRECTION_IN;
	frame.gso_size = data[0] & CONTROL_GSO ? 1000 : 0;
	frame.settings = ALL_SETTINGS;
	if (data[0] & CONTROL_DROP_FRAGMENTS)
		frame.settings &= ~(__u32)SETTING_FRAGMENTS_TRACK;
	cut = ((size_t)data[2] << 8 | data[1]) % (frame.length + 1);
	judge(&frame, &judged);
	check_outcome(&frame, &judged);
	check_no_chance(&frame, &judged);
	check_short_way(&frame, &judged);
	check_direction(&frame, &judged);
	check_fragments_setting(&frame, &judged);
	check_head(&frame, &judged, cut);
	check_cut(&frame, &judged, cut);
	check_tag(&frame, &judged);
	if (!outcome_drops(judged_final(&judged)) && !judged_is_ip(&judged))
		said_check_link(&frame, judged_final(&judged));
	if (judged_is_whole(&judged)) {
		said_check(&frame, &judged.packet);
		steps_check(&frame, &judged.packet);
		if (icmp_errors_is_one(&judged.packet) && !(judged.packet.flags & PACKET_LATER))
			quote_check(&frame, &judged.packet, data[3]);
	}
	return 0;
}
