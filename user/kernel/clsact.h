/* SPDX-License-Identifier: GPL-2.0-only */
/* tc before TCX: a filter on the clsact qdisc, which we may share with others. */
#ifndef USER_KERNEL_CLSACT_H
#define USER_KERNEL_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/diag.h"

struct ahead;

/* Has the interface a clsact qdisc, or an ingress one in its place? 1, 0, or negative errno. */
int clsact_is_there(uint32_t ifindex);

/*
 * Puts a filter at egress, as far in front as there is room. *ours is set where the qdisc was not there
 * before, cleared where it was made and is gone again, and else left as it is.
 */
int clsact_attach(const char *name, uint32_t ifindex, int program, bool *ours, const char *what,
		  struct diags *diags);

/* Puts another program into the filter of this one, in one step. -ENOENT, and no diag: there is none. */
int clsact_replace(const char *name, uint32_t ifindex, uint32_t program_id, int program,
		   const char *what, struct diags *diags);

/* How many filters of this program are at egress? Two where a clsact_overtake() was killed. Or negative errno. */
int clsact_has(uint32_t ifindex, uint32_t program_id);

/* Adds to `ahead` what stands before this program's filter, or all there is where it has none. */
int clsact_ahead(uint32_t ifindex, uint32_t program_id, struct ahead *ahead);

/*
 * Puts the filter of this program before all others as far as priorities allow; 0 also where that is not
 * far enough. `program` is a descriptor of the same. Both its filters are there for a moment.
 */
int clsact_overtake(uint32_t ifindex, int program, uint32_t program_id);

/* Finishes a clsact_overtake() that was killed: of the filters of this program only the first stays. */
int clsact_settle(uint32_t ifindex, uint32_t program_id);

/* Takes all filters of this program away, and the qdisc if it is ours and empty. */
int clsact_detach(const char *name, uint32_t ifindex, uint32_t program_id, bool ours,
		  const char *what, struct diags *diags);

#endif
