/* SPDX-License-Identifier: GPL-2.0-only */
/* A test run against what is in force: a gate's live generation, and what it remembers of one packet. */
#ifndef USER_KERNEL_TESTRUN_LIVE_H
#define USER_KERNEL_TESTRUN_LIVE_H

#include "user/kernel/gate.h"
#include "user/kernel/state.h"
#include "user/kernel/testrun.h"

/* Whose memory a packet needs. Ports in host order; an echo's identifier stands in `local_port`. */
struct testrun_subject {
	int family; /* 4 or 6 */
	uint8_t protocol;
	enum direction direction; /* of the packet */
	const uint8_t *local;     /* the host's end; IPv4 in the first four bytes, network order */
	const uint8_t *remote;
	uint16_t local_port;
	uint16_t remote_port;
	uint32_t fragment_id; /* host order; IPv4: 16 bits */
	bool is_fragment;
};

/*
 * Puts the gate's live generation into force here; the gate is only read. *image is the policy as it was
 * read back (the caller's), *state what the gate does with what it says. An emergency is taken along. 0, or
 * a negative errno and diagnostics; -ENOENT without any: no policy judges.
 */
int testrun_copy_live(struct testrun_gate *own, const struct gate *gate, struct image *image,
		      struct state *state, const char *what, struct diags *diags);

/*
 * Takes along the flow, the fragment record, the buckets and the DHCP requests that a packet would meet at
 * `now`: what the gate has none of is none here.
 */
int testrun_copy_state(struct testrun_gate *own, const struct gate *gate, uint64_t now,
		       const struct testrun_subject *subject, const char *what,
		       struct diags *diags);

#endif
