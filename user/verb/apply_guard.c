// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/apply_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/testrun.h"
#include "user/packet/wire.h"
#include "user/report/verdict.h"
#include "user/verb/common_conversations.h"

#define GUARD_BATCH 256u /* conversations that are judged at a time */
#define GUARD_FRAME 80u  /* bytes; an IPv6 segment without data has 74 */
#define GUARD_SHOWN 5u   /* conversations that are named */
#define GUARD_HZ 1000u
#define GUARD_FLOWS 1024u
#define GUARD_NOW (3600ull * GUARD_HZ) /* any moment, the same for all */

/* What a batch is judged with. */
struct guard_judge {
	struct testrun_gate *gate;
	struct testrun_packet packets[2 * GUARD_BATCH];
	uint8_t frames[2 * GUARD_BATCH][GUARD_FRAME];
	size_t owners[2 * GUARD_BATCH]; /* whose packet it is, by place in the batch */
	size_t count;
	uint8_t wire[WIRE_SIZE_MAX];
};

static void guard_judge_free(struct guard_judge **judge)
{
	if (*judge)
		testrun_close((*judge)->gate);
	free(*judge);
}

/* ---- judging --------------------------------------------------------------------------------------- */

/* A packet of a conversation: a segment that goes on, or an empty datagram, which fits any payload class. */
static void guard_add(struct guard_judge *judge, const struct conversation *conversation,
		      size_t owner, bool is_sent, enum direction direction)
{
	struct words_packet words = {
		.direction = direction == DIRECTION_IN ? POLICY_IN : POLICY_OUT,
		.flow = { .family = conversation->family, .protocol = conversation->protocol },
		.tcp_flags = WORDS_ACK,
	};
	struct words_end *local = is_sent ? &words.flow.from : &words.flow.to;
	struct words_end *remote = is_sent ? &words.flow.to : &words.flow.from;
	size_t least, size;

	memcpy(local->address, conversation->local, sizeof(local->address));
	memcpy(remote->address, conversation->remote, sizeof(remote->address));
	local->port = conversation->local_port;
	remote->port = conversation->remote_port;
	words.ttl = words_usual_ttl(&words.flow);
	size = wire_write(&words, judge->wire, &least);
	memcpy(judge->frames[judge->count], judge->wire, size);
	judge->packets[judge->count] = (struct testrun_packet){
		.bytes = judge->frames[judge->count],
		.captured = (uint32_t)size,
		.now = GUARD_NOW,
		.direction = direction,
	};
	judge->owners[judge->count++] = owner;
}

/*
 * What crosses the hooks when the conversation goes on, from empty state: the packet from the protected
 * end first, for it takes the conversation up, and makes its flow. That end is this machine's where the
 * internet is behind the interface, else the other one. XDP alone sees what is received.
 */
static void guard_add_conversation(const struct apply_guard *guard, struct guard_judge *judge,
				   const struct conversation *conversation, size_t owner)
{
	bool is_inside;

	/* the gate saw both directions of it, at whichever interface */
	if (conversation->is_flow) {
		guard_add(judge, conversation, owner, true, DIRECTION_OUT);
		guard_add(judge, conversation, owner, false, DIRECTION_IN);
		return;
	}
	is_inside = guard->interfaces[conversation->interface].facing == FACING_INSIDE;
	if (guard->hooks == HOOKS_BOTH || is_inside)
		guard_add(judge, conversation, owner, !is_inside, DIRECTION_OUT);
	if (guard->hooks == HOOKS_BOTH || !is_inside)
		guard_add(judge, conversation, owner, is_inside, DIRECTION_IN);
}

static bool guard_passes(uint32_t decision)
{
	const struct report_verdict verdict = { .outcome = DECISION_OUTCOME(decision) };

	return report_verdict_passes(&verdict);
}

