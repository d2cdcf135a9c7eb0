// SPDX-License-Identifier: GPL-2.0-only
/* The whole verdict, in the order of spec 3.1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/packet.h"

struct gate {
	struct model *model;
	const struct model_policy *policy;
	uint64_t now;
};

static struct model_verdict verdict(enum outcome outcome)
{
	return (struct model_verdict){ .outcome = outcome };
}

/*
 * "A packet that passes by a rule, or in the rule's direction by its flow, counts for that rule and meets
 * its `payload` and `limit`"; "`payload` is checked before `limit`".
 */
static struct model_verdict by_rule(const struct gate *gate, const struct packet *packet,
				    const struct model_rule *rule)
{
	struct model_verdict verdict = { .outcome = OUTCOME_RULE, .rule = rule };

	if (rule->payload != MODEL_PAYLOAD_ANY && !payload_is_media(packet)) {
		verdict.mismatch = true;
		if (rule->payload == MODEL_PAYLOAD_ENFORCE) {
			verdict.outcome = OUTCOME_DROP_PAYLOAD;
			return verdict;
		}
	}
	if (!limit_allows(gate->model, gate->now, rule, packet)) {
		verdict.outcome = OUTCOME_DROP_RATE_LIMIT;
		return verdict;
	}
	if (packet->out)
		flow_sent(gate->model, gate->policy, gate->now, packet);
	return verdict;
}

static struct model_verdict as_reply(const struct model_rule *rule)
{
	return (struct model_verdict){ .outcome = OUTCOME_REPLY, .rule = rule };
}

/* "Order. `in`: a rule, then a live flow." */
static struct model_verdict rules_in(const struct gate *gate, const struct packet *packet)
{
	const struct model_rule *rule = rule_find(gate->policy, packet);
	struct packet sent;

	if (rule)
		return by_rule(gate, packet, rule);
	/* "An `in` packet that exactly reverses a live flow passes ..., unless it opens." */
	if (packet_opens(packet) || !packet_reverse(packet, &sent) ||
	    !flow_find(gate->model, gate->policy, gate->now, &sent))
		return verdict(OUTCOME_UNDECIDED);
	/* "belongs to the first that does" */
	rule = rule_find(gate->policy, &sent);
	return rule ? as_reply(rule) : verdict(OUTCOME_PASS_PING);
}

/*
 * "`out`: what opens by a rule alone; everything else by a live flow, then as a service's answer, then by
 * a rule."
 */
static struct model_verdict rules_out(const struct gate *gate, const struct packet *packet)
{
	const struct model_rule *rule = rule_find(gate->policy, packet), *service;
	struct packet asked;

	if (!packet_opens(packet)) {
		if (rule && flow_find(gate->model, gate->policy, gate->now, packet))
			return by_rule(gate, packet, rule);
		service = packet_reverse(packet, &asked) ? rule_find(gate->policy, &asked) : NULL;
		if (service)
			return as_reply(service);
	}
	return rule ? by_rule(gate, packet, rule) : verdict(OUTCOME_UNDECIDED);
}

static enum outcome ping(const struct gate *gate, const struct packet *packet)
{
	/* "an echo request in either direction; one that goes out makes a flow" */
	if (packet_is_echo_request(packet)) {
		if (packet->out)
			flow_sent(gate->model, gate->policy, gate->now, packet);
		return OUTCOME_PASS_PING;
	}
	/* "the reply to one that came in goes out as `ping`" */
	if (packet->out && packet_is_echo_reply(packet))
		return OUTCOME_PASS_PING;
	return OUTCOME_UNDECIDED;
}

/* "answers in ... within 60 s of the host's own request of the same family on that gate" */
static enum outcome dhcp(const struct gate *gate, const struct packet *packet)
{
	unsigned int family = packet->family == 6;

	if (packet_is_dhcp_request(packet))
		return OUTCOME_PASS_DHCP;
	if (packet_is_dhcp_answer(packet) && gate->model->asked[family] &&
	    within(gate->now, gate->model->asked_at[family], 60))
		return OUTCOME_PASS_DHCP;
	return OUTCOME_UNDECIDED;
}

static enum outcome essentials(const struct gate *gate, const struct packet *packet)
{
	enum outcome outcome = OUTCOME_UNDECIDED;

	if (gate->policy->neighbor_discovery && neighbor_discovery_passes(packet))
		return OUTCOME_PASS_NEIGHBOR_DISCOVERY;
	if (gate->policy->ping)
		outcome = ping(gate, packet);
	if (outcome == OUTCOME_UNDECIDED && gate->policy->dhcp)
		outcome = dhcp(gate, packet);
	return outcome;
}

