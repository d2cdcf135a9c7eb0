// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/pools.h"

static const struct model_address hosts4[] = {
	{ 4, { 192, 0, 2, 10 } },
	{ 4, { 192, 0, 2, 11 } },
	{ 4, { 192, 0, 2, 77 } },
};
static const struct model_address peers4[] = {
	{ 4, { 198, 51, 100, 7 } },
	{ 4, { 198, 51, 100, 8 } },
	{ 4, { 203, 0, 113, 5 } },
	{ 4, { 10, 1, 2, 3 } },
};
static const struct model_address specials4[] = {
	{ 4, { 0, 0, 0, 0 } },   { 4, { 0, 1, 2, 3 } },   { 4, { 127, 0, 0, 1 } },
	{ 4, { 224, 0, 0, 1 } }, { 4, { 240, 0, 0, 1 } }, { 4, { 255, 255, 255, 255 } },
	{ 4, { 1, 0, 0, 0 } },   { 4, { 126, 9, 9, 9 } }, { 4, { 223, 255, 255, 255 } },
	{ 4, { 128, 0, 0, 1 } },
};
static const struct model_address hosts6[] = {
	{ 6, { 0x20, 1, 0xd, 0xb8, [15] = 0x10 } },
	{ 6, { 0x20, 1, 0xd, 0xb8, [15] = 0x11 } },
	{ 6, { 0xfe, 0x80, [15] = 0x10 } },
};
static const struct model_address peers6[] = {
	{ 6, { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 7 } },
	{ 6, { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 8 } }, /* in the same /64 */
	{ 6, { 0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1 } },
	{ 6, { 0xfe, 0x80, [15] = 1 } },
};
static const struct model_address specials6[] = {
	{ 6, { 0 } },
	{ 6, { [15] = 1 } },
	{ 6, { [15] = 2 } },
	{ 6, { [10] = 0xff, 0xff, 198, 51, 100, 7 } },
	{ 6, { [9] = 1, [10] = 0xff, 0xff, 198, 51, 100, 7 } },
	{ 6, { [12] = 198, 51, 100, 7 } },
	{ 6, { 0xff, 2, [15] = 1 } },
	{ 6, { 0xff, 2, [11] = 1, 0xff, 0, 0, 0x10 } },
	{ 6, { 0xfe, 0xbf, [15] = 1 } }, /* the last of fe80::/10 */
	{ 6, { 0xfe, 0xc0, [15] = 1 } },
	{ 6, { 0xfe, 0x7f, [15] = 1 } },
	{ 6, { 0, 0, 0, 1, [15] = 1 } },
};

struct model_address pool_host(struct random *random, int family)
{
	return family == 4 ? random_pick(random, hosts4) : random_pick(random, hosts6);
}

struct model_address pool_peer(struct random *random, int family)
{
	return family == 4 ? random_pick(random, peers4) : random_pick(random, peers6);
}

struct model_address pool_special(struct random *random, int family)
{
	return family == 4 ? random_pick(random, specials4) : random_pick(random, specials6);
}

struct model_address pool_any(struct random *random, int family)
{
	switch (random_below(random, 8)) {
	case 0:
		return pool_special(random, family);
	case 1:
	case 2:
	case 3:
		return pool_host(random, family);
	default:
		return pool_peer(random, family);
	}
}

uint16_t pool_port(struct random *random)
{
	static const uint16_t ports[] = { 1,    53,    67,    68,    443,   546,   547,   3478,
					  5061, 40000, 40001, 50000, 50001, 59999, 65535, 32768 };

	return random_pick(random, ports);
}

uint8_t pool_icmp_type(struct random *random, int family)
{
	static const uint8_t types4[] = { 0, 8, 8, 3, 4, 5, 11, 12, 13, 14, 255 };
	static const uint8_t types6[] = { 128, 129, 128, 1,   2,   3,   4,   5,   0,
					  130, 133, 134, 135, 136, 137, 143, 139, 127 };

	return family == 4 ? random_pick(random, types4) : random_pick(random, types6);
}

uint8_t pool_protocol(struct random *random)
{
	static const uint8_t protocols[] = { 47, 50, 51, 4, 41, 59, 2, 253, 255, 33, 135, 136 };

	return random_pick(random, protocols);
}
