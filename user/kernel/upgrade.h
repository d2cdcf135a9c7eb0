/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another edgegate's programs under a running gate are replaced by ours, over the same maps, without
 * detaching anything: links are updated, a clsact filter is replaced by its handle. Until the last one
 * is, the old ones go on beside the new. Whose programs they are stands in the stamp; while they are
 * being replaced it says that nobody knows, so that an upgrade that was killed is finished by the next
 * apply.
 */
#ifndef USER_KERNEL_UPGRADE_H
#define USER_KERNEL_UPGRADE_H

#include <stdbool.h>

#include "user/base/diag.h"
#include "user/kernel/gate.h"

/* Are those that are attached not all this edgegate's? */
bool upgrade_is_due(const struct gate *gate);

/* Puts down in a stamp that they are. */
void upgrade_sign(struct stamp *stamp);

/*
 * Puts the programs of `object`, loaded over the gate's maps, in the place of all that are attached. What
 * isn't attached stays so: attach it, and then call upgrade_end().
 */
int upgrade_begin(struct gate *gate, const struct object *object, const char *what,
		  struct diags *diags);
int upgrade_end(struct gate *gate, const char *what, struct diags *diags);

#endif
