// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "user/base/text.h"
#include "user/report/replay.h"
#include "user/report/verdict.h"

static bool verdict_mode_is(const struct report_verdict *verdict, const char *mode)
{
	return verdict->mode && strcmp(verdict->mode, mode) == 0;
}

static bool verdict_is_truncated(const struct report_verdict *verdict)
{
	return verdict->outcome == OUTCOME_UNDECIDED && !verdict_mode_is(verdict, "none");
}

bool report_verdict_passes(const struct report_verdict *verdict)
{
	return report_outcome_class(verdict->outcome) != OUTCOME_CLASS_DROP ||
	       verdict_mode_is(verdict, "none");
}

const char *report_verdict_step(const struct report_verdict *verdict)
{
	if (verdict_mode_is(verdict, "none"))
		return "nothing: there is no policy";
	if (verdict_is_truncated(verdict))
		return "nothing: the capture has too little of it";
	switch (verdict->outcome) {
	case OUTCOME_RULE:
		return "rule";
	case OUTCOME_REPLY:
		return verdict->direction == DIRECTION_IN ? "reply by a live flow" :
							    "reply of a service";
	case OUTCOME_PASS_ARP:
	case OUTCOME_PASS_LINK_CONTROL:
	case OUTCOME_DROP_ETHERTYPE:
		return "link layer";
	case OUTCOME_PASS_NEIGHBOR_DISCOVERY:
	case OUTCOME_PASS_PING:
	case OUTCOME_PASS_DHCP:
		return "essentials";
	case OUTCOME_PASS_FRAGMENT:
	case OUTCOME_DROP_FRAGMENT:
		return "fragments";
	case OUTCOME_PASS_ICMP_ERROR:
	case OUTCOME_DROP_UNRELATED_ICMP:
		return "ICMP errors";
	case OUTCOME_DROP_MARTIAN:
	case OUTCOME_DROP_EXTENSION_HEADER:
		return "network layer";
	case OUTCOME_DROP_BAD_TCP_FLAGS:
		return "transport";
	case OUTCOME_DROP_MALFORMED:
		return "headers";
	case OUTCOME_DROP_RATE_LIMIT:
	case OUTCOME_DROP_PAYLOAD:
		return "what the rule asks besides";
	case OUTCOME_DROP_BLOCKED:
		return "emergency";
	case OUTCOME_UNDECIDED:
	case OUTCOME_DROP_NO_RULE:
	case OUTCOME_DROP_ADDRESS:
	case OUTCOME_COUNT:
		break;
	}
	return "the end: nothing lets it pass";
}

char *report_verdict_sentence(const struct report_verdict *verdict)
{
	const char *label = report_outcome_label(verdict->outcome);
	const char *help = report_outcome_help(verdict->outcome);

	if (verdict->outcome == OUTCOME_RULE)
		return text_print("passes by rule '%s'", verdict->rule);
	if (verdict->outcome == OUTCOME_REPLY)
		return text_print("passes as a reply of rule '%s'", verdict->rule);
	if (verdict_mode_is(verdict, "none"))
		return text_print("passes: no policy is in force, so nothing is judged or counted");
	if (verdict_is_truncated(verdict))
		return text_print("gets no verdict: " REPORT_REPLAY_TRUNCATED
				  " (the capture has %" PRIu32 " bytes of it, its headers take "
				  "%" PRIu32 "; tcpdump -s 0 keeps all)",
				  verdict->captured, verdict->need);
	if (report_verdict_passes(verdict))
		return text_print("passes as %s (%s)", label, help);
	if (verdict_mode_is(verdict, "monitor"))
		return text_print("would be dropped: %s (%s); the gate is in monitor mode, so it "
				  "passes and is counted",
				  label, help);
	if (verdict_mode_is(verdict, "open"))
		return text_print("would be dropped: %s (%s); the gate is open in emergency, so it "
				  "passes and is counted",
				  label, help);
	if (verdict->spared)
		return text_print("would be dropped: %s (%s); it is of the session that the "
				  "blocked gate keeps, so it passes and is counted",
				  label, help);
	return text_print("is dropped: %s (%s)", label, help);
}

/* Which packet it is. */
static void verdict_add_packet(const struct report_verdict *verdict, struct text *text)
{
	if (verdict->number)
		text_format(text, "packet %" PRIu64 ": ", verdict->number);
	if (verdict->packet)
		text_format(text, "%s\n", verdict->packet);
	else if (verdict->number)
		text_format(text, "%s, neither IP nor ARP that can be read\n",
			    report_direction(verdict->direction));
}

char *report_verdict_text(const struct report_verdict *verdict)
{
	autofree char *sentence = report_verdict_sentence(verdict);
	autotext struct text text = { 0 };

	if (!sentence)
		return NULL;
	verdict_add_packet(verdict, &text);
	text_format(&text, "%s\ndecided by: %s\n", sentence, report_verdict_step(verdict));
	if (verdict->nearest)
		text_format(&text, "nearest: %s\n", verdict->nearest);
	if (verdict->mode)
		text_format(&text, "mode: %s\n", verdict->mode);
	return text_take(&text);
}

static void verdict_json_outcome(const struct report_verdict *verdict, json_t *object)
{
	const char *label = report_outcome_label(verdict->outcome);
	bool passes = report_verdict_passes(verdict);

	if (verdict_is_truncated(verdict)) {
		json_object_set_new(object, "verdict", json_string("unknown"));
		json_object_set_new(object, "reason", json_string(REPORT_REPLAY_TRUNCATED));
		return;
	}
	json_object_set_new(object, "verdict", json_string(passes ? "pass" : "drop"));
	if (verdict->outcome == OUTCOME_UNDECIDED)
		return;
	if (report_outcome_class(verdict->outcome) == OUTCOME_CLASS_RULE) {
		json_object_set_new(object, "rule", json_string(verdict->rule));
		json_object_set_new(object, "path",
				    json_string(verdict->outcome == OUTCOME_RULE ? "forward" :
										   "reply"));
	} else {
		json_object_set_new(object, passes ? "kind" : "reason", json_string(label));
	}
}

static json_t *verdict_json_string(const char *string)
{
	return string ? json_string(string) : json_null();
}

/* The keys are those of `replay --json`. */
char *report_verdict_json(const struct report_verdict *verdict)
{
	json_t *object = json_object();
	char *dumped, *text;

	json_object_set_new(object, "version", json_integer(1));
	if (verdict->number)
		json_object_set_new(object, "n", json_integer((json_int_t)verdict->number));
	json_object_set_new(object, "direction", json_string(report_direction(verdict->direction)));
	if (verdict->packet)
		json_object_set_new(object, "packet", json_string(verdict->packet));
	verdict_json_outcome(verdict, object);
	json_object_set_new(object, "step", json_string(report_verdict_step(verdict)));
	json_object_set_new(object, "nearest", verdict_json_string(verdict->nearest));
	json_object_set_new(object, "mode", verdict_json_string(verdict->mode));
	dumped = json_dumps(object, JSON_INDENT(2));
	json_decref(object);
	text = dumped ? text_print("%s\n", dumped) : NULL;
	free(dumped); /* jansson's, from malloc */
	return text;
}
