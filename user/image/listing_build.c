// SPDX-License-Identifier: GPL-2.0-only
/* Writing a listing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/image/internal.h"

/* The block while it grows. */
struct writer {
	char *bytes;
	size_t size;
	size_t room;
	bool failed;
};

static void writer_free(struct writer *writer)
{
	free(writer->bytes);
}

/* Adds bytes, gives their offset. A failure sticks and is looked at once, at the end. */
static uint32_t writer_add(struct writer *writer, const void *bytes, size_t size)
{
	uint32_t offset = (uint32_t)writer->size;

	if (writer->failed)
		return 0;
	if (writer->size + size > writer->room) {
		size_t room = (writer->size + size) * 2;
		char *grown = room <= UINT32_MAX ? realloc(writer->bytes, room) : NULL;

		if (!grown) {
			writer->failed = true;
			return 0;
		}
		writer->bytes = grown;
		writer->room = room;
	}
	memcpy(writer->bytes + writer->size, bytes, size);
	writer->size += size;
	return offset;
}

static uint32_t writer_string(struct writer *writer, const char *string)
{
	return string && *string ? writer_add(writer, string, strlen(string) + 1) : 0;
}

static uint64_t hash_string(uint64_t hash, const char *string)
{
	return hash_add(hash, string ? string : "", string ? strlen(string) + 1 : 1);
}

/* All that decides which packets the rule takes. */
static uint64_t listing_meaning(const struct policy_rule *rule)
{
	uint64_t hash = hash_string(HASH_START, rule->name);

	hash = hash_add(hash, &rule->direction, sizeof(rule->direction));
	hash = hash_add(hash, &rule->protocol, sizeof(rule->protocol));
	hash = hash_add(hash, &rule->port_of, sizeof(rule->port_of));
	for (size_t i = 0; i < rule->port_count; i++)
		hash = hash_add(hash, &rule->ports[i], sizeof(rule->ports[i]));
	for (size_t i = 0; i < rule->peer_count; i++)
		hash = hash_add(hash, &rule->peers[i], sizeof(rule->peers[i]));
	hash = hash_add(hash, &rule->peer_count, sizeof(rule->peer_count));
	hash = hash_add(hash, &rule->limit.count, sizeof(rule->limit.count));
	hash = hash_add(hash, &rule->limit.seconds, sizeof(rule->limit.seconds));
	hash = hash_add(hash, &rule->limit.burst, sizeof(rule->limit.burst));
	hash = hash_add(hash, &rule->limit.per_source, sizeof(rule->limit.per_source));
	hash = hash_add(hash, &rule->payload, sizeof(rule->payload));
	hash = hash_add(hash, &rule->payload_enforce, sizeof(rule->payload_enforce));
	hash = hash_addresses(hash, &rule->from);
	return hash_addresses(hash, &rule->to);
}

static const char *listing_port_of(const struct policy_rule *rule)
{
	if (rule->protocol != 6 && rule->protocol != 17 && rule->protocol != 132)
		return NULL;
	switch (rule->port_of) {
	case POLICY_PORT_OF_SOURCE:
		return "source";
	case POLICY_PORT_OF_EITHER:
		return "either";
	case POLICY_PORT_OF_DESTINATION:
		break;
	}
	return "destination";
}

/* What the slot counted for others: nothing if this rule has it already. */
static struct rule_count listing_baseline(const struct image_running *running,
					  const struct policy_rule *rule, uint16_t slot)
{
	for (size_t i = 0; i < 2; i++) {
		const struct listing_row *row =
			running->kept[i] ? listing_find(running->kept[i], rule->name) : NULL;

		if (row && row->slot == slot)
			return row->baseline;
	}
	return running->counts ? running->counts[slot] : (struct rule_count){ 0 };
}

static struct listing_row listing_row(struct writer *writer, const struct policy_rule *rule,
				      const struct image_running *running, uint16_t slot)
{
	autofree char *limit = policy_limit_text(&rule->limit);
	autofree char *payload = policy_payload_text(rule);

	writer->failed |= !limit || !payload;
	return (struct listing_row){
		.slot = slot,
		.direction = (uint8_t)rule->direction,
		.protocol = rule->protocol,
		.name = writer_string(writer, rule->name),
		.ports = writer_string(writer, rule->ports_text),
		.port_of = writer_string(writer, listing_port_of(rule)),
		.from = writer_string(writer, rule->from.text),
		.to = writer_string(writer, rule->to.text),
		.note = writer_string(writer, rule->note),
		.peers = writer_string(writer, rule->peers_text),
		.limit = writer_string(writer, limit),
		.payload = writer_string(writer, payload),
		.meaning = listing_meaning(rule),
		.baseline = listing_baseline(running, rule, slot),
	};
}

int listing_build(const struct policy *policy, const uint16_t *slots,
		  const struct image_running *running, struct image *image, struct diags *diags)
{
	cleanup(writer_free) struct writer writer = { 0 };
	struct listing_header header = { .magic = LISTING_MAGIC };
	struct settings settings = image->generation->settings;
	size_t rows_at;

	header.applied_at = running->applied_at;
	header.mode = running->mode;
	header.row_count = (uint32_t)policy->rule_count;
	/* whether marks are used is up to the gate, and changes no verdict */
	settings.flags &= ~SETTING_FLOW_MARKS;
	header.policy_hash = hash_add(HASH_START, &settings, sizeof(settings));
	writer_add(&writer, &header, sizeof(header));
	rows_at = writer.size;
	for (size_t i = 0; i < policy->rule_count; i++)
		writer_add(&writer, &(struct listing_row){ 0 }, sizeof(struct listing_row));
	header.policy = writer_string(&writer, policy->name);
	header.description = writer_string(&writer, policy->description);
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct listing_row row = listing_row(&writer, &policy->rules[i], running, slots[i]);

		header.policy_hash =
			hash_add(header.policy_hash, &row.meaning, sizeof(row.meaning));
		if (!writer.failed)
			memcpy(writer.bytes + rows_at + i * sizeof(row), &row, sizeof(row));
	}
	if (writer.failed)
		return diag_system(diags, ENOMEM, "compile the policy", "its listing needs memory");
	header.size = (uint32_t)writer.size;
	memcpy(writer.bytes, &header, sizeof(header));
	image->listing = (struct listing_header *)take_pointer(&writer.bytes);
	return 0;
}
