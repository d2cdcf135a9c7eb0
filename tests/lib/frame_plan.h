/* SPDX-License-Identifier: GPL-2.0-only */
/* What the words of a frame say (frame_words.c), before it becomes bytes (frame.c). */
#ifndef TESTS_LIB_FRAME_PLAN_H
#define TESTS_LIB_FRAME_PLAN_H

#include "tests/lib/frame.h"

#define FRAME_TAGS 4
#define FRAME_EXTENSIONS 12

enum frame_kind { FRAME_IP, FRAME_ARP, FRAME_ETHERNET };

/* A field that has its right value unless it is overridden. */
struct frame_field {
	enum { FIELD_RIGHT, FIELD_IS, FIELD_OFF_BY } how;
	long value;
};

/* An IPv6 extension header. */
struct frame_extension {
	uint8_t kind; /* its number */
	unsigned int size;
	struct frame_field length;
	uint8_t type, left;  /* routing */
	unsigned int offset; /* fragment */
	bool more;
};

struct frame_plan {
	enum frame_kind kind;
	bool out;
	uint8_t mac[6]; /* destination */
	unsigned int tags[FRAME_TAGS];
	size_t tag_count;
	struct frame_field ethertype;

	/* IP */
	int family;
	unsigned int protocol;
	uint8_t from[16], to[16];
	uint16_t sport, dport;
	struct frame_field version, length, next, ihl;
	unsigned int ttl, id, offset;
	bool more, dont, evil;
	uint8_t options[40];
	size_t options_size;
	struct frame_extension extensions[FRAME_EXTENSIONS];
	size_t extension_count;

	/* transport */
	struct frame_field size; /* of header and data */
	unsigned int tcp_flags;
	struct frame_field doff, udp_length;
	int chunk; /* SCTP; -1: none */
	unsigned int icmp_type, icmp_code, echo;
	uint8_t data[FRAME_MAX];
	size_t data_size;
	bool data_given;
	struct frame_plan *quote; /* in the place of data; NULL: none */

	unsigned int arp_hardware, arp_protocol, arp_hlen, arp_plen;
	unsigned int pad;
	struct frame_field cut;
	uint32_t gso_size, gso_segs;
};

/* Fails the test on a word that isn't one. What is quoted is valid until the next call. */
void frame_read_words(const char *text, struct frame_plan *plan);

#endif
