/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gates have counted over the last ten minutes, a sample every five seconds, for who wants to see it
 * without a database beside it. In memory, of a fixed size for each gate.
 */
#ifndef USER_REPORT_HISTORY_H
#define USER_REPORT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "user/report/gate.h"

#define HISTORY_INTERVAL 5u    /* seconds between two samples */
#define HISTORY_SAMPLES 121u   /* the first and the last are ten minutes apart */
#define HISTORY_GATES_MAX 256u /* 45 KiB each; of further ones nothing is kept */

struct history_gate;

/* Zero-initialised is empty. */
struct history {
	struct history_gate *list;
	size_t count;
};

/*
 * Adds a sample of each gate; `now`: CLOCK_REALTIME, seconds. One that was made anew begins anew; one that has not been
 * seen for as long as samples are kept is forgotten. 0 or -ENOMEM: then some gate lacks it.
 */
int history_add(struct history *history, const struct report_gate *gates, size_t count,
		uint64_t now);

/* As JSON (docs/json.md). Caller frees; NULL: no memory. */
char *history_json(const struct history *history);

void history_free(struct history *history);

#endif
