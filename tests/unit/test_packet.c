/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path's pure headers, built natively: every frame at every truncation in a heap block of
 * exactly its size, and 200,000 damaged ones, so that AddressSanitizer judges what is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/frame.h"
#include "tests/lib/native.h"

#include "bpf/essentials.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define ALIGN 2 /* as drivers do, so that the IP header is aligned (NET_IP_ALIGN) */
#define ALL_SETTINGS                                                                               \
	(SETTING_ARP | SETTING_LINK_CONTROL | SETTING_NEIGHBOR_DISCOVERY | SETTING_FRAGMENTS_TRACK)

/* A block that ends where the frame does. */
static uint8_t *copy(const uint8_t *bytes, size_t length)
{
	uint8_t *block = malloc(length + ALIGN);

	assert_non_null(block);
	memcpy(block + ALIGN, bytes, length);
	return block;
}

struct judged {
	__u32 outcome;
	struct packet packet;
	bool common; /* the short way takes it */
	struct packet by_common;
};

/* `head` bytes can be read directly, `length` in all. */
static void judge(const struct frame_bytes *from, size_t head, size_t length, __u32 direction,
		  struct judged *judged)
{
	uint8_t *whole = copy(from->bytes, length), *readable = copy(from->bytes, head);
	struct native_context context = { whole + ALIGN, length };
	struct frame frame = {
		.cursor = { readable + ALIGN, readable + ALIGN + head },
		.start = readable + ALIGN,
		.length = (__u32)length,
		.gso_size = from->gso_size,
	};

	memset(judged, 0, sizeof(*judged));
	judged->outcome = parse_frame(&context, &frame, &judged->packet, direction, ALL_SETTINGS);
	/* as XDP begins: with the length of the first buffer */
	if (!from->gso_size)
		frame.length = (__u32)head;
	judged->common = parse_common(&context, &frame, &judged->by_common, direction);
	free(whole);
	free(readable);
}

/* What the gate makes of a frame that isn't IP; of IP, 0 leads on to the rules. */
static __u32 final(const struct judged *judged)
{
	if (judged->outcome || judged->packet.link == LINK_IP4 || judged->packet.link == LINK_IP6)
		return judged->outcome;
	return essentials_link(&judged->packet, ALL_SETTINGS);
}

static bool is_drop(__u32 outcome)
{
	return outcome >= OUTCOME_DROP_MALFORMED;
}

static const char *const good[] = {
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 ack data=9",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 ack doff=15 data=44",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=8100",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn tag=88a8 tag=8100 options=940400000101",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn options=0707044002000201",
	"in udp 198.51.100.7:40000 > 192.0.2.10:3478 data=0",
	"in udp 198.51.100.7:40000 > 192.0.2.10:3478 data=33 tag=8100",
	"in udp 198.51.100.7:9 > 192.0.2.10:3478 data=33 options=94040101",
	"in sctp 198.51.100.7:40000 > 192.0.2.10:2905 chunk=1",
	"in sctp 198.51.100.7:40000 > 192.0.2.10:2905 chunk=none",
	"in icmp 198.51.100.7 > 192.0.2.10 type=8 echo=7",
	"in 47 198.51.100.7 > 192.0.2.10 data=1",
	"in udp 198.51.100.7:40000 > 192.0.2.10:3478 mf",
	"in udp 198.51.100.7:40000 > 192.0.2.10:3478 offset=1480",
	"out tcp [2001:db8::10]:40000 > [2001:db8:f::7]:443 syn",
	"in tcp [2001:db8:f::7]:40000 > [2001:db8::10]:443 ack data=5 tag=8100 tag=8100",
	"in tcp [2001:db8:f::7]:40000 > [2001:db8::10]:443 syn hop dst=24 routing=4/0 ah dst",
	"in udp [2001:db8:f::7]:40000 > [2001:db8::10]:3478 dst=264",
	"in udp [2001:db8:f::7]:40000 > [2001:db8::10]:3478 frag=0",
	"in udp [2001:db8:f::7]:40000 > [2001:db8::10]:3478 dst frag+=0",
	"in udp [2001:db8:f::7]:40000 > [2001:db8::10]:3478 frag=1480",
	"in sctp [2001:db8:f::7]:40000 > [2001:db8::10]:2905 dst",
	"in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=56",
	"in icmpv6 fe80::1 > ff02::16 type=143 ttl=1 hop",
	"in 59 2001:db8:f::7 > 2001:db8::10 dst dst dst dst dst dst dst dst",
	"in arp",
	"out arp tag=88a8 tag=8100",
	"in eth 01:80:c2:00:00:00 3 data=x424203",
	"in eth 01:80:c2:00:00:02 8809",
	"in eth 02:00:00:00:00:01 888e",
};

