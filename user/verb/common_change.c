// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/kernel/ahead.h"
#include "user/verb/common_change.h"

static int common_change_open(struct common_change *change, const struct verb *verb, int argc,
			      char **argv, const char *allowed, struct diags *diags)
{
	struct common_options *options = &change->options;
	int error = common_options_read(verb, argc, argv, allowed, options, diags);

	if (error)
		return error;
	if (options->interface_count != 1 || options->argument_count) {
		diag_usage(diags, verb->name, "it needs one interface and nothing else");
		diag_hint(diags, "edgegate %s -i eth0; which gates there are: edgegate status",
			  verb->name);
		return -EINVAL;
	}
	change->interface = options->interfaces[0].name;
	error = common_find_gate(change->interface, verb->name, &change->gate, diags);
	text_clean(options->interfaces[0].name); /* from here on it is only shown */
	return error;
}

static void common_change_free(struct common_change *change)
{
	common_options_free(&change->options);
	gate_close(&change->gate);
}

/* What was done to the gate is in vain where it guards nothing, and not enough where others go before it. */
static void common_change_look(const struct common_change *change, const char *verb,
			       struct diags *diags)
{
	const struct gate *gate = &change->gate;

	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		cleanup(ahead_free) struct ahead ahead = { 0 };
		autofree char *before = NULL, *name = NULL;
		struct gate_attachment now;

		if (gate_read_attachment(gate, i, &now))
			continue;
		name = text_cleaned(now.name);
		if (now.is_lost) {
			diag_system(diags, 0, verb, "%s is NOT GUARDED: %s", name ? name : "?",
				    now.is_here             ? "what was attached to it is gone" :
				    now.place == PLACE_ANEW ? "it was made anew" :
				    now.place == PLACE_GONE ? "it is gone" :
							      "it is elsewhere");
			diag_hint(diags,
				  "how it stands: edgegate status -i %s; to guard it, apply again",
				  change->interface);
			continue;
		}
		if (!now.is_here || !now.tc_program ||
		    ahead_read(now.ifindex, now.tc, now.tc_program, now.tc_head, &ahead) ||
		    !ahead.count)
			continue;
		before = ahead_text(&ahead);
		diag_warning(diags, NULL, verb,
			     "on %s what others accept before us is not judged: %s",
			     name ? name : "?", before ? before : "?");
		diag_hint(diags, "take them away, or put ours at the head again: apply");
	}
}

int common_change_run(const struct verb *verb, int argc, char **argv, const char *allowed,
		      common_change_act *act)
{
	cleanup(common_change_free) struct common_change change = { .gate = GATE_CLOSED };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_change_open(&change, verb, argc, argv, allowed, &diags);
	char *said = NULL;
	int printed = 0, status;

	if (error > 0) /* --help */
		return error - 1;
	if (!error)
		error = act(&change, &said, &diags);
	if (!error)
		common_change_look(&change, verb->name, &diags);
	/* warnings first, as apply has it: the last line is what was done */
	status = common_end(&diags);
	if (!error)
		printed = common_say(said);
	return status ? status : printed;
}

char *common_change_says(const struct common_change *change)
{
	const struct state state = state_unpack(state_settled(change->gate.word));
	autofree struct listing_header *listing = NULL;
	autofree char *names = common_gate_names(&change->gate);
	int error = gate_listing(&change->gate, state.live, &listing);

	if (!names)
		return NULL;
	/* what was asked for is done: that no more can be said is no failure */
	if (error && error != -EPROTO)
		return text_print("%s: done; the name of the policy in force cannot be read: %s\n",
				  names, strerror(-error));
	if (!listing)
		return state.live == SLOT_NONE ?
			       text_print("%s: no policy is in force: everything passes\n", names) :
			       text_print(
				       "%s: a policy of which nothing is known is in force: apply "
				       "again\n",
				       names);
	return text_print("%s: policy %s is in force%s\n", names,
			  listing_string(listing, listing->policy),
			  state.mode == MODE_MONITOR ? ", in monitor mode" : "");
}

char *common_change_time(uint64_t moment)
{
	int64_t apart = (int64_t)(moment - state_now());
	time_t date = time(NULL) + (apart + (apart < 0 ? -500 : 500)) / 1000;
	char written[40] = "?";
	struct tm tm;

	if (localtime_r(&date, &tm))
		strftime(written, sizeof(written), "%H:%M:%S", &tm);
	return strdup(written);
}
