// SPDX-License-Identifier: GPL-2.0-only
/* ICMP errors about former packets: whole, cut short, forged (spec 3.4). */
#include <string.h>

#include "tests/property/make.h"
#include "tests/property/pools.h"

static uint8_t error_type(struct random *random, int family)
{
	static const uint8_t types4[] = { 3, 3, 3, 11, 12, 4, 5 };
	static const uint8_t types6[] = { 1, 1, 2, 2, 3, 4, 5, 0, 137 };

	return family == 4 ? random_pick(random, types4) : random_pick(random, types6);
}

/* Forged: some byte of the quote is another. */
static void forge(struct random *random, uint8_t *quote, uint16_t length)
{
	if (length == 0)
		return;
	if (random_chance(random, 50))
		quote[random_below(random, length)] ^= (uint8_t)(1u << random_below(random, 8));
	else
		quote[random_below(random, length)] = (uint8_t)random_next(random);
}

void error_step(struct random *random, const struct step *about, struct step *step)
{
	const uint8_t *ip = about->bytes + about->network;
	uint16_t length = about->network < about->length ? about->length - about->network : 0;
	int family = length && ip[0] >> 4 == 6 ? 6 : 4;
	size_t header = family == 4 ? 20 : 40;
	struct model_address to = { .family = (uint8_t)family }, from;
	struct envelope envelope;
	struct segment segment;
	uint8_t quote[256];

	if (length > sizeof(quote))
		length = sizeof(quote);
	memcpy(quote, ip, length);
	if (length >= header)
		memcpy(to.bytes, ip + (family == 4 ? 12 : 8), family == 4 ? 4 : 16);
	if (random_chance(random, 25))
		length = (uint16_t)random_below(random, length + 1u);
	else if (length > header + 8 && random_chance(random, 50))
		length = (uint16_t)(header + 8 + random_below(random, 9));
	if (random_chance(random, 20))
		forge(random, quote, length);
	from = random_chance(random, 50) ? pool_peer(random, family) : pool_host(random, family);
	if (random_chance(random, 5))
		to = pool_any(random, family);
	step->out = random_chance(random, 92) ? !about->out : about->out;
	segment_icmp(&segment, family, error_type(random, family), (uint8_t)random_below(random, 5),
		     0, quote, length);
	envelope_make(random, &from, &to, &envelope);
	envelope_write(&envelope, &segment, step);
}
