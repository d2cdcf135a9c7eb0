/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the real program about single packets, each from empty state. */
#ifndef USER_VERB_COMMON_JUDGE_H
#define USER_VERB_COMMON_JUDGE_H

#include "user/base/diag.h"
#include "user/image/image.h"
#include "user/kernel/gate.h"
#include "user/kernel/testrun.h"
#include "user/policy/policy.h"
#include "user/policy/words.h"
#include "user/report/verdict.h"

/* A policy, loaded for test runs. Borrows policy, image and live gate. */
struct common_judge {
	struct testrun_gate *gate;
	const struct policy *policy; /* whose rules are near, or NULL */
	const struct listing_header *listing;
	const struct gate *live;      /* the gate whose copy it is, or NULL */
	const char *what;             /* for diagnostics */
	uint32_t hz;                  /* jiffies per second */
	uint64_t now;                 /* jiffies */
	uint64_t apart;               /* jiffies between packets that know nothing of each other */
	uint64_t delay;               /* jiffies from a live gate's memory to a packet's bytes */
	uint8_t *bytes;               /* room for a frame */
	struct listing_header *owned; /* where the listing is its own */
};

/* What became of a packet, with the strings that `report` borrows. */
struct common_verdict {
	struct report_verdict report;
	char *packet;
	char *nearest;
};

/* 0, or a negative errno and diagnostics: -EPERM and -EACCES for want of privilege. */
int common_judge_open(struct common_judge *judge, const struct policy *policy,
		      const struct image *image, const char *what, struct diags *diags);

/* The same for what is in force on a gate: each packet meets a copy of what the gate remembers. */
int common_judge_open_live(struct common_judge *judge, const struct gate *gate, const char *what,
			   struct diags *diags);
void common_judge_close(struct common_judge *judge);

/* `before` are sent first, in this order. */
int common_judge_words(struct common_judge *judge, const struct words_packet *before,
		       size_t before_count, const struct words_packet *packet,
		       struct common_verdict *verdict, struct diags *diags);

/* `length`: bytes that the frame had on the wire, of which `captured` are there. */
int common_judge_bytes(struct common_judge *judge, const uint8_t *bytes, size_t captured,
		       size_t length, enum direction direction, struct common_verdict *verdict,
		       struct diags *diags);

void common_verdict_free(struct common_verdict *verdict);

/*
 * Runs the `expect` lines of a policy: each that fails is an error at its place. *run is how many were
 * run; fewer than there are where the kernel refuses for want of privilege and `may_skip` says that this
 * is fine.
 */
int common_expect(const struct policy *policy, const struct image *image, bool may_skip,
		  const char *what, size_t *run, struct diags *diags);

#endif