/* Of those that are marked in `cut`: which does the image drop? The others' marks are taken away. */
static int guard_judge_image(const struct apply_guard *guard, struct guard_judge *judge,
			     const struct image *image, const struct conversations *conversations,
			     bool *cut, struct diags *diags)
{
	int error = testrun_publish(judge->gate, image, guard->what, diags);

	if (error)
		return error;
	testrun_lift_limits(judge->gate);
	for (size_t at = 0; !error && at < conversations->count; at += GUARD_BATCH) {
		judge->count = 0;
		for (size_t i = at; i < conversations->count && i < at + GUARD_BATCH; i++)
			if (cut[i])
				guard_add_conversation(guard, judge, &conversations->list[i], i);
		error = testrun_run(judge->gate, judge->packets, judge->count, guard->what, diags);
		for (size_t i = 0; i < judge->count; i++)
			cut[judge->owners[i]] = false;
		for (size_t i = 0; i < judge->count; i++)
			if (!guard_passes(judge->packets[i].decision))
				cut[judge->owners[i]] = true;
	}
	return error;
}

static size_t guard_count(const bool *cut, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += cut[i];
	return sum;
}

/* *cut: of each, whether the new policy cuts it. Only those over the gate are asked for. */
static int guard_find_cut(const struct apply_guard *guard,
			  const struct conversations *conversations, bool *cut, struct diags *diags)
{
	cleanup(guard_judge_free) struct guard_judge *judge = calloc(1, sizeof(*judge));
	int error;

	for (size_t i = 0; i < conversations->count; i++)
		cut[i] = conversations->list[i].interface >= 0;
	if (!guard_count(cut, conversations->count))
		return 0;
	if (!judge)
		return diag_system(diags, ENOMEM, guard->what, NULL);
	error = testrun_open(GUARD_HZ, GUARD_FLOWS, guard->hooks == HOOKS_BOTH, guard->what,
			     &judge->gate, diags);
	if (!error)
		error = guard_judge_image(guard, judge, guard->after, conversations, cut, diags);
	if (!error && guard->before && guard_count(cut, conversations->count)) {
		autofree bool *was = malloc(conversations->count + 1);

		if (!was)
			return diag_system(diags, ENOMEM, guard->what, NULL);
		memcpy(was, cut, conversations->count);
		error = guard_judge_image(guard, judge, guard->before, conversations, was, diags);
		for (size_t i = 0; i < conversations->count; i++)
			cut[i] = cut[i] && !was[i];
	}
	return error;
}

/* ---- saying so ------------------------------------------------------------------------------------- */

/* What would be cut. */
struct guard_cut {
	size_t all, own;
	const struct conversation *first; /* of the caller's, by claim; NULL: none */
	char *text; /* "3 conversations, one is yours: tcp ..., ..."; owned; NULL: no memory */
};

/* Those that are the caller's, or the others; `mark` is put behind each. */
static void guard_add_ends(struct text *text, const struct conversations *conversations,
			   const bool *cut, bool own, const char *mark, size_t *shown)
{
	char ends[CONVERSATION_TEXT_SIZE];

	for (size_t i = 0; i < conversations->count && *shown < GUARD_SHOWN; i++) {
		const struct conversation *conversation = &conversations->list[i];

		if (!cut[i] || (conversation->claim > 0) != own)
			continue;
		text_format(text, "%s%s%s", *shown ? ", " : ": ",
			    conversations_text(conversation, ends), mark);
		*shown += 1;
	}
}

static void guard_tell(const struct conversations *conversations, const bool *cut,
		       struct guard_cut *told)
{
	autotext struct text text = { 0 };
	size_t shown = 0;

	for (size_t i = 0; i < conversations->count; i++) {
		const struct conversation *one = &conversations->list[i];

		if (!cut[i])
			continue;
		told->all++;
		if (!one->claim)
			continue;
		told->own++;
		if (!told->first || one->claim < told->first->claim)
			told->first = one;
	}
	text_format(&text, "%s%zu conversation%s", conversations->unseen ? "at least " : "",
		    told->all, told->all == 1 ? "" : "s");
	if (told->own == 1)
		text_add(&text, told->all == 1 ? ", which is yours" : ", one is yours");
	else if (told->own)
		text_format(&text, ", %zu are yours", told->own);
	guard_add_ends(&text, conversations, cut, true, told->own < told->all ? " (yours)" : "",
		       &shown);
	guard_add_ends(&text, conversations, cut, false, "", &shown);
	if (told->all > shown)
		text_format(&text, " and %zu more", told->all - shown);
	told->text = text_take(&text);
}

static void guard_cut_free(struct guard_cut *told)
{
	free(told->text);
}

