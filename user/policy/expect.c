// SPDX-License-Identifier: GPL-2.0-only
#include "user/policy/expect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/policy/address.h"
#include "user/policy/draft.h"
#include "user/policy/groups.h"
#include "user/policy/protocol.h"
#include "user/policy/words_reader.h"

#define EXAMPLE "pass in tcp 198.51.100.7:40000 > 192.0.2.10:5061"

/* ---- reading ------------------------------------------------------------------------------------- */

/*
 * What the words leave out of a packet that answers one before it: it opens nothing. `sent` are the
 * packets before it.
 */
static void expect_answer(struct words_packet *packet, const struct words_packet *sent,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!words_is_reverse(&packet->flow, &sent[i].flow))
			continue;
		if (!packet->flags_given)
			packet->tcp_flags = WORDS_ACK;
		if (packet->chunk == 1)
			packet->chunk = 2; /* INIT ACK: RFC 9260 3.2 */
	}
}

static int expect_read_after(struct words_reader *reader, struct policy_expectation *line)
{
	struct words_packet *sent;

	words_next(reader);
	sent = array_add(&line->before, &line->before_count);
	if (!sent)
		return diag_system(reader->diags, ENOMEM, "reading a packet", NULL);
	return words_read_packet(reader, sent);
}

static int expect_read_before(struct words_reader *reader, struct policy_expectation *line)
{
	int error = 0;

	while (!error && words_is(reader, "after"))
		error = expect_read_after(reader, line);
	return error;
}

/* The packet, and what is sent before it. */
static int expect_read_packets(struct words_reader *reader, struct policy_expectation *line)
{
	int error = words_read_packet(reader, &line->packet);

	return error ? error : expect_read_before(reader, line);
}

/* All packets of a line, the judged one last. */
static struct words_packet *expect_packet(struct policy_expectation *line, size_t i)
{
	return i < line->before_count ? &line->before[i] : &line->packet;
}

/* Puts right what was left out, if all could be read. */
static int expect_parsed(struct policy_expectation *line, int error)
{
	for (size_t i = 0; !error && i <= line->before_count; i++)
		expect_answer(expect_packet(line, i), line->before, i);
	if (error)
		expect_free_line(line);
	return error;
}

int expect_parse(const struct place *place, const char *text, struct policy_expectation *line,
		 struct diags *diags)
{
	struct words_reader reader;

	*line = (struct policy_expectation){ .place = *place };
	words_begin(&reader, place, text, diags);
	return expect_parsed(line, expect_read_packets(&reader, line));
}

int expect_parse_before(const struct place *place, const char *text,
			struct policy_expectation *line, struct diags *diags)
{
	struct words_reader reader;

	*line = (struct policy_expectation){ .place = *place };
	words_begin(&reader, place, text, diags);
	return expect_parsed(line, expect_read_before(&reader, line));
}

static int expect_read_line(struct draft *draft, const struct yaml_node *node,
			    struct policy_expectation *line)
{
	struct words_reader reader;

	line->place = node->place;
	words_begin(&reader, &node->place, node->text, draft->diags);
	reader.may_be_group = true;
	line->pass = words_is(&reader, "pass");
	if (!line->pass && !words_is(&reader, "drop")) {
		words_error(&reader, "an expectation begins with 'pass' or 'drop'%s%s%s",
			    reader.word[0] ? ", not '" : "", reader.word,
			    reader.word[0] ? "'" : "");
		diag_hint(draft->diags, "write it like '" EXAMPLE "'");
		return -EINVAL;
	}
	words_next(&reader);
	return expect_read_packets(&reader, line);
}

void expect_read(struct draft *draft, const struct yaml_node *list)
{
	struct policy *policy = &draft->store->policy;

	if (list->kind != YAML_LIST) {
		draft_error(draft, &list->place, "'expect' must be a list, not %s",
			    yaml_kind_name(list));
		diag_hint(draft->diags, "write expect: and under it lines like - " EXAMPLE);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *node = list->items[i];
		struct policy_expectation *line;

		if (node->kind != YAML_SCALAR) {
			draft_error(draft, &node->place,
				    "an expectation is one line of text, not %s",
				    yaml_kind_name(node));
			diag_hint(draft->diags, "write it like - " EXAMPLE);
			continue;
		}
		line = array_add(&policy->expectations, &policy->expectation_count);
		if (!line) {
			draft_no_memory(draft);
			return;
		}
		if (expect_read_line(draft, node, line))
			draft->failed = true;
	}
}

/* ---- groups' names become addresses --------------------------------------------------------------- */

#define FAMILY4 1u
#define FAMILY6 2u

static unsigned int expect_families_of(const struct policy_addresses *set)
{
	unsigned int families = set->any ? FAMILY4 | FAMILY6 : 0;

	for (size_t i = 0; i < set->count; i++)
		families |= set->list[i].family == 4 ? FAMILY4 : FAMILY6;
	return families;
}

/* The families that an end can have; 0 also where its group isn't there, which was said. */
static unsigned int expect_end_families(struct draft *draft, const struct policy_expectation *line,
					const struct words_flow *flow, const struct words_end *end)
{
	struct suggestion nearest = { .word = end->group };
	const struct policy_group *group;

	if (!end->group[0])
		return flow->family == 4 ? FAMILY4 : FAMILY6;
	group = groups_find(draft, end->group);
	if (group)
		return expect_families_of(&group->members);
	if (draft->groups_missing)
		return 0;
	draft_error(draft, &line->place, "'%s' is neither an address nor a group", end->group);
	groups_suggest(draft, &nearest);
	if (nearest.name)
		diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
	else
		diag_hint(draft->diags, "write an address, or a group of this policy");
	return 0;
}

