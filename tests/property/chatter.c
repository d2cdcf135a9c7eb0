// SPDX-License-Identifier: GPL-2.0-only
/* What the network itself says (spec 3.5), right and nearly right. */
#include <string.h>

#include "tests/property/make.h"
#include "tests/property/pools.h"

static void mac_make(struct random *random, uint8_t mac[6])
{
	static const uint8_t macs[][6] = {
		{ 0x01, 0x80, 0xc2, 0, 0, 0x00 },
		{ 0x01, 0x80, 0xc2, 0, 0, 0x02 },
		{ 0x01, 0x80, 0xc2, 0, 0, 0x0e },
		{ 0x01, 0x80, 0xc2, 0, 0, 0x0f },
		{ 0x01, 0x80, 0xc2, 0, 0, 0x10 },
		{ 0x01, 0x80, 0xc2, 0, 1, 0x00 },
		{ 0x02, 0, 0, 0, 0, 1 },
		{ 0x01, 0, 0x5e, 0, 0, 1 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};

	memcpy(mac, macs[random_below(random, random_chance(random, 60) ? 4 : 9)], 6);
}

static void link_control(struct random *random, struct step *step)
{
	static const uint16_t types[] = { 0x8809, 0x88cc, 0x888e, 0x888e, 0x8863, 0x22f0, 0x9100 };
	uint8_t mac[6], data[46] = { 0x42, 0x42, 0x03 };
	uint16_t length = (uint16_t)(3 + random_below(random, 40)), said = length;

	mac_make(random, mac);
	if (random_chance(random, 50)) {
		if (random_chance(random, 30))
			said = (uint16_t)random_below(random, 60);
		if (random_chance(random, 5))
			said = (uint16_t)(1498 + random_below(random, 40));
		if (random_chance(random, 15))
			data[random_below(random, 3)] ^= 1;
		frame_raw(step, mac, said, data, length);
	} else {
		frame_raw(step, mac, random_pick(random, types), data, length);
	}
	if (random_chance(random, 8)) { /* within a tag */
		memmove(step->bytes + 16, step->bytes + 12, step->length - 12u);
		memcpy(step->bytes + 12, (const uint8_t[]){ 0x81, 0, 0, 5 }, 4);
		step->length += 4;
	}
}

static void arp(struct random *random, struct step *step)
{
	static const uint8_t to_all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t data[46] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint16_t length = random_chance(random, 80) ? 46 : (uint16_t)random_below(random, 46);

	if (random_chance(random, 20))
		data[random_below(random, 8)] ^= (uint8_t)(1u << random_below(random, 8));
	frame_raw(step, to_all, 0x0806, data, length);
}

static void neighbors(struct random *random, struct step *step)
{
	static const uint8_t types[] = {
		133, 134, 135, 136, 135, 136, 130, 131, 132, 143, 137, 129
	};
	static const struct model_address all_nodes = { 6, { 0xff, 2, [15] = 1 } };
	static const struct model_address nowhere = { 6, { 0 } };
	static const struct model_address links[] = { { 6, { 0xfe, 0x80, [15] = 1 } },
						      { 6, { 0xfe, 0xbf, [15] = 1 } },
						      { 6, { 0xfe, 0xc0, [15] = 1 } } };
	uint8_t type = random_pick(random, types), data[64] = { 0 };
	bool listener = type == 143 || (type >= 130 && type <= 132);
	struct model_address from = pool_peer(random, 6), to = all_nodes;
	struct envelope envelope;
	struct segment segment;

	if (random_chance(random, 50))
		from = links[random_below(random, random_chance(random, 80) ? 1 : 3)];
	if (random_chance(random, 25))
		from = nowhere;
	if (random_chance(random, 40))
		to = pool_host(random, 6);
	segment_icmp(&segment, 6, type, random_chance(random, 92) ? 0 : 1, 0, data,
		     random_chance(random, 75) ? 16 : (uint16_t)random_below(random, 32));
	envelope_make(random, &from, &to, &envelope);
	if (random_chance(random, 90))
		envelope.hops = listener ? 1 : 255;
	if (listener && random_chance(random, 50) && envelope.extension_count == 0)
		envelope.extension_count = 1; /* hop-by-hop, as MLD has it */
	envelope_write(&envelope, &segment, step);
}

static void dhcp(struct random *random, struct step *step)
{
	static const struct model_address nobody = { 4, { 0 } },
					  all = { 4, { 255, 255, 255, 255 } };
	static const struct model_address agents = { 6, { 0xff, 2, [13] = 1, 0, 2 } };
	static const struct model_address client = { 6, { 0xfe, 0x80, [15] = 0x10 } };
	static const struct model_address server = { 6, { 0xfe, 0x80, [15] = 1 } };
	int family = random_chance(random, 50) ? 4 : 6;
	uint16_t asker = family == 4 ? 68 : 546, asked = family == 4 ? 67 : 547;
	struct model_address from, to;
	struct envelope envelope;
	struct segment segment;
	uint8_t data[64] = { 1, 1, 6 };

	if (random_chance(random, 50)) { /* a request, of the host or of another */
		step->out = random_chance(random, 75);
		from = family == 4 ? nobody : client;
		to = family == 4 ? all : agents;
	} else {
		uint16_t swapped = asker;

		asker = asked;
		asked = swapped;
		step->out = random_chance(random, 5);
		from = family == 4 ? pool_peer(random, 4) : server;
		to = family == 4 ? all : client;
	}
	if (random_chance(random, 15))
		from = pool_any(random, family);
	if (random_chance(random, 15))
		to = pool_any(random, family);
	if (random_chance(random, 5))
		asker++;
	if (random_chance(random, 5))
		asked++;
	segment_udp(&segment, asker, asked, data, 40);
	envelope_make(random, &from, &to, &envelope);
	envelope_write(&envelope, &segment, step);
}

/* Addresses that nobody should have, and IP in what is no frame for it. */
static void strange(struct random *random, struct step *step)
{
	static const uint8_t zero[16];
	int family = random_chance(random, 50) ? 4 : 6;
	struct model_address from = pool_special(random, family), to = pool_any(random, family);
	struct envelope envelope;
	struct segment segment;

	segment_icmp(&segment, family, pool_icmp_type(random, family),
		     (uint8_t)random_below(random, 2), 1, NULL, 16);
	if (random_chance(random, 50))
		segment_udp(&segment, pool_port(random), pool_port(random), zero, 16);
	envelope_make(random, &from, &to, &envelope);
	envelope_write(&envelope, &segment, step);
	if (random_chance(random, 10))
		step->bytes[12 + random_below(random, 2)] ^=
			(uint8_t)(1u << random_below(random, 8));
}

void chatter_step(struct random *random, struct step *step)
{
	step->out = random_chance(random, 50);
	switch (random_below(random, 8)) {
	case 0:
		link_control(random, step);
		break;
	case 1:
		arp(random, step);
		break;
	case 2:
	case 3:
		neighbors(random, step);
		break;
	case 4:
	case 5:
	case 6:
		dhcp(random, step);
		break;
	default:
		strange(random, step);
	}
}
