/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real traffic against payload classes: captures from public projects, replayed through the real
 * programs as if every packet came in, and again as if every one went out. The numbers were worked out
 * by hand with tshark and, from the bytes, with scapy; never with this program. Where the captures are:
 * $EDGEGATE_CAPTURES, else ../shared/captures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/harness.h"
#include "tests/lib/prog_payload.h"
#include "user/base/cleanup.h"
#include "user/packet/capture.h"

#define PATH_SIZE 4096
#define NANOSECONDS 1000000000u

/* Of UDP, first fragments count and later ones don't, nor does what ICMP quotes or GRE carries. */
static const struct expected {
	const char *name;
	unsigned int packets;
	unsigned int udp;
	unsigned int mismatches;
} media[] = {
	/* 121 STUN, 19 TURN channels, 16 DTLS, 9 RTP and RTCP; over IPv4, IPv6 and behind VLAN tags */
	{ "ndpi-stun.pcap", 201, 165, 0 },
	/* RFC 3489, without a cookie: 2 STUN, 20 RTP */
	{ "ndpi-stun_classic.pcap", 22, 22, 0 },
	/* WebRTC: 4 STUN, 23 DTLS, 12 RTP */
	{ "ndpi-stun_dtls_rtp.pcapng", 102, 39, 0 },
	/* Microsoft's: 4 STUN, 8 RTP */
	{ "ndpi-stun_msteams_unidir.pcapng", 12, 12, 0 },
	/* 72 RTP and RTCP, 3 that begin as STUN does */
	{ "ndpi-rtp.pcapng", 112, 75, 0 },
};

static const struct expected others[] = {
	/*
	 * What it begins with is a random number: 16 look like RTP, 4 like DTLS. It has 7 first
	 * fragments, and 7 later ones.
	 */
	{ "ndpi-dns_fragmented.pcap", 66, 39, 19 },
	/*
	 * SIP is text: 34 responses ("SIP/2.0") and 18 REGISTER are no media; 29 INVITE, CANCEL and
	 * ACK begin as TURN channels do (@ to O), 21 times five blanks, which keep a NAT's door
	 * open, as DTLS. 9 RTP, 1 RTCP.
	 */
	{ "ndpi-sip.pcap", 112, 112, 52 },
	{ "ndpi-gre.pcapng", 1, 0, 0 }, /* carries UDP, but it is not looked at */
	{ "sv-frag-ip-tcp-syn.pcap", 3, 0, 0 },
	{ "tcpdump-LACP.pcap", 20, 0, 0 },
	{ "tcpdump-LLDP_and_CDP.pcap", 12, 0, 0 },
	{ "tcpdump-vrrp.pcap", 165, 0, 0 },
	{ "zeek-http-qinq.pcap", 14, 0, 0 },
	{ "zeek-http-vlan.pcap", 14, 0, 0 },
	{ "zeek-icmp6-nd-options.pcap", 20, 0, 0 },
	{ "zeek-icmp6-toobig.pcap", 1, 0, 0 },
	{ "zeek-ipv6-http-atomic-frag.pcap", 38, 0, 0 },
	{ "zeek-tls-client-certificate.pcap", 31, 0, 0 },
};

static struct prog prog;
static const char *captures;

static int open_gate(void **state)
{
	(void)state;
	captures = getenv("EDGEGATE_CAPTURES");
	if (!captures)
		captures = "../shared/captures";
	prog_open(&prog, false);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* ---- replay ------------------------------------------------------------------------------------ */

/* One rule, in one direction only: in the other all would be replies to it. */
static void use_policy(enum direction direction, const char *mode)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "policy: media\n"
		 "rules:\n"
		 "  - {name: all-udp, direction: %s, protocol: udp, ports: 1-65535,\n"
		 "     payload: {class: udp-media, mode: %s}}\n",
		 direction == DIRECTION_IN ? "in" : "out", mode);
	prog_policy(&prog, text);
}

struct seen {
	unsigned int packets;
	unsigned int rule;     /* passed by the rule */
	unsigned int enforced; /* dropped as payload */
	uint64_t mismatches;
};

/* Time goes by the capture's clock, and never back. */
static void set_clock(uint64_t time, uint64_t begin)
{
	uint64_t now = PROG_BEGIN;

	if (time > begin)
		now += (time - begin) / (NANOSECONDS / PROG_HZ);
	if (now > prog.now)
		prog.now = now;
}

