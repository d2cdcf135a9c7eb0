// SPDX-License-Identifier: GPL-2.0-only
/* Fragments (spec 3.6). */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/packet.h"

#define SECONDS 30u

/* "the same (addresses, protocol or IPv6 fragment header's next header, identification, direction)" */
static bool is_of(const struct fragment_record *record, const struct packet *packet)
{
	return record->out == packet->out && record->protocol == packet->fragment_protocol &&
	       record->identification == packet->identification &&
	       address_equal(&record->source, &packet->source) &&
	       address_equal(&record->destination, &packet->destination);
}

static unsigned int find(const struct model *model, const struct packet *packet)
{
	unsigned int i = 0;

	while (i < model->fragment_count && !is_of(&model->fragments[i], packet))
		i++;
	return i;
}

/*
 * "later ones pass (kind `fragment`) if, within 30 s, the first one ... passed and they begin at or after
 * its end; otherwise they are dropped as `fragment`"
 */
enum outcome fragment_judge(const struct model *model, const struct model_policy *policy,
			    uint64_t now, const struct packet *packet)
{
	unsigned int at = find(model, packet);

	/* "`drop`: every true fragment is dropped as `fragment`." */
	if (!policy->fragments_track)
		return OUTCOME_DROP_FRAGMENT;
	if (packet->first)
		return OUTCOME_UNDECIDED;
	if (at == model->fragment_count || !within(now, model->fragments[at].seen, SECONDS) ||
	    packet->fragment_offset < model->fragments[at].end)
		return OUTCOME_DROP_FRAGMENT;
	return OUTCOME_PASS_FRAGMENT;
}

void fragment_passed(struct model *model, uint64_t now, const struct packet *packet)
{
	unsigned int at = find(model, packet);

	if (!packet->fragment || !packet->first)
		return;
	if (at == MEMORY_MAX) {
		fprintf(stderr, "more fragments than the model has room for\n");
		abort();
	}
	if (at == model->fragment_count)
		model->fragment_count++;
	model->fragments[at] = (struct fragment_record){
		.source = packet->source,
		.destination = packet->destination,
		.protocol = packet->fragment_protocol,
		.identification = packet->identification,
		.out = packet->out,
		.seen = now,
		.end = packet->fragment_length,
	};
}
