/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drift: what is in force is no longer what was applied, because somebody else has written to the maps
 * (bpftool map update, ...). What was applied is known by hashes in the slot's listing, which comes and
 * goes with the slot; what is there is read back and hashed anew.
 */
#ifndef USER_KERNEL_DRIFT_H
#define USER_KERNEL_DRIFT_H

#include <stdint.h>

#include "user/kernel/gate.h"

struct image;

/*
 * What has changed of the policy that `word` puts into force: PART_BIT() of enum listing_part; 0: nothing.
 * Reads all of its maps: 0.4 s of a CPU for 65,535 tuples and 100,000 prefixes, 40 ms for the built-in
 * policy (11,000 tuples), as much again as all else that status reads. An apply meanwhile can make the
 * answer wrong: compare the state word before and after. `live`: that policy, where it has been read
 * already; else NULL. 0 or a negative errno.
 */
int drift_find(const struct gate *gate, uint64_t word, const struct image *live, uint32_t *parts);

/* The same for a slot, live or not, without looking at the state word. */
int drift_find_slot(const struct gate *gate, unsigned int slot, uint32_t *parts);

#endif