/*
 * One of a group's addresses: where it has them, one of a block for documentation (RFC 5737, 3849), which
 * is no martian; else the first that isn't a network's own.
 */
static void expect_choose(const struct draft *draft, int family, struct words_end *end)
{
	const struct policy_group *group = groups_find(draft, end->group);
	unsigned int last = family == 4 ? 3 : 15;
	struct policy_prefix chosen = { .family = family, .bits = family == 4 ? 32 : 128 };
	static const uint8_t block4[3] = { 198, 51, 100 };
	static const uint8_t block6[4] = { 0x20, 0x01, 0x0d, 0xb8 };

	memcpy(chosen.address, family == 4 ? block4 : block6, family == 4 ? 3 : 4);
	/* a number of its own, so that two groups are not one and the same host */
	chosen.address[last] = (uint8_t)((size_t)(group - draft->store->policy.groups) % 250 + 1);
	for (size_t i = 0; i < group->members.count; i++) {
		const struct policy_prefix *prefix = &group->members.list[i];

		if (prefix->family != family)
			continue;
		if (!address_contains(prefix, &chosen)) {
			memcpy(chosen.address, prefix->address, sizeof(chosen.address));
			chosen.address[last] |= prefix->bits < chosen.bits;
		}
		break;
	}
	memcpy(end->address, chosen.address, sizeof(end->address));
}

static void expect_resolve_flow(const struct draft *draft, int family, struct words_flow *flow)
{
	flow->family = family;
	if (flow->from.group[0])
		expect_choose(draft, family, &flow->from);
	if (flow->to.group[0])
		expect_choose(draft, family, &flow->to);
}

static unsigned int expect_packet_families(struct draft *draft,
					   const struct policy_expectation *line,
					   const struct words_packet *packet)
{
	unsigned int families = packet->arp ? FAMILY4 : protocol_families(packet->flow.protocol);

	families &= expect_end_families(draft, line, &packet->flow, &packet->flow.from);
	families &= expect_end_families(draft, line, &packet->flow, &packet->flow.to);
	if (packet->has_about) {
		families &= expect_end_families(draft, line, &packet->about, &packet->about.from);
		families &= expect_end_families(draft, line, &packet->about, &packet->about.to);
	}
	return families;
}

/* Is it a line of a shipped policy, which its user can't change? */
static bool expect_is_shipped(const struct policy_expectation *line)
{
	return line->place.source && policy_builtin_find(line->place.source->name);
}

static void expect_resolve_line(struct draft *draft, struct policy_expectation *line)
{
	bool was_failed = draft->failed;
	unsigned int families = FAMILY4 | FAMILY6;
	int family;

	for (size_t i = 0; i <= line->before_count; i++)
		families &= expect_packet_families(draft, line, expect_packet(line, i));
	if (!families) {
		if (was_failed == draft->failed && !draft->groups_missing) {
			draft_error(draft, &line->place,
				    "its ends have no address family in common");
			diag_hint(draft->diags, "write addresses in place of the groups' names");
		}
		return;
	}
	family = families & FAMILY4 ? 4 : 6;
	for (size_t i = 0; i <= line->before_count; i++) {
		struct words_packet *packet = expect_packet(line, i);

		expect_resolve_flow(draft, family, &packet->flow);
		if (packet->has_about)
			expect_resolve_flow(draft, family, &packet->about);
		expect_answer(packet, line->before, i);
	}
}

/*
 * What a shipped policy expects to be dropped, a policy beside it may open on purpose; and of a group
 * that its user filled, there may be no address of the family that is needed.
 */
static bool expect_is_void(struct draft *draft, const struct policy_expectation *line)
{
	unsigned int families = FAMILY4 | FAMILY6;

	if (!expect_is_shipped(line))
		return false;
	for (size_t i = 0; i < line->before_count; i++)
		families &= expect_packet_families(draft, line, &line->before[i]);
	families &= expect_packet_families(draft, line, &line->packet);
	return !families || (!line->pass && draft->store->policy.source_count > 1);
}

static void expect_drop_void(struct draft *draft)
{
	struct policy *policy = &draft->store->policy;
	size_t kept = 0;

	for (size_t i = 0; i < policy->expectation_count; i++) {
		struct policy_expectation *line = &policy->expectations[i];

		if (expect_is_void(draft, line))
			expect_free_line(line);
		else
			policy->expectations[kept++] = *line;
	}
	policy->expectation_count = kept;
}

void expect_resolve(struct draft *draft)
{
	struct policy *policy = &draft->store->policy;

	/* lines that couldn't be read have ends that say nothing */
	if (draft->failed)
		return;
	expect_drop_void(draft);
	for (size_t i = 0; i < policy->expectation_count; i++)
		expect_resolve_line(draft, &policy->expectations[i]);
}

void expect_free_line(struct policy_expectation *line)
{
	free(line->before);
	line->before = NULL;
	line->before_count = 0;
}

void expect_free(struct policy *policy)
{
	for (size_t i = 0; i < policy->expectation_count; i++)
		expect_free_line(&policy->expectations[i]);
	free(policy->expectations);
}
