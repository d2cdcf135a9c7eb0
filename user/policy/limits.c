/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/limits.h"

#include <edgegate/abi.h>
#include <errno.h>
#include <string.h>

#include "user/base/number.h"
#include "user/base/text.h"
#include "user/policy/fields.h"
#include "user/policy/value.h"

#define PROTOCOL_UDP 17
#define MINUTE 60u
#define DAY 86400u

enum limit_field { LIMIT_RATE, LIMIT_BURST, LIMIT_PER, LIMIT_FIELD_COUNT };

static const struct field limit_fields[] = {
	[LIMIT_RATE] = { "rate", "rate: 200/s", true },
	[LIMIT_BURST] = { "burst", "burst: 400", false },
	[LIMIT_PER] = { "per", "per: source", false },
};

enum payload_field { PAYLOAD_CLASS, PAYLOAD_MODE, PAYLOAD_FIELD_COUNT };

static const struct field payload_fields[] = {
	[PAYLOAD_CLASS] = { "class", "class: udp-media", true },
	[PAYLOAD_MODE] = { "mode", "mode: observe", false },
};

/* Why `text` is no rate, as far as it can be told. */
static void wrong_rate(struct draft *draft, const struct yaml_node *node, bool is_large)
{
	if (is_large) {
		draft_error(draft, &node->place, "a rate of '%s' is too high", node->text);
		diag_hint(draft->diags, "a rate is 1 to %u packets a second or a minute",
			  LIMIT_RATE_MAX);
	} else if (!number_parse(node->text, LIMIT_RATE_MAX, &(uint64_t){ 0 })) {
		draft_error(draft, &node->place, "a rate needs a time, not only '%s'", node->text);
		diag_hint(draft->diags, "a second: %s/s, or a minute: %s/m", node->text,
			  node->text);
	} else {
		draft_error(draft, &node->place, "'%s' is not a rate", node->text);
		diag_hint(draft->diags,
			  "packets a second or a minute, whole ones, 1 to %u: 200/s, 30/m",
			  LIMIT_RATE_MAX);
	}
}

/* N/s or N/m */
static int read_rate(struct draft *draft, const struct yaml_node *node, struct policy_limit *limit)
{
	const char *slash;
	uint64_t count = 0;
	int error = -EINVAL;

	if (value_scalar(draft, node, "rate", "for example 'rate: 200/s'"))
		return -EINVAL;
	slash = strchr(node->text, '/');
	if (slash && (!strcmp(slash, "/s") || !strcmp(slash, "/m")))
		error = number_parse_part(node->text, (size_t)(slash - node->text), LIMIT_RATE_MAX,
					  &count);
	if (error || !count) {
		wrong_rate(draft, node, error == -ERANGE);
		return -EINVAL;
	}
	limit->count = (uint32_t)count;
	limit->seconds = slash[1] == 'm' ? MINUTE : 1;
	return 0;
}

/* One second's worth where it isn't said, at least 1. What is wrong is said at the burst or nowhere. */
static int read_burst(struct draft *draft, const struct yaml_node *node, struct policy_limit *limit)
{
	uint64_t most = (uint64_t)LIMIT_FILL_MAX * limit->count;
	uint64_t burst = 0;

	if (!node) {
		limit->burst = limit->count > limit->seconds ? limit->count / limit->seconds : 1;
		return 0;
	}
	if (value_number(draft, node, "burst", 1, LIMIT_RATE_MAX, &burst))
		return -EINVAL;
	if (limit->count && burst * limit->seconds > most) {
		draft_error(draft, &node->place,
			    "a burst of %s takes more than %u days to come together", node->text,
			    LIMIT_FILL_MAX / DAY);
		diag_hint(draft->diags, "at this rate it goes from 1 to %u",
			  (unsigned int)(most / limit->seconds));
		return -EINVAL;
	}
	limit->burst = (uint32_t)burst;
	return 0;
}

int limits_read(struct draft *draft, const struct yaml_node *node, struct policy_rule *rule)
{
	static const char *const words[] = { "rule", "source" };
	struct field_value values[LIMIT_FIELD_COUNT];
	struct policy_limit limit = { 0 };
	unsigned int per = 0;
	int error;

	error = fields_collect(draft, node, "a limit", limit_fields, LIMIT_FIELD_COUNT, values);
	if (error)
		return error;
	error = values[LIMIT_RATE].value ? read_rate(draft, values[LIMIT_RATE].value, &limit) :
					   -EINVAL;
	error = read_burst(draft, values[LIMIT_BURST].value, &limit) ?: error;
	if (values[LIMIT_PER].value &&
	    value_choice(draft, values[LIMIT_PER].value, "per", words, 2, &per))
		error = -EINVAL;
	if (error)
		return error;
	limit.per_source = per;
	rule->limit = limit;
	return 0;
}

int limits_read_payload(struct draft *draft, const struct yaml_node *key,
			const struct yaml_node *node, struct policy_rule *rule)
{
	static const char *const classes[] = { "udp-media" };
	static const char *const modes[] = { "observe", "enforce" };
	struct field_value values[PAYLOAD_FIELD_COUNT];
	unsigned int class = 0, mode = 0;
	int error = 0;

	if (rule->protocol != PROTOCOL_UDP) {
		draft_error(draft, &key->place, "'payload' is for udp only");
		diag_hint(draft->diags, "it looks into UDP datagrams: leave it out");
		return -EINVAL;
	}
	error = fields_collect(draft, node, "'payload'", payload_fields, PAYLOAD_FIELD_COUNT,
			       values);
	if (error)
		return error;
	if (values[PAYLOAD_CLASS].value)
		error = value_choice(draft, values[PAYLOAD_CLASS].value, "class", classes, 1,
				     &class);
	if (values[PAYLOAD_MODE].value)
		error = value_choice(draft, values[PAYLOAD_MODE].value, "mode", modes, 2, &mode) ?:
				error;
	if (error || !values[PAYLOAD_CLASS].value)
		return -EINVAL;
	rule->payload = POLICY_PAYLOAD_UDP_MEDIA;
	rule->payload_enforce = mode;
	return 0;
}

char *policy_limit_text(const struct policy_limit *limit)
{
	if (!limit->count)
		return strdup("");
	return text_print("%u/%s, burst %u%s", limit->count, limit->seconds == 1 ? "s" : "m",
			  limit->burst, limit->per_source ? ", per source" : "");
}

char *policy_payload_text(const struct policy_rule *rule)
{
	if (rule->payload == POLICY_PAYLOAD_ANY)
		return strdup("");
	return strdup(rule->payload_enforce ? "udp-media, enforce" : "udp-media, observe");
}
