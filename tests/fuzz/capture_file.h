/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture's bytes as a file that is nowhere on disk; what a plain pcap holds, read once more by hand;
 * and all packets of a capture, kept.
 */
#ifndef TESTS_FUZZ_CAPTURE_FILE_H
#define TESTS_FUZZ_CAPTURE_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/oracle.h"
#include "user/packet/capture.h"

/* Of all link types that are read: libpcap's MAXIMUM_SNAPLEN. */
#define FILE_PACKET_MOST 262144u

/* Its path, for capture_open(). */
static const char *file_of(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("capture", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		exit(0); /* the machine's fault, no finding */
	return path;
}

/* ---- all packets of a capture --------------------------------------------------------------------- */

/* A packet with bytes of its own: blocks of exactly their size. */
struct file_packet {
	struct capture_packet of;
	uint8_t *frame;
	uint8_t *raw;
};

struct file_packets {
	struct file_packet *list;
	size_t count;
	bool damaged;
};

static void file_keep(struct file_packets *packets, const struct capture_packet *packet)
{
	struct file_packet *place;

	if (!(packets->count & (packets->count - 1))) {
		size_t room = packets->count ? packets->count * 2 : 1;

		packets->list = realloc(packets->list, room * sizeof(*packets->list));
		if (!packets->list)
			exit(0);
	}
	place = &packets->list[packets->count++];
	place->of = *packet;
	place->frame = oracle_copy(packet->frame, packet->captured, 0);
	place->raw = oracle_copy(packet->raw, packet->raw_captured, 0);
}

static void file_free(struct file_packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		oracle_free(packets->list[i].frame, 0);
		oracle_free(packets->list[i].raw, 0);
	}
	free(packets->list);
	*packets = (struct file_packets){ 0 };
}

/* Bad news is the system's (exit status 1), in two lines: what failed and why, and what to do. */
static void file_check_diags(struct diags *diags, const char *say)
{
	char *text = diag_text_all(diags);

	require(diags->count == 1 && diags->failed && diags_exit_status(diags) == 1, "%zu errors",
		diags->count);
	require(text, "nothing is said");
	require(strstr(text, say), "it doesn't say '%s': %s", say, text);
	require(diags->list[0].hint && *diags->list[0].hint, "no advice: %s", text);
	free(text);
	diags_clear(diags);
}

/* Reads to the end, or to the damage. */
static void file_read(struct capture *capture, struct file_packets *packets)
{
	struct capture_packet packet = { 0 };
	struct diags diags = { 0 };
	char number[32];
	int got;

	*packets = (struct file_packets){ 0 };
	while ((got = capture_next(capture, &packet, &diags)) == 1) {
		require(packet.number == packets->count + 1, "packet %llu behind %zu",
			(unsigned long long)packet.number, packets->count);
		require(packet.captured <= packet.length, "%u of %u bytes", packet.captured,
			packet.length);
		require(packet.raw_captured <= packet.raw_length, "%u of %u bytes",
			packet.raw_captured, packet.raw_length);
		file_keep(packets, &packet);
	}
	require(got <= 0, "%d", got);
	packets->damaged = got < 0;
	if (!got) {
		require(!diags.count, "an error at the end");
		return;
	}
	snprintf(number, sizeof(number), ": packet %zu: ", packets->count + 1);
	file_check_diags(&diags, number);
}

/* ---- a plain pcap, by hand -------------------------------------------------------------------------- */

static uint32_t file_32(const uint8_t *at, bool swapped)
{
	return swapped ?
		       (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
			       at[3] :
		       (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/*
 * Version 2.4, https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap: a header of 24 bytes, and
 * each packet behind seconds, a fraction, the bytes that are there and those that there were.
 */
static void file_check_pcap(const uint8_t *data, size_t size, const struct file_packets *packets)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	size_t at = 24, count = 0;
	uint32_t snaplen;
	bool swapped, nanoseconds;

	if (size < 24)
		return;
	swapped = data[0] == 0xa1;
	nanoseconds = file_32(data, swapped) == magics[1];
	if ((file_32(data, swapped) != magics[0] && !nanoseconds) ||
	    memcmp(data + 4, swapped ? "\0\2\0\4" : "\2\0\4\0", 4) != 0)
		return;
	/* what is no length stands for the longest */
	snaplen = file_32(data + 16, swapped);
	if (!snaplen || snaplen > INT32_MAX)
		snaplen = FILE_PACKET_MOST;
	while (size - at >= 16) {
		uint32_t seconds = file_32(data + at, swapped),
			 fraction = file_32(data + at + 4, swapped);
		uint32_t there = file_32(data + at + 8, swapped),
			 were = file_32(data + at + 12, swapped);
		const struct file_packet *packet;
		uint64_t time = seconds * 1000000000ull + fraction * (nanoseconds ? 1ull : 1000ull);

		if (there > FILE_PACKET_MOST || there > size - at - 16)
			break;
		require(count < packets->count, "%zu packets, and there is one more", count);
		packet = &packets->list[count];
		/* libpcap takes a fraction for a number with a sign; a valid one is the same with it */
		require(packet->of.time == time || fraction > INT32_MAX, "packet %zu: its time",
			count + 1);
		if (there <= snaplen) {
			require(packet->of.raw_captured == there, "packet %zu: %u bytes, not %u",
				count + 1, packet->of.raw_captured, there);
			require(packet->of.raw_length == (were > there ? were : there),
				"packet %zu: of %u bytes", count + 1, packet->of.raw_length);
		}
		require(memcmp(packet->raw, data + at + 16, packet->of.raw_captured) == 0,
			"packet %zu: its bytes", count + 1);
		at += 16 + there;
		count++;
	}
	require(packets->count == count, "%zu packets, not %zu", packets->count, count);
	require(packets->damaged == (at != size), "%zu of %zu bytes", at, size);
}

#endif
