// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/build.h"

#include <string.h>

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void begin(struct segment *segment, uint8_t protocol, uint16_t length)
{
	if (length > sizeof(segment->bytes))
		length = sizeof(segment->bytes);
	segment->protocol = protocol;
	segment->length = length;
	memset(segment->bytes, 0, sizeof(segment->bytes));
}

void segment_tcp(struct segment *segment, uint16_t source, uint16_t destination, uint8_t flags,
		 uint8_t options, uint16_t data)
{
	begin(segment, 6, (uint16_t)(20 + options * 4 + data));
	put16(segment->bytes, source);
	put16(segment->bytes + 2, destination);
	segment->bytes[12] = (uint8_t)((5 + options) << 4);
	segment->bytes[13] = flags;
}

void segment_udp(struct segment *segment, uint16_t source, uint16_t destination,
		 const uint8_t *data, uint16_t length)
{
	begin(segment, 17, (uint16_t)(8 + length));
	put16(segment->bytes, source);
	put16(segment->bytes + 2, destination);
	put16(segment->bytes + 4, segment->length);
	memcpy(segment->bytes + 8, data, segment->length - 8u);
}

/* `chunk` < 0: there is none. */
void segment_sctp(struct segment *segment, uint16_t source, uint16_t destination, int chunk)
{
	begin(segment, 132, chunk < 0 ? 12 : 32);
	put16(segment->bytes, source);
	put16(segment->bytes + 2, destination);
	if (chunk < 0)
		return;
	segment->bytes[12] = (uint8_t)chunk;
	put16(segment->bytes + 14, 20);
}

void segment_icmp(struct segment *segment, int family, uint8_t type, uint8_t code,
		  uint16_t identifier, const uint8_t *data, uint16_t length)
{
	begin(segment, family == 4 ? 1 : 58, (uint16_t)(8 + length));
	segment->bytes[0] = type;
	segment->bytes[1] = code;
	put16(segment->bytes + 4, identifier);
	if (data)
		memcpy(segment->bytes + 8, data, segment->length - 8u);
}

void segment_raw(struct segment *segment, uint8_t protocol, uint16_t length)
{
	begin(segment, protocol, length);
	memset(segment->bytes, 0x11, segment->length);
}

/* ---- around it ----------------------------------------------------------------------------------- */

static void append(struct step *step, const void *bytes, size_t length)
{
	if (length > STEP_BYTES_MAX - step->length)
		length = STEP_BYTES_MAX - step->length;
	memcpy(step->bytes + step->length, bytes, length);
	step->length = (uint16_t)(step->length + length);
}

static void append16(struct step *step, uint32_t value)
{
	uint8_t bytes[2];

	put16(bytes, value);
	append(step, bytes, sizeof(bytes));
}

static void append_ip4(struct step *step, const struct envelope *envelope,
		       const struct segment *segment)
{
	uint32_t header = 20u + envelope->option_length;
	uint8_t ip[20] = { (uint8_t)(0x40 | header / 4) };

	put16(ip + 2, header + segment->length);
	put16(ip + 4, envelope->identification);
	put16(ip + 6, (uint32_t)(envelope->more ? 0x2000 : 0) | envelope->offset / 8u);
	ip[8] = envelope->hops;
	ip[9] = segment->protocol;
	memcpy(ip + 12, envelope->source.bytes, 4);
	memcpy(ip + 16, envelope->destination.bytes, 4);
	append(step, ip, sizeof(ip));
	append(step, envelope->options, envelope->option_length);
}

/* Of 8 bytes, but for AH, which has 12. */
static void append_extension(struct step *step, const struct envelope *envelope, uint8_t type,
			     uint8_t next)
{
	uint8_t header[12] = { next };
	size_t length = 8;

	if (type == 44) {
		put16(header + 2, envelope->offset | envelope->more);
		put16(header + 4, envelope->identification >> 16);
		put16(header + 6, envelope->identification);
	} else if (type == 43) {
		header[2] = 4; /* segment routing, none left */
	} else if (type == 51) {
		header[1] = 1;
		length = 12;
	}
	append(step, header, length);
}

static void append_ip6(struct step *step, const struct envelope *envelope,
		       const struct segment *segment)
{
	uint8_t ip[40] = { 0x60 };
	uint32_t payload = segment->length;

	for (unsigned int i = 0; i < envelope->extension_count; i++)
		payload += envelope->extensions[i] == 51 ? 12 : 8;
	put16(ip + 4, payload);
	ip[6] = envelope->extension_count ? envelope->extensions[0] : segment->protocol;
	ip[7] = envelope->hops;
	memcpy(ip + 8, envelope->source.bytes, 16);
	memcpy(ip + 24, envelope->destination.bytes, 16);
	append(step, ip, sizeof(ip));
	for (unsigned int i = 0; i < envelope->extension_count; i++) {
		uint8_t next = i + 1 < envelope->extension_count ? envelope->extensions[i + 1] :
								   segment->protocol;

		if (envelope->extensions[i] == 44 && envelope->fragment_next)
			next = envelope->fragment_next;
		append_extension(step, envelope, envelope->extensions[i], next);
	}
}

void envelope_write(const struct envelope *envelope, const struct segment *segment,
		    struct step *step)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	static const uint8_t zero[255];

	step->length = 0;
	append(step, macs, sizeof(macs));
	for (unsigned int i = 0; i < envelope->tag_count; i++) {
		append16(step, envelope->tags[i]);
		append16(step, 100 + i);
	}
	append16(step, envelope->source.family == 4 ? 0x0800 : 0x86dd);
	step->network = step->length;
	if (envelope->source.family == 4)
		append_ip4(step, envelope, segment);
	else
		append_ip6(step, envelope, segment);
	append(step, segment->bytes, segment->length);
	append(step, zero, envelope->padding);
}

void frame_raw(struct step *step, const uint8_t mac[6], uint16_t ethertype, const uint8_t *data,
	       uint16_t length)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 2 };

	step->length = 0;
	append(step, mac, 6);
	append(step, from, 6);
	append16(step, ethertype);
	step->network = step->length;
	append(step, data, length);
}
