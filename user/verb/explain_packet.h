/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet that explain is asked about, as its user wrote it: in words, or the bytes of a frame. */
#ifndef USER_VERB_EXPLAIN_PACKET_H
#define USER_VERB_EXPLAIN_PACKET_H

#include "user/policy/expect.h"
#include "user/verb/common_judge.h"

/* Zero-initialised is none. */
struct explain_packet {
	struct source *source; /* the words, for diagnostics */
	struct policy_expectation
		line;   /* the packet and those before it; of a frame the latter alone */
	uint8_t *bytes; /* of a frame; NULL: it is said in words */
	size_t size;
	enum direction direction; /* of a frame */
};

/* May this be a packet? Neither a file nor a policy should have a name like it. */
bool explain_packet_is_one(const char *argument);

/* 0, or a negative errno and an error at what is wrong. */
int explain_packet_read(const char *text, struct explain_packet *packet, struct diags *diags);
int explain_packet_judge(const struct explain_packet *packet, struct common_judge *judge,
			 struct common_verdict *verdict, struct diags *diags);
void explain_packet_free(struct explain_packet *packet);

#endif
