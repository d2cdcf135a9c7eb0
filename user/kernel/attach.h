/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs to interfaces. Attached once; every later change is a store to a map. The links and, at
 * clsact, the program are pinned, so nothing has to run.
 */
#ifndef USER_KERNEL_ATTACH_H
#define USER_KERNEL_ATTACH_H

#include "user/base/diag.h"
#include "user/kernel/gate.h"
#include "user/kernel/replace.h"

/* Linux 6.6, include/uapi/linux/bpf.h; libbpf 1.1 hands both on as they are. */
#define ATTACH_TCX_EGRESS ((enum bpf_attach_type)47)
#define ATTACH_TCX_BEFORE (1u << 3) /* with no other program named: before all */

/* How tc is attached: TCX where the kernel has it, or as told. */
enum attach_tc { ATTACH_TC_AUTO, ATTACH_TC_TCX, ATTACH_TC_CLSACT };

/*
 * XDP: a link, pinned as xdpN-link. Native unless the stamp says generic; never falls back. Whose place it
 * may take: replace_check().
 */
int attach_xdp(const char *directory, unsigned int index, const struct stamp_interface *interface,
	       int program, struct replace *replace, const char *what, struct diags *diags);

/*
 * tc egress, at the head: a TCX link pinned as tcN-link, or a clsact filter with its program pinned as
 * tcN-program. Sets the stamp's tc and clsact_is_ours; the stamp is kept with a qdisc before that is made.
 */
int attach_tc(struct gate *gate, unsigned int index, int program, enum attach_tc how,
	      const char *what, struct diags *diags);

/*
 * Put a program in the place of the one that is attached, in one step: every packet is judged by the one or
 * the other. Where none is attached, or the interface is gone, they do nothing.
 */
int attach_replace_xdp(const char *directory, unsigned int index,
		       const struct stamp_interface *interface, int program, const char *what,
		       struct diags *diags);
int attach_replace_tc(const char *directory, unsigned int index,
		      const struct stamp_interface *interface, int program, const char *what,
		      struct diags *diags);

/*
 * Finishes, or forgets, what an attach_replace_tc() or a clsact_overtake() that was killed has begun; the
 * interface is here. 0 or negative errno.
 */
int attach_settle(const char *directory, unsigned int index,
		  const struct stamp_interface *interface);

/* Where an interface is, as seen from here. */
enum attach_reach { ATTACH_HERE, ATTACH_GONE, ATTACH_ELSEWHERE };

/* 0: attach_undo() can take all of it away. -EXDEV with a diag: a clsact filter that is elsewhere can't be reached. */
int attach_undo_check(const char *directory, unsigned int index,
		      const struct stamp_interface *interface, enum attach_reach reach,
		      const char *what, struct diags *diags);

/*
 * Takes both away, pins included; what isn't there any more is fine. A clsact qdisc goes only if it
 * is ours and nobody else has a filter on it. Where attach_undo_check() refuses it must not be called.
 */
int attach_undo(const char *directory, unsigned int index, const struct stamp_interface *interface,
		enum attach_reach reach, const char *what, struct diags *diags);

/* The same for a folder whose stamp can't be read: looks for the filter on every interface here. */
int attach_undo_stray(const char *directory, unsigned int index, const char *what,
		      struct diags *diags);

#endif
