/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures for fuzz_capture, made here so that no binary file has to be kept: seed_capture DIRECTORY
 * One of each link type, byte order, unit of time, format, and of what may be odd about it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/capture_bytes.h"
#include "tests/lib/frame.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define HEX_MAX 1024

/* A conversation of the default policy, and what else a capture of a host holds. */
static const char *const frames[] = {
	"out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=x000100002112a442",
	"in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=x010100002112a442",
	"in icmp 198.51.100.7 > 192.0.2.10 type=3 code=4 quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 }",
	"in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn tag=8100",
	"in tcp [2001:db8:f::7]:40000 > [2001:db8::10]:443 ack data=4 hop dst",
	"out udp [2001:db8::10]:40000 > [2001:db8:f::7]:3478 frag+=0 data=16 id=7",
	"out udp [2001:db8::10]:40000 > [2001:db8:f::7]:3478 frag=24 data=8 id=7",
	"in icmpv6 fe80::1 > ff02::1:ff00:10 type=135 ttl=255 transport=24",
	"in arp",
	"in udp 0.0.0.0:68 > 255.255.255.255:67 data=8",
	"in eth 01:80:c2:00:00:00 42 data=x424203",
};

/* Of some, the IP packet begins elsewhere than at byte 14, or there is none: only Ethernet has them. */
static const size_t bare[] = { 0, 1, 2, 4, 5, 6, 7, 9 };

/* What stands in front of an IP packet. The EtherType is put where its digits are missing. */
static const struct link {
	int type;           /* LINKTYPE_... */
	const char *before; /* hex, in front of the EtherType */
	const char *after;  /* and behind it; NULL: it isn't there */
} links[] = {
	{ 1, "0200000000010200000000ff", "" },
	{ 101, "", NULL },
	{ 12, "", NULL },
	{ 228, "", NULL },
	{ 229, "", NULL },
	{ 113, "0000000100060200000000010000", "" },
	{ 276, "", "000000000002000104060200000000010000" },
	{ 0, "02000000", NULL },
	{ 108, "00000018", NULL },
};

static const char *directory;

static void hex_of(const uint8_t *bytes, size_t size, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < size && i < HEX_MAX / 2 - 1; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* The frame, with another link header. */
static void packet_of(const struct link *link, const char *words, char text[2 * HEX_MAX])
{
	static struct frame_bytes frame;
	char rest[HEX_MAX];

	frame_write(words, &frame);
	if (link->type == 1) {
		hex_of(frame.bytes, frame.length, text);
		return;
	}
	hex_of(frame.bytes + 14, frame.length - 14, rest);
	snprintf(text, 2 * (size_t)HEX_MAX, "%s%s%s%s", link->before,
		 link->after ? (frame.bytes[14] >> 4 == 6 ? "86dd" : "0800") : "",
		 link->after ? link->after : "", rest);
}

static void save(const struct capture_bytes *bytes, const char *format, int number, int variant)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s-%d-%d", directory, format, number, variant);
	capture_bytes_save(bytes, path, bytes->count);
}

/* Every second one cut off, as by a snaplen of 64, and one that goes back in time. */
static void save_pcap(const struct link *link, unsigned int variant)
{
	const bool big_endian = variant & 1, nanoseconds = variant & 2;
	struct capture_bytes bytes = { 0 };
	size_t count = link->type == 1 ? COUNT(frames) : COUNT(bare);

	capture_bytes_header(&bytes, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, link->type, big_endian);
	for (size_t i = 0; i < count; i++) {
		char text[2 * HEX_MAX];
		size_t size;

		packet_of(link, frames[link->type == 1 ? i : bare[i]], text);
		size = capture_bytes_hex_size(text);
		if (i % 2 && size > 64)
			text[128] = '\0';
		capture_bytes_packet(&bytes, 1700000000 + (i == 3 ? 0 : (uint32_t)i), 500000, text,
				     (uint32_t)size, big_endian);
	}
	save(&bytes, "pcap", link->type, (int)variant);
}

/* Resolutions of 10^-N s, and of 2^-N s with the highest bit; -1: none is said. */
static const int resolutions[] = { -1, 0, 3, 6, 9, 12, 0x80 | 10, 0x80 | 32 };

static void save_pcapng(const struct link *link, unsigned int variant)
{
	const int resolution = resolutions[variant % COUNT(resolutions)];
	struct capture_bytes bytes = { 0 };

	capture_bytes_section(&bytes);
	capture_bytes_interface(&bytes, link->type, 262144, resolution);
	capture_bytes_interface(&bytes, link->type, 262144, 6);
	for (size_t i = 0; i < COUNT(bare); i++) {
		char text[2 * HEX_MAX];

		packet_of(link, frames[bare[i]], text);
		if (i == 5) { /* a section anew, and what has no time */
			capture_bytes_section(&bytes);
			capture_bytes_interface(&bytes, link->type, 262144, 9);
			capture_bytes_simple(&bytes, text);
		} else {
			capture_bytes_enhanced(&bytes, i < 5 && i % 2, (i + 1) * 1000000, text,
					       i == 4 ? 1514 : 0);
		}
	}
	save(&bytes, "pcapng", link->type, (int)variant);
}

/* What is refused in the midst: an interface of another link type, of another snaplen, that isn't there. */
static void save_unlike(int type, uint32_t snaplen, uint32_t interface)
{
	struct capture_bytes bytes = { 0 };
	char text[2 * HEX_MAX];

	packet_of(&links[0], frames[0], text);
	capture_bytes_section(&bytes);
	capture_bytes_interface(&bytes, 1, 1514, -1);
	capture_bytes_enhanced(&bytes, 0, 1000000, text, 0);
	capture_bytes_interface(&bytes, type, snaplen, -1);
	capture_bytes_enhanced(&bytes, interface, 1000000, text, 0);
	save(&bytes, "unlike", type, (int)interface);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: seed_capture DIRECTORY\n", stderr);
		return 2;
	}
	directory = argv[1];
	for (size_t i = 0; i < COUNT(links); i++) {
		for (unsigned int variant = 0; variant < 4; variant++)
			save_pcap(&links[i], variant);
		save_pcapng(&links[i], (unsigned int)i);
		save_pcapng(&links[i], (unsigned int)i + 4);
	}
	save_unlike(101, 1514, 1);
	save_unlike(1, 96, 2);
	save_unlike(1, 1514, 7);
	return 0;
}
