// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>

#include "user/base/text.h"
#include "user/report/gate.h"
#include "user/report/verdict.h"

bool report_verdict_passes(const struct report_verdict *verdict)
{
	return report_outcome_class(verdict->outcome) != OUTCOME_CLASS_DROP;
}

const char *report_verdict_step(const struct report_verdict *verdict)
{
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
	if (report_verdict_passes(verdict))
		return text_print("passes as %s (%s)", label, help);
	return text_print("is dropped: %s (%s)", label, help);
}

char *report_verdict_text(const struct report_verdict *verdict)
{
	autofree char *sentence = report_verdict_sentence(verdict);
	autotext struct text text = { 0 };

	if (!sentence)
		return NULL;
	if (verdict->packet)
		text_format(&text, "%s\n", verdict->packet);
	text_format(&text, "%s\ndecided by: %s\n", sentence, report_verdict_step(verdict));
	if (verdict->nearest)
		text_format(&text, "nearest: %s\n", verdict->nearest);
	return text_take(&text);
}

/* The keys are those of `replay --json`. */
char *report_verdict_json(const struct report_verdict *verdict)
{
	json_t *object = json_object();
	char *dumped, *text;

	json_object_set_new(object, "version", json_integer(1));
	json_object_set_new(object, "direction", json_string(report_direction(verdict->direction)));
	if (verdict->packet)
		json_object_set_new(object, "packet", json_string(verdict->packet));
	json_object_set_new(object, "verdict",
			    json_string(report_verdict_passes(verdict) ? "pass" : "drop"));
	if (verdict->outcome == OUTCOME_RULE || verdict->outcome == OUTCOME_REPLY) {
		json_object_set_new(object, "rule", json_string(verdict->rule));
		json_object_set_new(object, "path",
				    json_string(verdict->outcome == OUTCOME_RULE ? "forward" :
										   "reply"));
	} else {
		json_object_set_new(object, report_verdict_passes(verdict) ? "kind" : "reason",
				    json_string(report_outcome_label(verdict->outcome)));
	}
	json_object_set_new(object, "step", json_string(report_verdict_step(verdict)));
	json_object_set_new(object, "nearest",
			    verdict->nearest ? json_string(verdict->nearest) : json_null());
	dumped = json_dumps(object, JSON_INDENT(2));
	json_decref(object);
	text = dumped ? text_print("%s\n", dumped) : NULL;
	free(dumped); /* jansson's, from malloc */
	return text;
}
