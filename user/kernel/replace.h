/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apply --replace: taking the place of somebody else's XDP program. The kernel lets no link take another
 * program's place, so there is a moment with neither. What was taken off is kept open, and comes back if
 * the apply fails after all; if it is killed in that moment, it doesn't.
 */
#ifndef USER_KERNEL_REPLACE_H
#define USER_KERNEL_REPLACE_H

#include <edgegate/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/base/diag.h"

/* One that was taken off. */
struct replaced {
	uint32_t ifindex;
	uint32_t mode; /* XDP_FLAGS_*_MODE */
	uint32_t id;
	uint32_t ours; /* id of what was attached in its place; 0: nothing was */
	int program;   /* owned */
	char name[INTERFACE_NAME_SIZE];
};

struct replace {
	bool wanted; /* --replace was given */
	bool looks;  /* --dry-run: say what would be done */
	struct replaced list[GATE_INTERFACES_MAX];
	unsigned int count;
};

/*
 * May attach_xdp() have the hook? 0: nobody has it, or it may be taken, which is said with --dry-run.
 * -EBUSY with a diag that names who holds it.
 */
int replace_check(const struct replace *replace, const struct stamp_interface *interface,
		  const char *what, struct diags *diags);

/* Takes it off. -EBUSY with a diag: it is not to be replaced, or nobody's place can be seen. */
int replace_take(struct replace *replace, const struct stamp_interface *interface, const char *what,
		 struct diags *diags);

/* That ours is there now instead, `program`; said after it is. */
void replace_say(struct replace *replace, const struct stamp_interface *interface, int program,
		 const char *what, struct diags *diags);

/* Puts back what was taken off, where ours is not; in the namespace in which it was taken. */
void replace_give_back(struct replace *replace, const char *what, struct diags *diags);

/* Lets what was taken off go for good. */
void replace_free(struct replace *replace);

#endif
