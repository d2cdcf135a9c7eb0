/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock of the verbs that change more than the state word. */
#ifndef USER_VERB_COMMON_LOCK_H
#define USER_VERB_COMMON_LOCK_H

#include <stdbool.h>

#include "user/base/diag.h"

/*
 * Waits for whoever is at work, and says on standard error for whom when it takes longer than two
 * seconds; `no_wait`: fails at once instead. A descriptor that holds the lock until it is closed, or a
 * negative errno with a diag.
 */
int common_lock(const char *what, bool no_wait, struct diags *diags);

#endif
