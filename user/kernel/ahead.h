/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands before our tc program at an interface's egress: what it accepts (TC_ACT_OK) is never judged.
 * TCX programs run before clsact altogether, in the order in which the kernel lists them; filters of a
 * clsact by priority, the lowest first.
 */
#ifndef USER_KERNEL_AHEAD_H
#define USER_KERNEL_AHEAD_H

#include <edgegate/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/diag.h"

#define AHEAD_NAME_SIZE 64u

struct ahead_filter {
	enum tc_kind hook;
	uint32_t program;           /* id; 0: a filter that is no BPF program */
	uint32_t priority;          /* of a clsact's; 0 at TCX */
	char name[AHEAD_NAME_SIZE]; /* the program's, or what kind of filter it is; may be empty */
};

/* In the order in which they run. */
struct ahead {
	struct ahead_filter *list;
	size_t count;
};

/*
 * What stands before the program, which is attached by `kind`, or before all there is if it isn't. In the
 * namespace that we are in. `head`: another program of ours at TCX, before which it may be as well; or 0.
 * 0 or negative errno.
 */
int ahead_read(uint32_t ifindex, enum tc_kind kind, uint32_t program, uint32_t head,
	       struct ahead *ahead);
void ahead_free(struct ahead *ahead);

/* One more at the end; the name may be NULL, and is asked for where there is a program. 0 or -ENOMEM. */
int ahead_add(struct ahead *ahead, enum tc_kind hook, uint32_t program, uint32_t priority,
	      const char *name);

/* Is this program attached by TCX? 1, 0 or a negative errno. */
int ahead_has(uint32_t ifindex, uint32_t program);

/* Who they are: "tcx foreign_accept (program 12), clsact flower (priority 1)". Caller frees. */
char *ahead_text(const struct ahead *ahead);

/*
 * Puts ours at the head again if something stands before it, and says what did, or does where that can't
 * be helped, or can't be seen; which is no error. `program`: another instance of it, since TCX takes none twice. Both are
 * attached for a moment: a packet may be counted twice in it, and none goes by unjudged.
 */
int ahead_overtake(const char *directory, unsigned int index,
		   const struct stamp_interface *interface, int program, const char *what,
		   struct diags *diags);

/* Finishes an ahead_overtake() by TCX that was killed. 0 or negative errno: two of ours judge. */
int ahead_settle(const char *directory, unsigned int index);

/* May something stand before the gate's tc program on this interface? Errors are "yes". */
bool ahead_is_any(const struct stamp_interface *interface, uint32_t program);

#endif