static int guard_refuse(const struct apply_guard *guard, const struct guard_cut *told,
			struct diags *diags)
{
	bool is_inside = guard->interfaces[told->first->interface].facing == FACING_INSIDE;

	diag_system(diags, 0, guard->what, "this cuts %s", told->text);
	diag_hint(diags,
		  "let your session go on by a rule (direction: %s, protocol: tcp, ports: %u)%s, "
		  "or cut all the same with --force",
		  is_inside ? "out" : "in", told->first->local_port,
		  guard->shuts ? "" : ", try the policy for a while with --confirm 60s");
	return -EPERM;
}

static int guard_say(const struct apply_guard *guard, const struct guard_cut *told,
		     struct diags *diags)
{
	const struct common_options *options = guard->options;

	if (!told->text)
		return diag_system(diags, ENOMEM, guard->what, NULL);
	if (options->mode == MODE_MONITOR) {
		diag_warning(diags, NULL, guard->what, "if it were enforced, this would cut %s",
			     told->text);
		diag_hint(diags, "before you enforce it, give those that should go on a rule");
		return 0;
	}
	if (told->own && !options->force && !options->confirm)
		return guard_refuse(guard, told, diags);
	*guard->cuts_own = told->own > 0;
	diag_warning(diags, NULL, guard->what, "this cuts %s", told->text);
	if (options->confirm && !guard->shuts)
		diag_hint(diags, "they go on in %llu s, unless it is confirmed until then",
			  (unsigned long long)options->confirm);
	else
		diag_hint(diags, "those that should go on need a rule");
	return 0;
}

/* Nobody can tell what would be cut. At boot, and on a console, there is no session that could be. */
static int guard_blind(const struct apply_guard *guard,
		       const struct common_conversations *conversations, int error,
		       struct diags *diags)
{
	const struct common_options *options = guard->options;
	static const char why[] = "cannot see which conversations this cuts";

	if (conversations->sessions.count && !options->force && !options->confirm &&
	    options->mode == MODE_ENFORCE) {
		diag_system(diags, -error, guard->what, why);
		diag_hint(diags, "try it for a while with --confirm 60s, or apply it all the same "
				 "with --force");
		return error;
	}
	diag_warning(diags, NULL, guard->what, "%s: %s", why, strerror(-error));
	diag_hint(diags, "see that the kernel has inet_diag: ss -t");
	return 0;
}

/* An apply attaches what is lost before anything else: from then on nothing is as open as it is now. */
static void guard_warn_of_deadline(const struct apply_guard *guard, struct diags *diags)
{
	if (!guard->shuts || !guard->options->confirm)
		return;
	diag_warning(diags, NULL, guard->what,
		     "an interface is open now, but what this falls back to in %llu s is the "
		     "former policy, enforced: what that drops is cut then, be it your session",
		     (unsigned long long)guard->options->confirm);
	diag_hint(diags, "first apply, without --confirm, a policy that lets your session go on");
}

int apply_guard(const struct apply_guard *guard, struct diags *diags)
{
	cleanup(common_conversations_free) struct common_conversations conversations = { 0 };
	cleanup(guard_cut_free) struct guard_cut told = { 0 };
	const struct conversations *found = &conversations.found;
	autofree bool *cut = NULL;
	int error = common_conversations_read(guard->interfaces, guard->interface_count, false,
					      &conversations);

	guard_warn_of_deadline(guard, diags);
	if (!error && guard->gate)
		error = common_conversations_add_flows(guard->gate, &conversations);
	if (error)
		return guard_blind(guard, &conversations, error, diags);
	if (!found->count)
		return 0;
	if (found->unseen) {
		diag_warning(diags, NULL, guard->what,
			     "of the host's conversations %zu were not looked at", found->unseen);
		diag_hint(diags, "there are more than %u", CONVERSATIONS_MAX);
	}
	cut = calloc(found->count, sizeof(*cut));
	if (!cut)
		return diag_system(diags, ENOMEM, guard->what, NULL);
	error = guard_find_cut(guard, found, cut, diags);
	if (error || !guard_count(cut, found->count))
		return error;
	guard_tell(found, cut, &told);
	return guard_say(guard, &told, diags);
}
