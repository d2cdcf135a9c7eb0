/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of one packet, in words and as JSON. Strings are borrowed. */
#ifndef USER_REPORT_VERDICT_H
#define USER_REPORT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgegate/abi.h>

struct report_verdict {
	enum direction direction;
	enum outcome outcome; /* undecided: there is no policy, or the capture has too little of it */
	const char *rule;     /* where a rule's count or reply count takes it, else NULL */
	const char *packet;   /* in words, or NULL: it can't be said in words */
	const char *nearest; /* what would have let it pass, or NULL */
	/* of the gate: "enforce", "monitor", "block", "open", "none"; NULL: a policy was asked */
	const char *mode;
	bool spared;       /* it is of the session that a blocked gate lets pass */
	uint64_t number;   /* in its capture, from 1; 0: it is of none */
	uint32_t captured; /* bytes that the capture has of it */
	uint32_t need;     /* bytes that decide; more than `captured`: there is no verdict */
};

/* By the policy: in monitor mode what doesn't passes all the same. */
bool report_verdict_passes(const struct report_verdict *verdict);

/* "passes by rule 'x'"; "is dropped: no-rule (no rule for ...)". The caller's; NULL: no memory. */
char *report_verdict_sentence(const struct report_verdict *verdict);

/* The step that decided, as the contract's section 3.1 names them. */
const char *report_verdict_step(const struct report_verdict *verdict);

/* All of it, a few lines. The caller's; NULL: no memory. */
char *report_verdict_text(const struct report_verdict *verdict);
char *report_verdict_json(const struct report_verdict *verdict);

#endif