static struct model_verdict judge_ip(const struct gate *gate, const struct packet *packet)
{
	struct model_verdict verdict = packet->out ? rules_out(gate, packet) :
						     rules_in(gate, packet);

	if (verdict.outcome != OUTCOME_UNDECIDED)
		return verdict;
	verdict.outcome = essentials(gate, packet);
	if (verdict.outcome != OUTCOME_UNDECIDED)
		return verdict;
	if (gate->policy->icmp_errors && packet_is_icmp_error(packet))
		verdict.outcome = icmp_error_passes(gate->model, gate->policy, gate->now, packet) ?
					  OUTCOME_PASS_ICMP_ERROR :
					  OUTCOME_DROP_UNRELATED_ICMP;
	else
		verdict.outcome = rule_why_none(gate->policy, packet);
	return verdict;
}

static bool passes(enum outcome outcome)
{
	static const enum outcome_class classes[OUTCOME_COUNT] = {
#define CLASS(symbol, label, class, help) [OUTCOME_##symbol] = OUTCOME_CLASS_##class,
		OUTCOMES(CLASS)
#undef CLASS
	};

	return classes[outcome] != OUTCOME_CLASS_DROP;
}

/* What a packet that passed leaves behind, "whatever let it pass". */
static void remember(const struct gate *gate, const struct packet *packet)
{
	fragment_passed(gate->model, gate->now, packet);
	if (!packet->out)
		flow_received(gate->model, gate->policy, gate->now, packet);
	if (packet_is_dhcp_request(packet)) {
		gate->model->asked[packet->family == 6] = true;
		gate->model->asked_at[packet->family == 6] = gate->now;
	}
}

/* "ARP that is cut short or not Ethernet/IPv4" */
static enum outcome judge_arp(const struct model_policy *policy, struct bytes arp)
{
	if (arp.length < 28 || word_at(arp, 0) != 1 || word_at(arp, 2) != 0x0800 ||
	    byte_at(arp, 4) != 6 || byte_at(arp, 5) != 4)
		return OUTCOME_DROP_MALFORMED;
	return policy->arp ? OUTCOME_PASS_ARP : OUTCOME_DROP_ETHERTYPE;
}

static enum outcome judge_link(const struct model_policy *policy, const struct packet *packet)
{
	if (packet->ethertype == 0x0806)
		return judge_arp(policy, packet->network);
	if (policy->link_control && link_control_passes(packet))
		return OUTCOME_PASS_LINK_CONTROL;
	return OUTCOME_DROP_ETHERTYPE;
}

struct model_verdict model_judge(struct model *model, const struct model_policy *policy,
				 uint64_t now, bool out, const uint8_t *frame, size_t length)
{
	const struct gate gate = { model, policy, now };
	struct packet packet = { .out = out };
	struct model_verdict result = { .outcome = read_link(&packet,
							     (struct bytes){ frame, length }) };

	if (result.outcome != OUTCOME_UNDECIDED)
		return result;
	if (packet.ethertype == 0x0800)
		result.outcome = read_ip4(policy, &packet);
	else if (packet.ethertype == 0x86dd)
		result.outcome = read_ip6(policy, &packet);
	else
		return verdict(judge_link(policy, &packet));
	if (result.outcome == OUTCOME_UNDECIDED && packet.fragment)
		result.outcome = fragment_judge(model, policy, now, &packet);
	if (result.outcome == OUTCOME_UNDECIDED)
		result.outcome = read_transport(&packet);
	if (result.outcome == OUTCOME_UNDECIDED)
		result = judge_ip(&gate, &packet);
	/* only of one whose headers were read: a later fragment passes by what the first one left */
	if (passes(result.outcome) && packet.first)
		remember(&gate, &packet);
	return result;
}

bool within(uint64_t now, uint64_t then, uint32_t seconds)
{
	return now - then < (uint64_t)seconds * MODEL_HZ;
}

struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model) {
		fprintf(stderr, "no memory for the model\n");
		exit(1);
	}
	return model;
}

void model_free(struct model *model)
{
	free(model);
}

void model_reset(struct model *model)
{
	model->flow_count = model->fragment_count = model->bucket_count = 0;
	model->asked[0] = model->asked[1] = false;
}

const char *model_outcome_label(enum outcome outcome)
{
	static const char *const labels[OUTCOME_COUNT] = { [OUTCOME_UNDECIDED] = "undecided",
#define LABEL(symbol, label, class, help) [OUTCOME_##symbol] = #symbol,
							   OUTCOMES(LABEL)
#undef LABEL
	};

	return outcome < OUTCOME_COUNT ? labels[outcome] : "(none)";
}
