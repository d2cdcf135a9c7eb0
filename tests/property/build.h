/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames, built from what they should hold; their lengths are right. */
#ifndef TESTS_PROPERTY_BUILD_H
#define TESTS_PROPERTY_BUILD_H

#include "tests/property/property.h"

/* What an IP packet carries. */
struct segment {
	uint8_t protocol;
	uint16_t length;
	uint8_t bytes[320];
};

void segment_tcp(struct segment *segment, uint16_t source, uint16_t destination, uint8_t flags,
		 uint8_t options, uint16_t data);
void segment_udp(struct segment *segment, uint16_t source, uint16_t destination,
		 const uint8_t *data, uint16_t length);
void segment_sctp(struct segment *segment, uint16_t source, uint16_t destination, int chunk);
void segment_icmp(struct segment *segment, int family, uint8_t type, uint8_t code,
		  uint16_t identifier, const uint8_t *data, uint16_t length);
void segment_raw(struct segment *segment, uint8_t protocol, uint16_t length);

#define TAGS_MAX 3u
#define EXTENSIONS_MAX 10u

/* All around it. */
struct envelope {
	struct model_address source;
	struct model_address destination;
	uint8_t hops;
	uint8_t tag_count;
	uint16_t tags[TAGS_MAX];
	uint8_t options[40]; /* of IPv4 */
	uint8_t option_length;
	uint8_t extensions[EXTENSIONS_MAX]; /* of IPv6; 44 is where the fragment header stands */
	uint8_t extension_count;
	uint32_t identification;
	uint16_t offset; /* bytes */
	bool more;
	uint8_t fragment_next; /* IPv6, if not 0: next header of a later fragment's header */
	uint8_t padding;
};

/* `segment` is this fragment's part. Cut where the step is full. */
void envelope_write(const struct envelope *envelope, const struct segment *segment,
		    struct step *step);

/* A frame that isn't IP. */
void frame_raw(struct step *step, const uint8_t mac[6], uint16_t ethertype, const uint8_t *data,
	       uint16_t length);

#endif
