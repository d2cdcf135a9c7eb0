/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often the kernel ran a gate's programs, and for how long: what it counts while kernel.bpf_stats_enabled is on
 * (Linux 5.1, Documentation/admin-guide/sysctl/kernel.rst). A program tells that to whoever can open it, which by
 * its id is CAP_SYS_ADMIN's alone: so each is pinned beside its link, as xdpN-counted and tcN-counted. Nothing else
 * goes by these pins, and a pin whose program is not the one that is attached tells nothing (decision 012).
 */
#ifndef USER_KERNEL_RUNS_H
#define USER_KERNEL_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/diag.h"
#include "user/kernel/gate.h"

enum runs_hook { RUNS_XDP, RUNS_TC, RUNS_HOOKS };

/*
 * Pins what is attached where its pin isn't there or is another program's, and takes away the pins of what is
 * attached no more. `object`: programs that may be among it, or NULL; others are looked for by id, which takes
 * CAP_SYS_ADMIN: without it they are left out. What fails is a warning, for the gate judges without.
 */
void runs_pin(const struct gate *gate, const struct object *object, const char *what,
	      struct diags *diags);

/* Does the kernel count runs now? Who will not be able to open its setting later has asked before. */
bool runs_are_counted(void);

/* Of one program. */
struct runs {
	uint64_t count;
	uint64_t nanoseconds; /* in all */
};

/* 1; 0: `program`, an id, is not pinned at that interface and hook; or a negative errno. */
int runs_read(const struct gate *gate, unsigned int interface, enum runs_hook hook,
	      uint32_t program, struct runs *runs);

#endif