static void write_padded(const char *words, const char *more, struct frame_bytes *frame)
{
	char all[FRAME_TEXT_MAX];

	snprintf(all, sizeof(all), "%s %s", words, more);
	frame_write(all, frame);
}

/* Whatever is missing of it, a frame that is cut short is dropped; padding may go. */
static void a_frame_that_is_cut_short_is_dropped(void **state)
{
	static const char *const paddings[] = { "", "pad=7" };
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged judged;

	(void)state;
	assert_non_null(frame);
	for (size_t i = 0; i < COUNT(good) * COUNT(paddings); i++) {
		const char *words = good[i / COUNT(paddings)];

		write_padded(words, paddings[i % COUNT(paddings)], frame);
		for (size_t length = 0; length <= frame->length; length++) {
			judge(frame, length, length, frame->out, &judged);
			if (is_drop(final(&judged)) != (length < frame->least))
				fail_msg("%s: of %zu bytes %zu: outcome %u", words, frame->length,
					 length, final(&judged));
		}
	}
	free(frame);
}

/* Less of it can be read than there is: the same, or it is dropped; and no byte more is read. */
static void a_head_that_is_short_reads_no_further(void **state)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged whole, judged;

	(void)state;
	assert_non_null(frame);
	for (size_t i = 0; i < COUNT(good); i++) {
		frame_write(good[i], frame);
		judge(frame, frame->length, frame->length, frame->out, &whole);
		for (size_t head = 0; head <= frame->length; head++) {
			judge(frame, head, frame->length, frame->out, &judged);
			if (final(&judged) != final(&whole) && !is_drop(final(&judged)))
				fail_msg("%s: with a head of %zu bytes: outcome %u", good[i], head,
					 final(&judged));
			if (!judged.outcome && !is_drop(final(&judged)))
				assert_memory_equal(&judged.packet, &whole.packet,
						    sizeof(whole.packet));
		}
	}
	free(frame);
}

/* What the short way takes is what the long way would have made of it, its payload unread. */
static void check_agreement(const struct judged *judged, const char *what)
{
	struct packet unread = judged->packet;

	if (!judged->common)
		return;
	memset(unread.payload, 0, sizeof(unread.payload));
	if (judged->outcome || memcmp(&unread, &judged->by_common, sizeof(unread)))
		fail_msg("%s: the short way takes it, the long way says %u", what, judged->outcome);
}

static void the_short_way_is_the_long_way(void **state)
{
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged judged;
	size_t taken = 0;

	(void)state;
	assert_non_null(frame);
	for (size_t i = 0; i < COUNT(good); i++) {
		frame_write(good[i], frame);
		judge(frame, frame->length, frame->length, frame->out, &judged);
		check_agreement(&judged, good[i]);
		taken += judged.common;
	}
	/* plain TCP and UDP: without options, extension headers and fragments */
	assert_int_equal(taken, 8);
	free(frame);
}

