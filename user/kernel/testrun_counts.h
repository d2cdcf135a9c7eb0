/* SPDX-License-Identifier: GPL-2.0-only */
/* What test runs have left in the maps: their counters, and the flows that live. */
#ifndef USER_KERNEL_TESTRUN_COUNTS_H
#define USER_KERNEL_TESTRUN_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "user/kernel/flows.h"
#include "user/kernel/gate.h"
#include "user/kernel/testrun.h"

/* As gate_read_counts(). 0, or a negative errno. */
int testrun_counts_read(const struct testrun_gate *gate, struct gate_counts *counts);

/* Flows that live at `now`, in the jiffies of the packets' clock, under the image in force. */
int testrun_counts_flows(const struct testrun_gate *gate, const struct image *image, uint32_t hz,
			 uint64_t now, struct flows_counts *counts);

#endif
