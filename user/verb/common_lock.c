// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/lock.h"
#include "user/verb/common_lock.h"

static void lock_waits(const char *what, const char *who)
{
	autofree char *shown = text_cleaned(what); /* the name of an interface is in it */

	fprintf(stderr, "edgegate: %s: waits for another edgegate%s%s\n", shown ? shown : "?",
		*who ? ": " : "", who);
}

int common_lock(const char *what, bool no_wait, struct diags *diags)
{
	const struct lock_wish wish = { what, no_wait, lock_waits };

	return lock_take(&wish, diags);
}
