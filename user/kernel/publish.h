/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Image to maps: fills a slot that nobody reads, reads it back, and makes it live by one store. A kill
 * before the store leaves the old policy in force, after it the new one.
 */
#ifndef USER_KERNEL_PUBLISH_H
#define USER_KERNEL_PUBLISH_H

#include <edgegate/abi.h>

#include "user/base/diag.h"
#include "user/image/image.h"
#include "user/kernel/gate.h"

/*
 * Puts an image into force in `mode`; with `confirm`, milliseconds, only until that is over, unless it
 * is confirmed (0: for good). `object` has the BTF for the maps that are dumped; NULL: none. The slots
 * that are live and former stay as they are; where a deadline stands, the former one stays what a
 * rollback returns to. *deadline is that of `confirm`, milliseconds of CLOCK_BOOTTIME; 0: none.
 */
int publish(struct gate *gate, const struct image *image, enum mode mode, uint64_t confirm,
	    uint64_t *deadline, const struct object *object, const char *what, struct diags *diags);

/* Only fills and checks slot `slot` over the given maps and, with a directory, pins it there. */
int publish_fill(const int maps[MAP_COUNT], const char *directory, unsigned int slot,
		 const struct image *image, const struct object *object, const char *what,
		 struct diags *diags);

#endif
