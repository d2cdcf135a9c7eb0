/* SPDX-License-Identifier: GPL-2.0-only */
/* What apply says of a gate besides what its policy changes. */
#ifndef USER_VERB_APPLY_SAY_H
#define USER_VERB_APPLY_SAY_H

#include "user/base/text.h"
#include "user/kernel/gate.h"
#include "user/kernel/make.h"

/*
 * "eth0: programs of edgegate 0.1.0 replaced by those of this one, 0.2.0", on standard output. `stamp` as
 * it was before; `would`: "would be ", or "". 0, or -EIO.
 */
int apply_say_replaced(const char *names, const struct stamp *stamp, const char *would);

/*
 * What stands above the policy that was applied: that it has to be confirmed (`confirm`: seconds from
 * now; `deadline`: milliseconds of CLOCK_BOOTTIME, 0: it has not), and an emergency.
 */
void apply_say_state(const struct gate *gate, const char *interface, uint64_t confirm,
		     uint64_t deadline, struct text *text);

/* For which interfaces this apply has turned GRO on (gro.h), by the stamp as it was and as it is. */
void apply_say_gro(const struct stamp *stamp, const struct stamp *was, struct text *text);

/* For which ones an apply would; `gate`: NULL where there is none yet, then by the wish alone. On standard output. 0, or -EIO. */
int apply_say_gro_would(const struct make_wish *wish, const struct gate *gate, const char *what);

#endif
