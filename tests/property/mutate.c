// SPDX-License-Identifier: GPL-2.0-only
/* Changes to good frames. */
#include <string.h>

#include "tests/property/make.h"

static uint8_t *ip_of(struct step *step, size_t needed)
{
	return (size_t)step->network + needed <= step->length ? step->bytes + step->network : NULL;
}

/* Where the transport header stands, if there is neither fragment nor extension header. */
static uint8_t *transport_of(struct step *step, size_t needed)
{
	uint8_t *ip = ip_of(step, 40);
	size_t offset = ip && ip[0] >> 4 == 4 ? (size_t)(ip[0] & 15) * 4 : 40;

	return ip && step->network + offset + needed <= step->length ? ip + offset : NULL;
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t length)
{
	uint8_t kept[16];

	memcpy(kept, a, length);
	memcpy(a, b, length);
	memcpy(b, kept, length);
}

static void swap_addresses(struct step *step)
{
	uint8_t *ip = ip_of(step, 40);

	if (!ip)
		return;
	if (ip[0] >> 4 == 4)
		swap_bytes(ip + 12, ip + 16, 4);
	else
		swap_bytes(ip + 8, ip + 24, 16);
}

static void swap_ports(struct step *step)
{
	uint8_t *transport = transport_of(step, 4);

	if (transport)
		swap_bytes(transport, transport + 2, 2);
}

void turn_step(struct step *step)
{
	step->out = !step->out;
	swap_addresses(step);
	swap_ports(step);
}

/* A 16-bit field becomes a little more or less, or something else. */
static void change_field(struct random *random, uint8_t *field)
{
	static const uint16_t values[] = { 0, 1, 7, 8, 9, 20, 0xffff, 0x2000, 0x1fff };
	uint32_t value = (uint32_t)field[0] << 8 | field[1];

	if (random_chance(random, 70))
		value += random_below(random, 17) - 8;
	else
		value = random_pick(random, values);
	field[0] = (uint8_t)(value >> 8);
	field[1] = (uint8_t)value;
}

static void change_length(struct random *random, struct step *step)
{
	uint8_t *ip = ip_of(step, 40), *transport = transport_of(step, 14);
	bool four = ip && ip[0] >> 4 == 4;

	switch (random_below(random, 4)) {
	case 0:
		if (ip)
			change_field(random, ip + (four ? 2 : 4));
		break;
	case 1:
		if (transport)
			change_field(random, transport + 4); /* of UDP */
		break;
	case 2:
		if (transport)
			transport[12] = (uint8_t)(random_below(random, 16) << 4); /* of TCP */
		break;
	default:
		if (four)
			ip[0] = (uint8_t)(0x40 | random_below(random, 16));
		else if (ip && step->length > step->network + 42u)
			ip[41] = (uint8_t)random_below(random, 4); /* of an extension header */
	}
}

/* A byte of the headers. */
static void change_byte(struct random *random, struct step *step)
{
	static const uint8_t values[] = {
		0, 1, 2, 6, 17, 43, 44, 51, 58, 60, 64, 127, 128, 132, 255
	};
	uint32_t most = step->length < 100 ? step->length : 100;
	uint32_t at = 12 + random_below(random, most - 12);

	if (random_chance(random, 50))
		step->bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
	else
		step->bytes[at] = random_pick(random, values);
}

static void change_size(struct random *random, struct step *step)
{
	if (random_chance(random, 60)) {
		step->length = (uint16_t)(15 + random_below(random, step->length - 14u));
	} else if (step->length < STEP_BYTES_MAX - 32) {
		uint16_t more = (uint16_t)(1 + random_below(random, 30));

		memset(step->bytes + step->length, 0x77, more);
		step->length += more;
	}
}

static void change_fragment(struct random *random, struct step *step)
{
	uint8_t *ip = ip_of(step, 48);

	if (!ip)
		return;
	if (ip[0] >> 4 == 4)
		change_field(random, ip + 6);
	else if (ip[6] == 44)
		change_field(random, ip + 42);
	else
		ip[6] = 44;
}

void mutate_step(struct random *random, struct step *step)
{
	switch (random_below(random, 10)) {
	case 0:
		change_size(random, step);
		break;
	case 1:
	case 2:
		change_length(random, step);
		break;
	case 3:
		step->out = !step->out;
		break;
	case 4:
		swap_addresses(step);
		break;
	case 5:
		swap_ports(step);
		break;
	case 6:
		change_fragment(random, step);
		break;
	default:
		for (uint32_t i = 0; i < 1 + random_below(random, 2); i++)
			change_byte(random, step);
	}
}
