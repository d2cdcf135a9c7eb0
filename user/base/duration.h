/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations as people write them: 90s, 5m, 2h4m, 1d. */
#ifndef USER_BASE_DURATION_H
#define USER_BASE_DURATION_H

#include <stdint.h>

/*
 * Seconds from a text: numbers, each with its unit (d, h, m, s), units from large to small, each at
 * most once. A number without a unit is none. -EINVAL: not a duration. -ERANGE: longer than `most`.
 */
int duration_parse(const char *text, uint64_t most, uint64_t *seconds);

#endif
