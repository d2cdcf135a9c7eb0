/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that a seed determines, on every machine the same (splitmix64, Steele et al. 2014). */
#ifndef TESTS_PROPERTY_RANDOM_H
#define TESTS_PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to count - 1 */
static inline uint32_t random_below(struct random *random, uint32_t count)
{
	return (uint32_t)((random_next(random) >> 32) * count >> 32);
}

static inline bool random_chance(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

/* One element of an array. */
#define random_pick(random, array)                                                                 \
	((array)[random_below(random, sizeof(array) / sizeof((array)[0]))])

#endif
