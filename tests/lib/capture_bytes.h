/* SPDX-License-Identifier: GPL-2.0-only */
/* Capture files, made byte by byte, so that no library is trusted to write what it is to read. */
#ifndef TESTS_LIB_CAPTURE_BYTES_H
#define TESTS_LIB_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_BYTES_MAX 4096

/* A file while it grows. Zero-initialised is empty. All of these fail the test if it grows too large. */
struct capture_bytes {
	uint8_t list[CAPTURE_BYTES_MAX];
	size_t count;
};

void capture_bytes_hex(struct capture_bytes *bytes, const char *text);
void capture_bytes_number(struct capture_bytes *bytes, uint32_t number, size_t size,
			  bool big_endian);
size_t capture_bytes_hex_size(const char *text);

/* pcap: `magic` says how fine its times are; `type` is LINKTYPE_... */
void capture_bytes_header(struct capture_bytes *bytes, uint32_t magic, int type, bool big_endian);
/* `packet` in hex; `length` on the wire; 0: as many as there are. */
void capture_bytes_packet(struct capture_bytes *bytes, uint32_t seconds, uint32_t fraction,
			  const char *packet, uint32_t length, bool big_endian);

/*
 * pcapng (draft-ietf-opsawg-pcapng), little endian, block by block: a section's header; an interface
 * with LINKTYPE_..., its snaplen (0: none), and if_tsresol (negative: none, so microseconds); packets
 * of one with a time, and of the first one without.
 */
void capture_bytes_section(struct capture_bytes *bytes);
void capture_bytes_interface(struct capture_bytes *bytes, int type, uint32_t snaplen,
			     int resolution);
void capture_bytes_enhanced(struct capture_bytes *bytes, uint32_t interface, uint64_t ticks,
			    const char *packet, uint32_t length);
void capture_bytes_simple(struct capture_bytes *bytes, const char *packet);

/* A whole file: an Ethernet interface whose times have this if_tsresol, and a packet at that many ticks. */
void capture_bytes_pcapng(struct capture_bytes *bytes, int resolution, uint32_t low,
			  const char *packet);

/* The first `size` bytes become the file. */
void capture_bytes_save(const struct capture_bytes *bytes, const char *path, size_t size);

#endif
