// SPDX-License-Identifier: GPL-2.0-only
/* What stands around IP packets: tags, options, extension headers, padding. */
#include <string.h>

#include "tests/property/make.h"

static void make_tags(struct random *random, struct envelope *envelope)
{
	static const uint16_t kinds[] = { 0x8100, 0x8100, 0x88a8, 0x9100 };
	unsigned int counts[] = { 1, 1, 1, 2, 2, 3 };

	if (!random_chance(random, 12))
		return;
	envelope->tag_count = (uint8_t)random_pick(random, counts);
	for (unsigned int i = 0; i < envelope->tag_count; i++)
		envelope->tags[i] = random_chance(random, 10) ? random_pick(random, kinds) :
				    i == 0 && random_chance(random, 50) ? 0x88a8 :
									  0x8100;
}

static void make_options(struct random *random, struct envelope *envelope)
{
	static const struct {
		uint8_t length;
		uint8_t bytes[12];
	} lists[] = {
		{ 4, { 1, 1, 1, 0 } },                     /* no operation */
		{ 4, { 0x94, 4, 0, 0 } },                  /* router alert */
		{ 8, { 7, 7, 4, 0, 0, 0, 0, 0 } },         /* record route */
		{ 8, { 0, 131, 7, 4, 9, 9, 9, 9 } },       /* nothing behind the end counts */
		{ 8, { 131, 7, 4, 10, 0, 0, 1, 0 } },      /* loose source route */
		{ 8, { 1, 137, 7, 4, 10, 0, 0, 1 } },      /* strict source route */
		{ 4, { 0x94, 5, 0, 0 } },                  /* overruns */
		{ 4, { 0x94, 1, 0, 0 } },                  /* shorter than itself */
		{ 4, { 1, 1, 1, 0x94 } },                  /* without its length */
		{ 12, { 0x44, 12, 5, 0, 0, 0, 0, 0, 0 } }, /* timestamp */
		{ 4, { 0x86, 4, 0, 0 } },
	};
	unsigned int i = random_below(random, sizeof(lists) / sizeof(lists[0]));

	if (!random_chance(random, 10))
		return;
	envelope->option_length = lists[i].length;
	memcpy(envelope->options, lists[i].bytes, sizeof(lists[i].bytes));
	if (random_chance(random, 10)) {
		envelope->option_length = 40;
		memset(envelope->options + lists[i].length, 1, 40u - lists[i].length);
	}
}

static void make_extensions(struct random *random, struct envelope *envelope)
{
	static const uint8_t kinds[] = { 0, 43, 44, 51, 60, 60, 60 };
	unsigned int count =
		1 + random_below(random, random_chance(random, 80) ? 3 : EXTENSIONS_MAX);
	bool careful = random_chance(random, 80), fragment = false;

	if (!random_chance(random, 15))
		return;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t kind = random_pick(random, kinds);

		if (careful && ((kind == 0 && i > 0) || (kind == 44 && fragment)))
			kind = 60;
		fragment |= kind == 44;
		envelope->extensions[envelope->extension_count++] = kind;
	}
}

void envelope_make(struct random *random, const struct model_address *source,
		   const struct model_address *destination, struct envelope *envelope)
{
	*envelope = (struct envelope){
		.source = *source,
		.destination = *destination,
		.hops = 64,
		.identification = random_below(random, 4),
	};
	if (random_chance(random, 5))
		envelope->hops = random_chance(random, 50) ? 255 : 1;
	make_tags(random, envelope);
	if (source->family == 4)
		make_options(random, envelope);
	else
		make_extensions(random, envelope);
	if (random_chance(random, 15))
		envelope->padding = (uint8_t)(1 + random_below(random, 20));
	/* a lone fragment now and then */
	if (random_chance(random, 2)) {
		envelope->more = random_chance(random, 50);
		envelope->offset = (uint16_t)(8 * random_below(random, 8));
		if (random_chance(random, 30))
			envelope->offset = (uint16_t)(65528 - 8 * random_below(random, 20));
		if (random_chance(random, 10))
			envelope->fragment_next = (uint8_t)random_below(random, 64);
	}
}