static void what_is_known_of_a_packet(void **state)
{
	static const uint8_t from[] = { 198, 51, 100, 7 }, to[] = { 192, 0, 2, 10 };
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged judged;

	(void)state;
	assert_non_null(frame);
	frame_write("in tcp 198.51.100.7:40000 > 192.0.2.10:443 syn ece data=5 ttl=7 tag=8100",
		    frame);
	judge(frame, frame->length, frame->length, DIRECTION_IN, &judged);
	assert_int_equal(judged.outcome, 0);
	assert_memory_equal(judged.packet.saddr, from, 4);
	assert_memory_equal(judged.packet.daddr, to, 4);
	assert_int_equal(judged.packet.sport, bpf_htons(40000));
	assert_int_equal(judged.packet.dport, bpf_htons(443));
	assert_int_equal(judged.packet.family, 4);
	assert_int_equal(judged.packet.protocol, 6);
	assert_int_equal(judged.packet.hop_limit, 7);
	assert_int_equal(judged.packet.tcp_flags, 0x42);
	assert_int_equal(judged.packet.flags, PACKET_OPENS);
	assert_int_equal(judged.packet.header_length, 14 + 4 + 20 + 20);
	assert_int_equal(judged.packet.transport_length, 25);

	frame_write("in icmpv6 :: > ff02::16 type=143 code=2 echo=258 ttl=1 hop frag=0 dst", frame);
	judge(frame, frame->length, frame->length, DIRECTION_IN, &judged);
	assert_int_equal(judged.outcome, 0);
	assert_int_equal(judged.packet.family, 6);
	assert_int_equal(judged.packet.protocol, 58);
	assert_int_equal(judged.packet.flags,
			 PACKET_ICMP | PACKET_UNSPECIFIED | PACKET_FRAGMENT_HEADER);
	assert_int_equal(judged.packet.icmp_type, 143);
	assert_int_equal(judged.packet.icmp_code, 2);
	assert_int_equal(judged.packet.echo_id, bpf_htons(258));
	assert_int_equal(judged.packet.header_length, 14 + 40 + 24 + 8);
	assert_int_equal(judged.packet.transport_length, 16);
	free(frame);
}

#define UDP4 "in udp 192.0.2.1:9 > 192.0.2.10:9 "
#define UDP6 "in udp [2001:db8::1]:9 > [2001:db8::10]:9 "