static void run_packet(const struct capture_packet *packet, enum direction direction,
		       unsigned int hook, unsigned int way, struct seen *seen)
{
	static struct frame_bytes frame;
	struct prog_verdict verdict;

	assert_true(packet->length <= sizeof(frame.bytes));
	assert_int_equal(packet->length, packet->captured);
	frame.out = direction == DIRECTION_OUT;
	frame.length = packet->length;
	memcpy(frame.bytes, packet->frame, packet->length);
	assert_true(prog_can_run(hook, &frame));
	assert_true(prog_run(&prog, hook, way, &frame, NULL, &verdict));
	seen->packets++;
	seen->rule += verdict.outcome == OUTCOME_RULE;
	seen->enforced += verdict.outcome == OUTCOME_DROP_PAYLOAD;
}

static void close_capture(struct capture **capture)
{
	capture_close(*capture);
}

static void replay(const char *name, enum direction direction, unsigned int hook, unsigned int way,
		   struct seen *seen)
{
	cleanup(close_capture) struct capture *capture = NULL;
	struct diags diags = { 0 };
	struct capture_packet packet;
	uint64_t begin = 0;
	char path[PATH_SIZE];
	int status;

	snprintf(path, sizeof(path), "%s/%s", captures, name);
	memset(seen, 0, sizeof(*seen));
	prog_reset(&prog);
	seen->mismatches = payload_mismatches(&prog);
	if (capture_open(path, "test", &capture, &diags))
		fail_msg("%s", diags.list[0].why);
	while ((status = capture_next(capture, &packet, &diags)) > 0) {
		if (!begin)
			begin = packet.time;
		set_clock(packet.time, begin);
		run_packet(&packet, direction, hook, way, seen);
	}
	if (status)
		fail_msg("%s", diags.list[0].why);
	seen->mismatches = payload_mismatches(&prog) - seen->mismatches;
}

/* True: as expected, on each hook and way. */
static bool try_file(const struct expected *file, enum direction direction, bool enforce)
{
	unsigned int dropped = enforce ? file->mismatches : 0;
	bool good = true;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int hook = i & 1 ? PROG_TC : PROG_XDP,
			     way = i & 2 ? PROG_LONG : PROG_SHORT;
		struct seen seen;

		replay(file->name, direction, hook, way, &seen);
		if (seen.packets == file->packets && seen.rule == file->udp - dropped &&
		    seen.enforced == dropped && seen.mismatches == file->mismatches)
			continue;
		print_error(
			"%s, %s, %s: of %u packets %u passed by the rule, %u were dropped, %llu "
			"mismatched; expected %u, %u, %u, %u\n",
			file->name, direction == DIRECTION_IN ? "in" : "out",
			hook == PROG_XDP ? "xdp" : "tc", seen.packets, seen.rule, seen.enforced,
			(unsigned long long)seen.mismatches, file->packets, file->udp - dropped,
			dropped, file->mismatches);
		good = false;
	}
	return good;
}

static void try_files(const struct expected *files, size_t count, bool enforce)
{
	size_t wrong = 0;

	if (access(captures, R_OK | X_OK))
		skip_because("no captures here: EDGEGATE_CAPTURES says where they are");
	for (unsigned int direction = 0; direction < DIRECTION_COUNT; direction++) {
		use_policy(direction, enforce ? "enforce" : "observe");
		for (size_t i = 0; i < count; i++)
			wrong += !try_file(&files[i], direction, enforce);
	}
	if (wrong)
		fail_msg("%zu captures", wrong);
}

static void real_media_is_no_mismatch(void **state)
{
	(void)state;
	try_files(media, PROG_COUNT(media), false);
}

static void nothing_of_real_media_is_dropped(void **state)
{
	(void)state;
	try_files(media, PROG_COUNT(media), true);
}

static void what_is_not_media_is_counted(void **state)
{
	(void)state;
	try_files(others, PROG_COUNT(others), false);
}

static void what_is_not_media_is_dropped(void **state)
{
	(void)state;
	try_files(others, PROG_COUNT(others), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_media_is_no_mismatch),
		cmocka_unit_test(nothing_of_real_media_is_dropped),
		cmocka_unit_test(what_is_not_media_is_counted),
		cmocka_unit_test(what_is_not_media_is_dropped),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
