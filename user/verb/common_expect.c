// SPDX-License-Identifier: GPL-2.0-only
/* A policy's own tests, run on the real program. */
#include <errno.h>

#include "user/base/cleanup.h"
#include "user/policy/expect.h"
#include "user/verb/common.h"
#include "user/verb/common_judge.h"

static int expect_failed(const struct policy_expectation *line,
			 const struct common_verdict *verdict, struct diags *diags)
{
	autofree char *sentence = report_verdict_sentence(&verdict->report);

	diag_policy(diags, &line->place, "expected to %s, but it %s",
		    line->pass ? "pass" : "be dropped", sentence ? sentence : "doesn't");
	if (verdict->nearest)
		diag_hint(diags, "%s", verdict->nearest);
	else if (line->pass)
		diag_hint(diags, "change the policy, or the expectation; it was judged as: %s",
			  verdict->packet ? verdict->packet : "what it says");
	else
		diag_hint(diags, "change the rule, or the expectation; it was judged as: %s",
			  verdict->packet ? verdict->packet : "what it says");
	return -EINVAL;
}

static int expect_run_line(struct common_judge *judge, const struct policy_expectation *line,
			   struct diags *diags)
{
	cleanup(common_verdict_free) struct common_verdict verdict = { 0 };
	int error = common_judge_words(judge, line->before, line->before_count, &line->packet,
				       &verdict, diags);

	if (!error && report_verdict_passes(&verdict.report) != line->pass)
		error = expect_failed(line, &verdict, diags);
	return error;
}

/* Does any of them, or of what is sent before, come from the host? */
static bool expect_sends(const struct policy *policy)
{
	for (size_t i = 0; i < policy->expectation_count; i++) {
		const struct policy_expectation *line = &policy->expectations[i];

		if (line->before_count || line->packet.direction == POLICY_OUT)
			return true;
	}
	return false;
}

int common_expect(const struct policy *policy, const struct image *image, bool may_skip,
		  const char *what, size_t *run, struct diags *diags)
{
	cleanup(common_judge_close) struct common_judge judge = { 0 };
	cleanup(diags_clear) struct diags refused = { 0 };
	int error, failed = 0;

	*run = 0;
	if (!policy->expectation_count)
		return 0;
	error = common_judge_open(&judge, image, COMMON_JUDGE_SINGLE, expect_sends(policy), what,
				  &refused);
	if (error && may_skip && (error == -EPERM || error == -EACCES))
		return 0;
	if (error) {
		diags_move(diags, &refused);
		return error;
	}
	for (size_t i = 0; i < policy->expectation_count; i++) {
		error = expect_run_line(&judge, &policy->expectations[i], diags);
		if (error && error != -EINVAL)
			return error;
		if (error)
			failed = error;
		*run += 1;
	}
	return failed;
}
