/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the real program about single packets. */
#ifndef USER_VERB_COMMON_JUDGE_H
#define USER_VERB_COMMON_JUDGE_H

#include "user/base/diag.h"
#include "user/image/image.h"
#include "user/kernel/gate.h"
#include "user/kernel/testrun.h"
#include "user/policy/policy.h"
#include "user/policy/words.h"
#include "user/report/verdict.h"

/* What a packet meets. */
enum common_judge_memory {
	/* nothing, or with a live gate a copy of what that remembers of the packet */
	COMMON_JUDGE_SINGLE,
	/* what the capture's packets before it left, by the capture's clock (CHUNK_HZ); nothing else */
	COMMON_JUDGE_CAPTURE,
};

/* A policy, loaded for test runs. Borrows the live gate, and the image where it isn't read from one. */
struct common_judge {
	struct testrun_gate *gate; /* NULL: no policy is in force */
	const struct image *image;
	struct image owned;      /* of a live gate */
	const struct gate *live; /* whose memory is copied, or NULL */
	const char *mode; /* of the gate that is asked, as status has it; NULL: a policy is */
	const char *what; /* for diagnostics */
	uint32_t hz;      /* jiffies per second */
	uint64_t now;     /* jiffies */
	uint64_t delay;   /* jiffies from a live gate's memory to a packet's bytes */
	uint8_t *bytes;   /* room for a frame */
};

/* What became of a packet, with the strings that `report` borrows. */
struct common_verdict {
	struct report_verdict report;
	char *packet;
	char *nearest;
};

/*
 * `out`: there will be packets from the host (testrun_open()). 0, or a negative errno and diagnostics: -EPERM and
 * -EACCES for want of privilege.
 */
int common_judge_open(struct common_judge *judge, const struct image *image,
		      enum common_judge_memory memory, bool out, const char *what,
		      struct diags *diags);

/* The same for what is in force on a gate. Where no policy is, all that is judged passes. */
int common_judge_open_live(struct common_judge *judge, const struct gate *gate,
			   enum common_judge_memory memory, const char *what, struct diags *diags);
void common_judge_close(struct common_judge *judge);

/* `before` are sent first, in this order. */
int common_judge_words(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const struct words_packet *packet,
		       struct common_verdict *verdict, struct diags *diags);

/* The same of a whole frame. */
int common_judge_bytes(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const uint8_t *bytes, size_t size,
		       enum direction direction, struct common_verdict *verdict,
		       struct diags *diags);

/* Packets of a capture: they run for what they leave behind. */
int common_judge_play(struct common_judge *judge, struct testrun_packet *packets, size_t count,
		      struct diags *diags);

/* One more of them, `is_cut` where the capture has too little of it: then there is no verdict. */
int common_judge_captured(struct common_judge *judge, const struct testrun_packet *captured,
			  bool is_cut, struct common_verdict *verdict, struct diags *diags);

void common_verdict_free(struct common_verdict *verdict);

/*
 * Runs the `expect` lines of a policy: each that fails is an error at its place. *run is how many were
 * run; fewer than there are where the kernel refuses for want of privilege and `may_skip` says that this
 * is fine.
 */
int common_expect(const struct policy *policy, const struct image *image, bool may_skip,
		  const char *what, size_t *run, struct diags *diags);

#endif
