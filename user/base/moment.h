/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef USER_BASE_MOMENT_H
#define USER_BASE_MOMENT_H

/* Seconds of CLOCK_MONOTONIC. */
double moment_now(void);

#endif
