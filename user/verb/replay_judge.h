/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy that judges packets: the real programs over maps of their own, and what they decided. */
#ifndef USER_VERB_REPLAY_JUDGE_H
#define USER_VERB_REPLAY_JUDGE_H

#include "user/image/image.h"
#include "user/kernel/testrun.h"
#include "user/policy/policy.h"
#include "user/report/replay.h"
#include "user/verb/common.h"
#include "user/packet/chunk.h"

/* Owns all that it points to. Zero-initialised is closed. */
struct replay_judge {
	struct policy *policy;
	struct image image;
	struct testrun_gate *gate;
	struct testrun_packet *batch; /* CHUNK_PACKETS of them */
	uint32_t *decisions;          /* DECISION() of each packet of the chunk; undecided: cut */
	const char **names;           /* of rules, by slot; borrowed from the image */
	struct rule_count *rules;     /* by slot */
	struct count outcomes[OUTCOME_COUNTERS];
};

/* Reads the policies (as policy_load()) and compiles them: needs no privilege. */
int replay_judge_read(struct replay_judge *judge, const char *const *policies, size_t count,
		      const struct common_options *options, struct diags *diags);

/* Loads the programs. */
int replay_judge_open(struct replay_judge *judge, struct diags *diags);
void replay_judge_close(struct replay_judge *judge);

/* Does a rule ask for a datagram's first bytes? */
bool replay_judge_wants_payload(const struct replay_judge *judge);

/* Decides on each packet of the chunk, into `decisions`. */
int replay_judge_run(struct replay_judge *judge, const struct chunk *chunk, struct diags *diags);

/* The chunk's packet number `at`: what became of it; and takes it into the counts. */
struct report_replay_verdict replay_judge_verdict(const struct replay_judge *judge, size_t at);
void replay_judge_count(struct replay_judge *judge, const struct chunk_packet *packet, size_t at);

/* What was counted, as of a gate. `now`: the last packet's. Caller frees with report_gate_free(). */
int replay_judge_report(const struct replay_judge *judge, uint64_t now, struct report_gate *report,
			struct diags *diags);

#endif
