/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet of a capture, in the midst of those before it: as `replay` judges it. */
#ifndef USER_VERB_EXPLAIN_CAPTURE_H
#define USER_VERB_EXPLAIN_CAPTURE_H

#include "user/packet/capture.h"
#include "user/packet/host.h"
#include "user/verb/common.h"
#include "user/verb/common_judge.h"

/* Zero-initialised is none. */
struct explain_capture {
	struct capture *capture;
	char *what;      /* for diagnostics; the capture borrows it */
	uint64_t number; /* of the packet that is asked about, from 1 */
	struct host host;
};

/* Opens what --capture, --packet and --host say. 0, or a negative errno and diagnostics. */
int explain_capture_open(const struct common_options *options, struct explain_capture *asked,
			 struct diags *diags);

/* Reads up to the packet, a few thousand at a time. */
int explain_capture_judge(struct explain_capture *asked, struct common_judge *judge,
			  struct common_verdict *verdict, struct diags *diags);
void explain_capture_close(struct explain_capture *asked);

#endif
