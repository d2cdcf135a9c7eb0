// SPDX-License-Identifier: GPL-2.0-only
#include "user/kernel/testrun_counts.h"

#include <string.h>

#include "user/kernel/flows.h"

/* The maps of a test run are a gate's; only they are looked at. */
static struct gate testrun_counts_gate(const struct testrun_gate *gate)
{
	struct gate view = GATE_CLOSED;

	memcpy(view.maps, testrun_maps(gate), sizeof(view.maps));
	return view;
}

int testrun_counts_read(const struct testrun_gate *gate, struct gate_counts *counts)
{
	const struct gate view = testrun_counts_gate(gate);

	return gate_read_counts(&view, counts);
}

int testrun_counts_flows(const struct testrun_gate *gate, const struct image *image, uint32_t hz,
			 uint64_t now, struct flows_counts *counts)
{
	const int *maps = testrun_maps(gate);
	const int tables[2] = { maps[MAP_FLOWS4], maps[MAP_FLOWS6] };

	return flows_count_at(tables, image, hz, now, counts);
}