/* The first four bytes of what the UDP header says is the datagram, as far as the frame holds it. */
static void what_is_known_of_a_payload(void **state)
{
	static const struct {
		const char *words;
		unsigned int length, size;
		const char *bytes;
	} table[] = {
		{ UDP4 "data=xff10a55a99", 4, 5, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10a55a", 4, 4, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10", 2, 2, "\xff\x10\0\0" },
		{ UDP4 "data=xff", 1, 1, "\xff\0\0\0" },
		{ UDP4 "data=0", 0, 0, "\0\0\0\0" },
		{ UDP4 "data=xff pad=9", 1, 1, "\xff\0\0\0" },
		{ UDP4 "data=1400", 4, 1400, "ABCD" },
		/* behind the datagram, in the IP packet */
		{ UDP4 "data=xff10a55a99 udplen=12", 4, 4, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10a55a99 udplen=11", 3, 3, "\xff\x10\xa5\0" },
		{ UDP4 "data=xff10a5 udplen=8", 0, 0, "\0\0\0\0" },
		/* offloaded: the size is the first segment's */
		{ UDP4 "data=xff10a55a99 udplen=0 gso=4", 4, 4, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10a55a99 gso=3", 4, 3, "\xff\x10\xa5\x5a" },
		/* wherever it begins */
		{ UDP4 "data=xff10a55a tag=88a8 tag=8100", 4, 4, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10a55a options=0101010100", 4, 4, "\xff\x10\xa5\x5a" },
		{ UDP6 "data=xff10a55a hop ah dst=40", 4, 4, "\xff\x10\xa5\x5a" },
		/* fragments: the length is the whole packet's */
		{ UDP4 "data=xff10a55aa5a5a5a5 udplen=99 mf", 4, 91, "\xff\x10\xa5\x5a" },
		{ UDP4 "data=xff10a55aa5a5a5a5 udplen=10 mf", 2, 2, "\xff\x10\0\0" },
		{ UDP6 "data=0 udplen=65535 frag+=0", 0, 65527, "\0\0\0\0" },
		{ UDP4 "data=xff10a5a5a5a5a5a5 offset=8", 0, 0, "\0\0\0\0" },
		{ UDP6 "data=xff10 frag=8", 0, 0, "\0\0\0\0" },
		/* no datagram */
		{ "in tcp 192.0.2.1:9 > 192.0.2.10:9 ack data=xff10", 0, 0, "\0\0\0\0" },
		{ "in icmp 192.0.2.1 > 192.0.2.10 type=8 data=xff10", 0, 0, "\0\0\0\0" },
	};
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged judged;

	(void)state;
	assert_non_null(frame);
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct packet *packet = &judged.packet;

		frame_write(table[i].words, frame);
		judge(frame, frame->length, frame->length, DIRECTION_IN, &judged);
		if (judged.outcome || packet->payload_length != table[i].length ||
		    packet->payload_size != table[i].size ||
		    memcmp(packet->payload, table[i].bytes, sizeof(packet->payload)) != 0)
			fail_msg("%s: outcome %u, %u of %u bytes", table[i].words, judged.outcome,
				 packet->payload_length, packet->payload_size);
	}
	free(frame);
}

/* What a packet says of itself is true of the frame, whatever was done to it. */
static void check_packet(const struct judged *judged, size_t length)
{
	const struct packet *packet = &judged->packet;

	if (final(judged) >= OUTCOME_COUNT)
		fail_msg("outcome %u", final(judged));
	if (judged->outcome || packet->link > LINK_IP6)
		return;
	if (packet->header_length > length || packet->transport_length > length ||
	    packet->header_length < 34)
		fail_msg("headers of %u bytes, %u behind them, in a frame of %zu",
			 packet->header_length, packet->transport_length, length);
	if (!(packet->flags & PACKET_FRAGMENT) && packet_has_ports(packet) &&
	    (!packet->sport || !packet->dport))
		fail_msg("a port of 0");
	if (packet->payload_length > sizeof(packet->payload) ||
	    packet->header_length + packet->payload_length > length ||
	    (packet->payload_size && packet->protocol != IPPROTO_UDP))
		fail_msg("%u bytes of payload behind %u, in a frame of %zu", packet->payload_length,
			 packet->header_length, length);
}

static void damage(struct frame_bytes *frame)
{
	for (int times = 1 + rand() % 4; times > 0; times--) {
		size_t at = (size_t)rand() % frame->length;

		switch (rand() % 5) {
		case 0:
			frame->bytes[at] = (uint8_t)rand();
			break;
		case 1:
			frame->bytes[at] ^= (uint8_t)(1 << rand() % 8);
			break;
		case 2:
			frame->bytes[12 + (size_t)rand() % 60] = (uint8_t)rand();
			break;
		case 3:
			frame->bytes[at] = rand() % 2 ? 0 : 255;
			break;
		default:
			frame->length = 1 + (size_t)rand() % frame->length;
		}
	}
	frame->gso_size = rand() % 8 ? 0 : 1000;
}

static void damaged_frames_do_no_harm(void **state)
{
	struct frame_bytes *written = malloc(sizeof(*written) * COUNT(good));
	struct frame_bytes *frame = malloc(sizeof(*frame));
	struct judged judged;

	(void)state;
	assert_non_null(written);
	assert_non_null(frame);
	for (size_t i = 0; i < COUNT(good); i++)
		frame_write(good[i], &written[i]);
	srand(20130201);
	for (int i = 0; i < 200000; i++) {
		const struct frame_bytes *from = &written[(size_t)rand() % COUNT(good)];
		size_t head;

		frame->length = from->length;
		memcpy(frame->bytes, from->bytes, from->length + 80);
		damage(frame);
		head = rand() % 4 ? frame->length : (size_t)rand() % (frame->length + 1);
		judge(frame, head, frame->length, (__u32)rand() % 2, &judged);
		check_agreement(&judged, "damaged");
		check_packet(&judged, frame->length);
	}
	free(frame);
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_that_is_cut_short_is_dropped),
		cmocka_unit_test(a_head_that_is_short_reads_no_further),
		cmocka_unit_test(the_short_way_is_the_long_way),
		cmocka_unit_test(what_is_known_of_a_packet),
		cmocka_unit_test(what_is_known_of_a_payload),
		cmocka_unit_test(damaged_frames_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
